/**
 * One device in a process that holds them all: gives core/device a socket, its part of the shared database, an
 * alarm and timers. While nothing happens only the socket and a snapshot of a few hundred bytes stay in memory.
 */
import type { Claims } from "../../../core/device/account.ts";
import { COMMAND_WAIT_MS, Device } from "../../../core/device/device.ts";
import type { LinkSnapshot } from "../../../core/device/snapshot.ts";
import type {
  AliasRelease,
  AliasRequest,
  CommandAnswer,
  DescribeAnswer,
  OpenAccountAnswer,
  OpenAccountRequest,
  RegistrationName,
  SendAnswer,
  SendRequest,
  StatusAnswer,
  StatusRequest,
  TagsRequest,
  WithdrawRequest,
} from "../../../core/device/types.ts";
import type { Effects, WaitAnswer } from "../../../core/link/effects.ts";
import type { DeliverAnswer, DeliverRequest } from "../../../core/tag/types.ts";
import { type CallEffect, resultOf } from "../../../objects/device-calls.ts";
import { deviceIdentity } from "../../../objects/device-identity.ts";
import type { DeviceRpc } from "../../../objects/interfaces/rpc.ts";
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { CommitError } from "../store/database.ts";
import { SharedDeviceStore } from "../store/device-store.ts";
import type { Mesh } from "./mesh.ts";
import type { Pooled } from "./pool.ts";
import { closeWith, type DeviceSocket, sendTo } from "./socket.ts";
import { Waiting } from "./waiting.ts";

/** Bytes of a session's random name. */
const SESSION_BYTES = 16;

/** What is in memory while the device has something to do. */
interface Awake {
  readonly device: Device;
  readonly store: SharedDeviceStore;
  readonly waiting: Waiting;
  /** Calls of tags and aliases that are not answered. */
  calls: number;
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

export class DeviceHost implements DeviceRpc, Pooled {
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
    return this.#ask(request.waitMs || LIMITS.ACK_WAIT_DEFAULT_MS, ({ device }, now, effects) =>
      device.send(request, now, effects),
    );
  }

  async status(request: StatusRequest): Promise<StatusAnswer> {
    return this.#run(({ device }, now, effects) => device.status(request, now, effects));
  }

  async setTags(request: TagsRequest): Promise<CommandAnswer> {
    return this.#ask(COMMAND_WAIT_MS, ({ device }, now, effects) =>
      device.setTags(request, now, effects),
    );
  }

  async setAlias(request: AliasRequest): Promise<CommandAnswer> {
    return this.#ask(COMMAND_WAIT_MS, ({ device }, now, effects) =>
      device.setAlias(request, now, effects),
    );
  }

  async describe(request: RegistrationName): Promise<DescribeAnswer> {
    return this.#run(({ device }, now) => device.describe(request, now));
  }

  async deliver(request: DeliverRequest): Promise<DeliverAnswer> {
    return this.#ask(request.waitMs, ({ device }, now, effects) =>
      device.deliver(request, now, effects),
    );
  }

  async releaseAlias(request: AliasRelease): Promise<void> {
    await this.#run(({ device }, now, effects) => device.releaseAlias(request, now, effects));
  }

  async withdraw(request: WithdrawRequest): Promise<void> {
    await this.#run(({ device }, now, effects) => device.withdraw(request, now, effects));
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
      if (this.#socket !== null) closeWith(this.#socket, "replaced", "");
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
    if (awake.usedAt > idleSince || awake.calls > 0 || !awake.waiting.isEmpty) return false;
    if (this.#gate !== null) return false;
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
        name: this.name,
        depths: this.#mesh.depths,
        bufferedBytes: () => this.#socket?.bufferedAmount ?? 0,
        now,
      });
      if (this.#socket !== null && this.#snapshot !== null) device.restore(this.#snapshot);
      const waiting = new Waiting(this.#mesh.waits);
      this.#awake = { device, store, waiting, calls: 0, usedAt: 0 };
      this.#mesh.devices.woke(this);
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
      if (effect.kind === "frame") sendTo(socket, effect.bytes as Uint8Array<ArrayBuffer>);
      else if (effect.kind === "settle") awake.waiting.settle(effect.token, effect.answer);
      else if (effect.kind !== "close") void this.#call(awake, effect);
      else if (socket !== null) closeWith(socket, effect.code, effect.detail);
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
    awake.waiting.settleAll({ ok: false, code });
    if (this.#socket !== null) closeWith(this.#socket, code, "");
    this.#dropSocket();
  }

  #dropSocket(): void {
    if (this.#socket === null) return;
    this.#socket = null;
    this.#snapshot = null;
    clearTimeout(this.#helloTimer);
    this.#mesh.unlinked(this.name);
  }

  /** Runs a handler that answers, or says under which token its answer will come. */
  #ask<Answer extends WaitAnswer>(waitMs: number, handler: Handler<Answer | number>) {
    return this.#run((awake, now, effects): Answer | Promise<Answer> => {
      const answer = handler(awake, now, effects);
      if (typeof answer !== "number") return answer;
      const onTimeout = () =>
        this.#event(({ device }, at, out) => device.waitTimeout(answer, at, out));
      // A token is settled with an answer of the call that gave it.
      return awake.waiting.begin(answer, waitMs, onTimeout) as Promise<Answer>;
    });
  }

  /** Calls a tag or an alias, behind all effects of the handler that asked for it. */
  async #call(awake: Awake, effect: CallEffect): Promise<void> {
    awake.calls++;
    await null;
    const result = await resultOf(this.#mesh.bindings, effect);
    awake.calls--;
    if (this.#awake !== awake) return;
    this.#event(({ device }, now, effects) => device.called(effect.token, result, now, effects));
  }
}
