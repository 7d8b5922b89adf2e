/**
 * One device in a process that holds them all: gives core/device a socket, its part of the shared database, an
 * alarm and timers. While nothing happens only the socket and a snapshot of a few hundred bytes stay in memory.
 */
import type { Claims } from "../../../core/device/account.ts";
import { Device } from "../../../core/device/device.ts";
import type { LinkSnapshot } from "../../../core/device/snapshot.ts";
import type {
  OpenAccountAnswer,
  OpenAccountRequest,
  SendAnswer,
  SendRequest,
  StatusAnswer,
  StatusRequest,
} from "../../../core/device/types.ts";
import type { Effects } from "../../../core/link/effects.ts";
import { closeReason } from "../../../objects/close.ts";
import { deviceIdentity } from "../../../objects/device-identity.ts";
import type { DeviceRpc } from "../../../objects/interfaces/rpc.ts";
import { ERRORS, type ErrorCode, MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { CommitError } from "../store/database.ts";
import { SharedDeviceStore } from "../store/device-store.ts";
import type { Mesh } from "./mesh.ts";
import type { Wait } from "./waits.ts";

/** Bytes of a session's random name. */
const SESSION_BYTES = 16;

interface Waiting {
  readonly resolve: (answer: SendAnswer) => void;
  readonly wait: Wait;
}

/** What is in memory while the device has something to do. */
interface Awake {
  readonly device: Device;
  readonly store: SharedDeviceStore;
  readonly waiting: Map<number, Waiting>;
  /** By `Mesh.sweeps`. */
  usedAt: number;
}

/** What a handler of the core left to be carried out, and on which socket: a later one may stand by then. */
interface Outcome {
  readonly effects: Effects;
  readonly socket: DeviceSocket | null;
  /** No link stands after this handler. */
  readonly isOver: boolean;
  readonly now: number;
}

type Handler<Answer> = (awake: Awake, now: number, effects: Effects) => Answer;

/** The part of a WebSocket that a device's host uses. */
export interface DeviceSocket {
  readonly bufferedAmount: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code: number, reason: string): void;
}

export class DeviceHost implements DeviceRpc {
  readonly #mesh: Mesh;
  readonly name: string;
  #awake: Awake | null = null;
  #socket: DeviceSocket | null = null;
  #snapshot: LinkSnapshot | null = null;
  #helloTimer: ReturnType<typeof setTimeout> | undefined;
  /** The last of what waits for the disk; null where nothing does. */
  #gate: Promise<void> | null = null;

  constructor(mesh: Mesh, name: string) {
    this.#mesh = mesh;
    this.name = name;
  }

  async openAccount(request: OpenAccountRequest): Promise<OpenAccountAnswer> {
    return this.#run(({ device }, now, effects) => device.openAccount(request, now, effects));
  }

  async send(request: SendRequest): Promise<SendAnswer> {
    return this.#run((awake, now, effects) => {
      const answer = awake.device.send(request, now, effects);
      return typeof answer === "number" ? this.#wait(awake, answer, request.waitMs) : answer;
    });
  }

  async status(request: StatusRequest): Promise<StatusAnswer> {
    return this.#run(({ device }, now, effects) => device.status(request, now, effects));
  }

  async drain(): Promise<void> {
    await this.#run(({ device }, now, effects) => device.drain(now, effects));
  }

  /**
   * Opens a link on a socket.
   *
   * @param accept called once the claims are good: makes the socket
   * @throws MeshError where the device refuses the claims
   */
  connect(claims: Claims, accept: () => DeviceSocket): void {
    const session = toBase64Url(crypto.getRandomValues(new Uint8Array(SESSION_BYTES)));
    const { out } = this.#start(({ device }, now, effects) => {
      const opened = device.connect(claims, session, now, effects);
      if (!opened.ok) throw new MeshError(opened.code, opened.detail);
      if (this.#socket !== null) close(this.#socket, "replaced", "");
      this.#socket = accept();
      this.#mesh.linked(this.name);
      clearTimeout(this.#helloTimer);
      this.#helloTimer = setTimeout(() => {
        this.#event((awake, at, out) => {
          if (awake.device.session === session) awake.device.helloTimeout(at, out);
        });
      }, LIMITS.HELLO_TIMEOUT_MS);
    });
    out?.catch((error: unknown) => this.#mesh.report(error));
  }

  /** One WebSocket message of this socket, other than the heartbeat. */
  receive(socket: DeviceSocket, message: string | ArrayBuffer): void {
    if (socket !== this.#socket) return;
    this.#event(({ device }, now, effects) => {
      if (typeof message === "string") device.receiveText(now, effects);
      else device.receive(new Uint8Array(message), now, effects);
    });
  }

  /** This socket is gone. */
  lose(socket: DeviceSocket): void {
    if (socket !== this.#socket) return;
    this.#event(({ device }, now, effects) => device.linkLost(now, effects));
  }

  /** The alarm has come. */
  async onDeadline(): Promise<void> {
    await this.#run(({ device, store }, now, effects) => {
      store.clearAlarm();
      device.onDeadline(now, effects);
    });
  }

  /**
   * Leaves memory if there is nothing to do.
   *
   * @returns false where there is, or it was used after `idleSince`, by `Mesh.sweeps`
   */
  sleep(idleSince: number): boolean {
    const awake = this.#awake;
    if (awake === null) return true;
    if (awake.usedAt > idleSince || awake.waiting.size > 0 || this.#gate !== null) return false;
    this.#snapshot = awake.device.takeSnapshot(Date.now()) ?? this.#snapshot;
    this.#awake = null;
    return true;
  }

  /** Whether it must stay findable: it has a socket, or is awake. */
  get isNeeded(): boolean {
    return this.#socket !== null || this.#awake !== null;
  }

  #wake(): Awake {
    if (this.#awake === null) {
      const now = Date.now();
      const store = new SharedDeviceStore(this.#mesh.db, this.name);
      const device = new Device({
        store,
        identity: deviceIdentity(this.#mesh.keyring, this.name),
        bufferedBytes: () => this.#socket?.bufferedAmount ?? 0,
        now,
      });
      if (this.#socket !== null && this.#snapshot !== null) device.restore(this.#snapshot);
      this.#awake = { device, store, waiting: new Map(), usedAt: 0 };
      this.#mesh.woke(this);
    }
    return this.#awake;
  }

  /** Runs a handler that nobody waits for. What a timer or a socket throws would end the process. */
  #event(handler: Handler<void>): void {
    try {
      this.#start(handler).out?.catch((error: unknown) => this.#mesh.report(error));
    } catch (error) {
      this.#mesh.report(error);
    }
  }

  /** Runs a handler; what it answers is out when its effects are. */
  async #run<Answer>(handler: Handler<Answer>): Promise<Awaited<Answer>> {
    const { answer, out } = this.#start(handler);
    if (out !== null) await out;
    return await answer;
  }

  /**
   * Runs one handler of the core. What it returned goes out when what it wrote is on disk, and never before what an
   * earlier handler of this device returned.
   *
   * @returns `out`: when that has happened; null where it has already
   */
  #start<Answer>(handler: Handler<Answer>): { answer: Answer; out: Promise<void> | null } {
    const awake = this.#wake();
    const now = Date.now();
    awake.usedAt = this.#mesh.sweeps;
    const effects: Effects = [];
    try {
      const answer = handler(awake, now, effects);
      // The core takes it for a refusal of what was asked, where it has one to give.
      if (awake.store.failure !== null) throw awake.store.failure;
      this.#mesh.alarms.expect(awake.store, awake.device.deadline);
      const isOver = awake.device.session === null;
      const outcome: Outcome = { effects, socket: this.#socket, isOver, now };
      if (awake.store.isPending || this.#gate !== null) {
        return { answer, out: this.#pass(awake, outcome) };
      }
      this.#carryOut(awake, outcome);
      return { answer, out: null };
    } catch (error) {
      // Of the errors that the core knows it has seen to everything itself.
      if (!(error instanceof MeshError) || error instanceof CommitError) this.#fail(awake, error);
      throw error;
    }
  }

  /** Lets effects out behind the disk and behind the effects before them. */
  async #pass(awake: Awake, outcome: Outcome): Promise<void> {
    const written = awake.store.isPending ? this.#mesh.db.committed() : undefined;
    const before = this.#gate;
    const passed = (async () => {
      await before;
      await written;
      if (this.#awake !== awake) throw new MeshError("storage_unavailable");
      this.#carryOut(awake, outcome);
    })();
    this.#gate = passed;
    try {
      await passed;
    } catch (error) {
      this.#fail(awake, error);
      throw error;
    } finally {
      if (this.#gate === passed) this.#gate = null;
    }
  }

  #carryOut(awake: Awake, { effects, socket, isOver, now }: Outcome): void {
    for (const effect of effects) {
      if (effect.kind === "frame") send(socket, effect.bytes as Uint8Array<ArrayBuffer>);
      else if (effect.kind === "settle") this.#settle(awake, effect.token, effect.answer);
      else if (socket !== null) close(socket, effect.code, effect.detail);
    }
    if (socket !== this.#socket) return;
    if (isOver) this.#dropSocket();
    else {
      this.#snapshot = awake.device.takeSnapshot(now) ?? this.#snapshot;
      if (this.#snapshot?.ready) clearTimeout(this.#helloTimer);
    }
  }

  /** Memory and disk disagree: forget what is in memory, refuse who waits, and let the device come again. */
  #fail(awake: Awake, error: unknown): void {
    if (this.#awake !== awake) return;
    const code = error instanceof CommitError ? error.code : "internal";
    this.#awake = null;
    for (const token of [...awake.waiting.keys()]) {
      this.#settle(awake, token, { ok: false, code });
    }
    if (this.#socket !== null) close(this.#socket, code, "");
    this.#dropSocket();
  }

  #dropSocket(): void {
    if (this.#socket === null) return;
    this.#socket = null;
    this.#snapshot = null;
    clearTimeout(this.#helloTimer);
    this.#mesh.unlinked(this.name);
  }

  #wait(awake: Awake, token: number, waitMs: number): Promise<SendAnswer> {
    return new Promise((resolve) => {
      const wait = this.#mesh.waits.begin(waitMs || LIMITS.ACK_WAIT_DEFAULT_MS, () => {
        this.#event(({ device }, now, effects) => device.sendTimeout(token, now, effects));
      });
      awake.waiting.set(token, { resolve, wait });
    });
  }

  #settle({ waiting }: Awake, token: number, answer: SendAnswer): void {
    const waiter = waiting.get(token);
    if (waiter === undefined) return;
    waiting.delete(token);
    this.#mesh.waits.cancel(waiter.wait);
    waiter.resolve(answer);
  }
}

function send(socket: DeviceSocket | null, frame: Uint8Array<ArrayBuffer>): void {
  try {
    socket?.send(frame);
  } catch {
    // It closed while this waited for the disk, and that event waits behind this.
  }
}

function close(socket: DeviceSocket, code: ErrorCode, detail: string): void {
  const number = ERRORS[code].close;
  if (number === null) throw new Error(`${code} closes no link`);
  try {
    socket.close(number, closeReason(code, detail));
  } catch {
    // The peer may have closed it first: it is gone either way.
  }
}
