/** The object of one device as a host runs it: the real shell on the fake runtime, in a process that can be killed. */
import { DepthCache } from "../../../../core/tag/tree/depth-cache.ts";
import type { CallPorts } from "../../../../objects/device/device-call.ts";
import { DeviceShell } from "../../../../objects/device/device-shell.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { oneKey } from "../../identity/fixtures.ts";
import type { VirtualClock } from "../../support/runtime/clock.ts";
import { Disk } from "../../support/runtime/disk.ts";
import { FakeRuntime } from "../../support/runtime/fake-runtime.ts";
import { Life } from "../../support/runtime/life.ts";
import { FakeSocket } from "../../support/runtime/socket.ts";
import { MemoryStore } from "./memory-store.ts";
import { DEVICE_NAME, identity, linkKeysOf } from "./rig.ts";

/**
 * What is out of memory is not back in the same millisecond: numbers are made of it, and one that nothing durable tells of would be
 * given again.
 */
const BOOT_MS = 100;

/** A node of a tag, or an alias, could not be called. */
export class CallError extends Error {
  override readonly name = "CallError";
}

export interface RunningDeviceOptions {
  readonly clock: VirtualClock;
  readonly hibernates: boolean;
  readonly peers: CallPorts["peers"];
  /** What comes on the link. */
  readonly onFrame: (frame: Uint8Array) => void;
}

export class RunningDevice {
  readonly disk = new Disk(new MemoryStore(), (store) => store.copy());
  life = new Life();
  runtime: FakeRuntime<MemoryStore>;
  shell: DeviceShell;
  /** The one that was opened last, or null where the process has none. */
  socket: FakeSocket | null = null;
  readonly #options: RunningDeviceOptions;
  #links = 0;
  #lives = 0;

  constructor(options: RunningDeviceOptions) {
    this.#options = options;
    this.runtime = this.#makeRuntime();
    this.shell = this.#makeShell();
  }

  get store(): MemoryStore {
    return this.disk.store;
  }

  /** Whether its device can still be told something. */
  get isLinked(): boolean {
    return this.socket !== null && this.socket.closed === null;
  }

  /** Whether the object has given up a link whose device takes it for open: nothing would ever come on it. */
  get hasForgotten(): boolean {
    return this.isLinked && this.runtime.opened > 0 && !this.shell.isLinked;
  }

  /** Opens a socket in place of the one before. @returns the code of the refusal */
  connect(): string | null {
    const n = ++this.#links;
    const { clock, onFrame } = this.#options;
    const socket = new FakeSocket(this.life, onFrame);
    const answer = this.shell.connect(
      {
        generation: this.store.account?.generation ?? 1,
        ...{ publicKey: "key-1", tokenId: `token-${n}` },
        // No longer than it has to be: the object remembers it for as long.
        tokenExpires: Math.floor(clock.now / 1_000) - LIMITS.CLOCK_SKEW_SECONDS,
      },
      () => {
        this.socket = socket;
        return socket;
      },
    );
    return answer.ok ? null : answer.code;
  }

  receive(frame: Uint8Array): Promise<void> | null {
    const { socket } = this;
    // A copy, which is no part of a larger buffer.
    return socket === null ? null : this.shell.receive(socket, Uint8Array.from(frame).buffer);
  }

  lose(): Promise<void> | null {
    const { socket } = this;
    this.socket = null;
    return socket === null ? null : this.shell.lose(socket);
  }

  alarm(): Promise<void> {
    const { shell } = this;
    const { hibernates } = this.#options;
    return this.runtime.ring(() => (hibernates ? shell.alarm() : shell.onDeadline()));
  }

  /** The process is killed, and its socket with it: what is not stored is gone. */
  async kill(): Promise<void> {
    if (!this.life.isDead) this.disk.revert();
    this.life.kill();
    this.socket = null;
    await this.#boot();
  }

  /**
   * The object leaves memory as its host has it: unannounced, or when it says that it has nothing to do.
   *
   * @returns whether whoever waited for it is told that it is gone
   */
  async sleep(): Promise<boolean> {
    if (!this.#options.hibernates) {
      this.shell.sleep(this.runtime.residence.sweeps);
      return false;
    }
    this.life.kill();
    await this.#boot();
    this.socket?.movesTo(this.life);
    return true;
  }

  async #boot(): Promise<void> {
    this.life = new Life();
    await this.#options.clock.pass(BOOT_MS);
    this.runtime = this.#makeRuntime();
    this.shell = this.#makeShell();
  }

  #makeRuntime(): FakeRuntime<MemoryStore> {
    const { clock, hibernates } = this.#options;
    return new FakeRuntime({
      ...{ name: DEVICE_NAME, clock, hibernates },
      ...{ disk: this.disk, life: this.life, seed: ++this.#lives },
    });
  }

  #makeShell(): DeviceShell {
    const { life } = this;
    const { peers } = this.#options;
    return new DeviceShell(this.runtime, {
      depths: new DepthCache(),
      peers: {
        node: (name) => fence(life, peers.node(name)),
        alias: (name) => fence(life, peers.alias(name)),
        app: (appId) => fence(life, peers.app(appId)),
        webhook: (name) => fence(life, peers.webhook(name)),
      },
      settings: () => ({
        ...{ identity, linkKeys: linkKeysOf(oneKey) },
        reconnectFirstMs: LIMITS.RECONNECT_FIRST_MS,
        webhookShards: 1,
      }),
      sockets: () => (this.socket === null || this.socket.closed !== null ? [] : [this.socket]),
      admit: () => null,
    });
  }
}

/** Nobody hears a call of a dead process, nor does it hear the answer. */
const fence = <Peer extends object>(life: Life, peer: Peer): Peer =>
  new Proxy(peer, {
    get(target, property) {
      const value = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => life.call(() => value.apply(target, structuredClone(args)));
    },
  });
