/**
 * Sign-outs against a simple model of the mesh: with and without a network, in several processes on one storage, killed at any moment,
 * with answers that are lost. What was registered before a sign-out is never shown or attached again, and ends; what was registered after
 * it stays.
 */
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readSignOut } from "../../../sdk/device/client/registration.ts";
import type { Host, PushClient, Storage, Stored } from "../../../sdk/device/mod.ts";
import { settle, until } from "./fake/clock.ts";
import { APP, FakeMesh, start } from "./fake/mesh.ts";
import type { FakeSocket } from "./fake/socket.ts";

/** A process: what it stores and receives after its kill is lost. */
interface Process {
  readonly client: PushClient;
  readonly shown: string[];
  readonly sockets: FakeSocket[];
  isAlive: boolean;
}

class World {
  readonly mesh = new FakeMesh();
  readonly #disk = new Map<string, Stored>();
  readonly #processes: Process[] = [];
  /** The socket that the mesh serves: the newest. */
  #served: FakeSocket | undefined;
  #isOnline = true;
  #deliveries = 0;
  /** By regId: who signed it out first, and after how many deliveries. */
  readonly #signOuts = new Map<string, { readonly process: Process; readonly after: number }>();
  /** regIds of registrations that a finished sign-out must have ended. */
  readonly signedOut = new Set<string>();
  /** Sign-outs so far, and whose are not stored yet. */
  #calls = 0;
  readonly #storing = new Set<Process>();
  /** Registered after every sign-out so far. */
  readonly #kept = new Set<string>();
  /** How many of these there were. */
  keeps = 0;

  async start(): Promise<void> {
    const shown: string[] = [];
    const sockets: FakeSocket[] = [];
    const state = { isAlive: true };
    const host: Host = {
      ...this.mesh.host,
      fetch: (...request) => {
        this.mesh.offline = !this.#isOnline || !state.isAlive;
        return this.mesh.host.fetch(...request);
      },
      openSocket: (...options) => {
        this.mesh.auto = this.#isOnline && state.isAlive;
        const socket = this.mesh.host.openSocket(...options) as FakeSocket;
        this.mesh.auto = true;
        sockets.push(socket);
        if (this.#isOnline && state.isAlive) {
          this.#served?.end(4200, "replaced");
          this.#served = socket;
        } else void setImmediate().then(() => socket.end(1006));
        return socket;
      },
    };
    const { client } = await start(this.mesh, { storage: this.#mount(state), host });
    const process = Object.assign(state, { client, shown, sockets });
    this.#processes.push(process);
    client.onMessage((message) => {
      if (!process.isAlive) return;
      const regId = String(message.data);
      shown.push(regId);
      const by = this.#signOuts.get(regId);
      // Another process may be taking a message while the sign-out is stored.
      const isTaking = by !== undefined && by.process !== process && this.#deliveries <= by.after;
      if (this.signedOut.has(regId) && !isTaking)
        this.mesh.violations.push(`shown: ${regId}, signed out`);
    });
    await settle();
  }

  #mount(state: { isAlive: boolean }): Storage {
    const write = async (act: () => void) => {
      // So that a kill comes between a call and its write.
      await setImmediate();
      if (state.isAlive) act();
      else await new Promise(() => {});
    };
    return {
      keepsKeys: true,
      get: async (key) => this.#disk.get(key),
      set: (key, value) => write(() => this.#disk.set(key, value)),
      delete: (key) => write(() => this.#disk.delete(key)),
    };
  }

  /** The process that is used: of the live ones, by number. */
  #pick(at: number): Process | undefined {
    const live = this.#processes.filter(({ isAlive }) => isAlive);
    return live[at % Math.max(1, live.length)];
  }

  register(at: number): void {
    const process = this.#pick(at);
    const before = this.#calls;
    // One that another process is storing may come before or after it. Its own is in the order of the calls.
    const isUnordered = [...this.#storing].some((one) => one.isAlive && one !== process);
    process?.client
      .register()
      .then((regId) => {
        if (isUnordered || before !== this.#calls || !process.isAlive) return;
        this.keeps++;
        this.#kept.add(regId);
        if (this.signedOut.has(regId))
          this.mesh.violations.push(`registered: ${regId}, signed out`);
      })
      .catch(() => {});
  }

  /** What was registered after the last sign-out is there. */
  checkKept(): void {
    for (const kept of this.#kept) {
      if (!this.mesh.registrations.some(({ regId }) => regId === kept))
        this.mesh.violations.push(`ended: ${kept}, registered after the sign-outs`);
    }
  }

  /** The same, and lets it happen if it can. */
  async registered(at: number): Promise<void> {
    const process = this.#pick(at);
    if (process === undefined) return;
    this.register(at);
    if (this.#isOnline && process.client.state === "connecting") {
      await until(() => process.client.state !== "connecting", "the link");
    }
    await settle();
  }

  /** @param waits whether nothing else happens until it is stored */
  async signOut(at: number, waits: boolean): Promise<void> {
    const process = this.#pick(at);
    if (process === undefined) return;
    // Registrations of which this storage knows. An unanswered register of another process is that one's.
    const known = this.mesh.registrations.map(({ regId }) => regId);
    this.#calls++;
    this.#kept.clear();
    this.#storing.add(process);
    const stored = process.client.signOut().then(() => {
      this.#storing.delete(process);
      for (const regId of known) {
        if (!this.signedOut.has(regId))
          this.#signOuts.set(regId, { process, after: this.#deliveries });
        this.signedOut.add(regId);
      }
    });
    if (waits) await stored;
    else await Promise.race([stored, settle()]);
  }

  kill(at: number): void {
    const process = this.#pick(at);
    if (process === undefined) return;
    process.isAlive = false;
    if (process.sockets.includes(this.#served as FakeSocket)) this.#lose();
  }

  #lose(): void {
    if (this.#served !== undefined && this.#served.closedBy === undefined) this.#served.end(1006);
    this.#served = undefined;
  }

  setOnline(isOnline: boolean): void {
    this.#isOnline = isOnline;
    if (!isOnline) this.#lose();
  }

  /** The mesh has a message for each registration, which it sends if the app is attached. */
  async send(): Promise<void> {
    this.#deliveries++;
    const socket = this.#served;
    for (const { slot, regId } of this.mesh.registrations) {
      if (socket?.closedBy === undefined && socket?.attached.has(slot)) {
        socket.deliver(this.mesh.message(regId, { slot }));
      }
    }
    await settle();
  }

  /** No socket that opened after a sign-out attaches what was signed out. */
  checkAttached(): void {
    for (const { slot, regId } of this.mesh.registrations) {
      if (this.signedOut.has(regId) && this.#opened.get(regId) !== this.#served) {
        if (this.#served?.attached.has(slot)) {
          this.mesh.violations.push(`attached: ${regId}, signed out`);
        }
      }
    }
  }

  /** By regId: the socket that was open when it was signed out. */
  readonly #opened = new Map<string, FakeSocket | undefined>();

  noteOpen(): void {
    for (const regId of this.signedOut) {
      if (!this.#opened.has(regId)) this.#opened.set(regId, this.#served);
    }
  }

  async pass(ms: number): Promise<void> {
    await this.mesh.clock.advance(ms);
  }

  /** All processes end, a new one starts, and everything comes to rest. */
  async end(): Promise<void> {
    for (const process of this.#processes) process.isAlive = false;
    this.#lose();
    this.#isOnline = true;
    await this.start();
    const { client } = this.#processes.at(-1) as Process;
    await until(() => client.state === "connected", "the link");
    await this.send();
    this.checkKept();
    const left = this.mesh.registrations.filter(({ regId }) => this.signedOut.has(regId));
    expect(left, "registrations left").toEqual([]);
    const before = new Set(this.signedOut);
    expect(before.has(await client.register())).toBe(false);
    await this.send();
    const disk = { get: async (key: string) => this.#disk.get(key) };
    expect(await readSignOut(disk, APP)).toBeUndefined();
    // The Hello of a process that was away may attach what another has ended: the mesh ignores it.
    const isEnded = (text: string) => /^attached slot \d+, which is not registered$/.test(text);
    expect(this.mesh.violations.filter((text) => !isEnded(text))).toEqual([]);
    await client.close();
  }
}

const at = fc.nat(2);
const step = fc.oneof(
  fc.record({ kind: fc.constant("start" as const) }),
  fc.record({ kind: fc.constant("register" as const), at }),
  fc.record({ kind: fc.constant("registered" as const), at }),
  fc.record({ kind: fc.constant("signOut" as const), at, waits: fc.boolean() }),
  fc.record({ kind: fc.constant("signOut" as const), at, waits: fc.boolean() }),
  fc.record({ kind: fc.constant("kill" as const), at }),
  fc.record({ kind: fc.constant("online" as const), isOnline: fc.boolean() }),
  fc.record({ kind: fc.constant("send" as const) }),
  fc.record({ kind: fc.constant("turn" as const) }),
  fc.record({ kind: fc.constant("turns" as const), many: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(0, 1_000, 60_000) }),
);

test("S22 a sign-out whose promise resolved is kept: nothing is shown or attached again, it ends, and another registration follows", async () => {
  let signedOut = 0;
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 30, size: "max" }),
      async (steps) => {
        const world = new World();
        await world.start();
        world.register(0);
        await settle();
        for (const one of steps) {
          switch (one.kind) {
            case "start":
              await world.start();
              break;
            case "register":
              world.register(one.at);
              break;
            case "registered":
              await world.registered(one.at);
              break;
            case "signOut":
              await world.signOut(one.at, one.waits);
              break;
            case "kill":
              world.kill(one.at);
              break;
            case "online":
              world.setOnline(one.isOnline);
              break;
            case "send":
              await world.send();
              break;
            case "turn":
              await settle();
              break;
            case "turns":
              for (let i = 0; i < one.many; i++) await setImmediate();
              break;
            case "pass":
              await world.pass(one.ms);
          }
          world.noteOpen();
          world.checkAttached();
          world.checkKept();
        }
        await world.end();
        signedOut += world.signedOut.size;
        kept += world.keeps;
      },
    ),
    { numRuns: 100 },
  );
  // About 75 and 150: that it tries both at all.
  expect(signedOut).toBeGreaterThan(3);
  expect(kept).toBeGreaterThan(3);
}, 120_000);
