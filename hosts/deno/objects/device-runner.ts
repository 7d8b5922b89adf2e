/**
 * Runs the handlers of one device's core: wakes it, gives it its part of the database, and carries out what it returns, once
 * what it wrote is on disk. Asleep, only the socket and a snapshot of a few hundred bytes are in memory.
 */
import { Device } from "../../../core/device/device.ts";
import type { LinkSnapshot } from "../../../core/device/link/snapshot.ts";
import type { Effects, WaitAnswer } from "../../../core/link/effects.ts";
import { type CallEffect, resultOf } from "../../../objects/device-calls.ts";
import { StorageError } from "../../../objects/storage-error.ts";
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { SharedDeviceStore } from "../store/device-store.ts";
import type { Mesh } from "./mesh.ts";
import { closeWith, type DeviceSocket, sendTo } from "./socket.ts";
import { Waiting } from "./waiting.ts";
import type { Wait } from "./waits.ts";

/** What is in memory while the device has something to do. */
export interface Awake {
  readonly device: Device;
  readonly store: SharedDeviceStore;
  readonly waiting: Waiting;
  /** Calls of tags and aliases that are not answered. */
  calls: number;
  /** Until what failed is tried again; null where nothing did. */
  retry: Wait | null;
  /** By `Mesh.sweeps`. */
  usedAt: number;
}

/** What a handler of the core left to be carried out, and on which socket: a later one may stand by then. */
interface Outcome {
  readonly effects: Effects;
  readonly socket: DeviceSocket | null;
  /** No link stands after this handler. */
  readonly isOver: boolean;
  readonly onFailure: OnFailure;
  readonly now: number;
}

/**
 * What becomes of the link where a handler's writes fail. What others asked of the device is refused to them, and the link
 * goes on as it was before; what the device itself said, or waits for, it has to say again on another link.
 */
export type OnFailure = "keep" | "close";

export type Handler<Answer> = (awake: Awake, now: number, effects: Effects) => Answer;

export class DeviceRunner {
  readonly #mesh: Mesh;
  readonly #name: string;
  readonly #onWake: () => void;
  #awake: Awake | null = null;
  #socket: DeviceSocket | null = null;
  #snapshot: LinkSnapshot | null = null;
  /** Of the device that was awake last. */
  #lastSeq: number | undefined;
  #helloTimer: ReturnType<typeof setTimeout> | undefined;
  /** The last of what waits for the disk; null where nothing does. */
  #gate: Promise<void> | null = null;

  /** @param onWake called when there is more in memory than the socket */
  constructor(mesh: Mesh, name: string, onWake: () => void) {
    this.#mesh = mesh;
    this.#name = name;
    this.#onWake = onWake;
  }

  /** Of the current link; null without one. */
  get socket(): DeviceSocket | null {
    return this.#socket;
  }

  get isAwake(): boolean {
    return this.#awake !== null;
  }

  /** Within the handler that opens a link: takes its socket in place of the one before, and waits for its hello. */
  take(socket: () => DeviceSocket, session: string): void {
    if (this.#socket !== null) closeWith(this.#socket, "replaced", "");
    this.#socket = socket();
    this.#snapshot = null;
    this.#mesh.linked(this.#name);
    clearTimeout(this.#helloTimer);
    this.#helloTimer = setTimeout(() => {
      this.event(({ device }, now, effects) => {
        if (device.session === session) device.helloTimeout(now, effects);
      });
    }, LIMITS.HELLO_TIMEOUT_MS);
  }

  /** @returns false where there is something to do, or was after `idleSince` */
  sleep(idleSince: number): boolean {
    const awake = this.#awake;
    if (awake === null) return true;
    if (awake.usedAt > idleSince || awake.calls > 0 || !awake.waiting.isEmpty) return false;
    if (this.#gate !== null || awake.retry !== null) return false;
    this.#snapshot = awake.device.takeSnapshot(Date.now()) ?? this.#snapshot;
    this.#lastSeq = awake.device.lastSeq;
    this.#awake = null;
    return true;
  }

  /** Runs a handler that nobody waits for. What a timer or a socket throws would end the process. */
  event(handler: Handler<void>, onFailure: OnFailure = "close"): void {
    try {
      this.start(handler, onFailure).out?.catch((error: unknown) => this.#mesh.report(error));
    } catch (error) {
      this.#mesh.report(error);
    }
  }

  /** Runs a handler; what it answers is out when its effects are. */
  async run<Answer>(
    handler: Handler<Answer>,
    onFailure: OnFailure = "keep",
  ): Promise<Awaited<Answer>> {
    const { answer, out } = this.start(handler, onFailure);
    if (out !== null) await out;
    return await answer;
  }

  /** Runs a handler that answers, or says under which token its answer will come. */
  ask<Answer extends WaitAnswer>(
    waitMs: number,
    handler: Handler<Answer | number>,
    onFailure?: OnFailure,
  ) {
    return this.run((awake, now, effects): Answer | Promise<Answer> => {
      const answer = handler(awake, now, effects);
      if (typeof answer !== "number") return answer;
      const onTimeout = () =>
        this.event(({ device }, at, out) => device.waitTimeout(answer, at, out), "keep");
      // A token is settled with an answer of the call that gave it.
      return awake.waiting.begin(answer, waitMs, onTimeout) as Promise<Answer>;
    }, onFailure);
  }

  /**
   * Runs one handler of the core. What it returned goes out when what it wrote is on disk, and never before what an
   * earlier handler of this device returned.
   *
   * @returns `out`: when that has happened; null where it has already
   */
  start<Answer>(
    handler: Handler<Answer>,
    onFailure: OnFailure,
  ): { answer: Answer; out: Promise<void> | null } {
    const awake = this.#wake();
    const now = Date.now();
    awake.usedAt = this.#mesh.sweeps;
    if (onFailure === "keep") this.#remember(awake, now);
    const effects: Effects = [];
    try {
      const answer = handler(awake, now, effects);
      // The core takes it for a refusal of what was asked, where it has one to give.
      if (awake.store.failure !== null) throw awake.store.failure;
      this.#expectAlarm(awake, now);
      this.#expectRetry(awake, now);
      const isOver = awake.device.session === null;
      const outcome: Outcome = { effects, socket: this.#socket, isOver, onFailure, now };
      if (awake.store.isPending || this.#gate !== null) {
        return { answer, out: this.#pass(awake, outcome) };
      }
      this.#carryOut(awake, outcome);
      return { answer, out: null };
    } catch (error) {
      // Of the errors that the core knows it has seen to everything itself.
      if (!(error instanceof MeshError) || error instanceof StorageError)
        this.#fail(awake, error, onFailure);
      throw error;
    }
  }

  /** The link as it is on disk and on the socket, to go on from where what comes now cannot be stored. */
  #remember(awake: Awake, now: number): void {
    if (this.#gate !== null || this.#snapshot?.ready !== true) return;
    this.#snapshot = awake.device.takeSnapshot(now) ?? this.#snapshot;
  }

  #wake(): Awake {
    if (this.#awake === null) {
      const now = Date.now();
      const store = new SharedDeviceStore(this.#mesh.db, this.#name);
      const device = new Device({
        store,
        identity: this.#mesh.identities.of(this.#name),
        name: this.#name,
        depths: this.#mesh.depths,
        reconnectFirstMs: LIMITS.RECONNECT_FIRST_MACHINE_MS,
        bufferedBytes: () => this.#socket?.bufferedAmount ?? 0,
        now,
      });
      store.forget();
      if (this.#socket !== null && this.#snapshot !== null)
        device.restore(this.#snapshot, this.#lastSeq);
      const waiting = new Waiting(this.#mesh.waits);
      this.#awake = { device, store, waiting, calls: 0, retry: null, usedAt: 0 };
      this.#onWake();
    }
    return this.#awake;
  }

  /** Lets effects out behind the disk and behind the effects before them. */
  async #pass(awake: Awake, outcome: Outcome): Promise<void> {
    const written = awake.store.isPending ? this.#mesh.db.committed() : undefined;
    const before = this.#gate;
    const passed = (async () => {
      await before;
      await written;
      if (this.#awake !== awake)
        throw new StorageError(new Error("what was before it is not stored"));
      this.#carryOut(awake, outcome);
    })();
    this.#gate = passed;
    try {
      await passed;
    } catch (error) {
      this.#fail(awake, error, outcome.onFailure, outcome.socket);
      throw error;
    } finally {
      if (this.#gate === passed) this.#gate = null;
    }
  }

  #carryOut(awake: Awake, { effects, socket, isOver, now }: Outcome): void {
    for (const effect of effects) {
      if (effect.kind === "frame") sendTo(socket, effect.bytes as Uint8Array<ArrayBuffer>);
      else if (effect.kind === "settle") awake.waiting.settle(effect.token, effect.answer);
      else if (effect.kind === "wait") awake.waiting.goOn(effect.token, effect.ms);
      else if (effect.kind !== "close") void this.#call(awake, effect);
      else if (socket !== null) closeWith(socket, effect.code, effect.detail);
    }
    if (socket !== this.#socket) return;
    if (isOver) this.#dropSocket();
    else if (this.#snapshot?.ready !== true) {
      // From here on nobody needs it before the device sleeps.
      this.#snapshot = awake.device.takeSnapshot(now) ?? this.#snapshot;
      if (this.#snapshot?.ready) clearTimeout(this.#helloTimer);
    }
  }

  #expectAlarm({ store, device }: Awake, now: number): void {
    const { alarms, db } = this.#mesh;
    alarms.expect(store, device.lastingDeadline);
    // Whatever alarm comes looks whether anybody uses the account: for that alone none is moved, and no full disk is asked.
    if (store.id === null || store.alarmAt !== null || db.isFailing) return;
    alarms.expect(store, device.idleDeadline(now));
  }

  /** What ends with the link needs no row, and so goes on where the disk is full. */
  #expectRetry(awake: Awake, now: number): void {
    const { deadline, lastingDeadline } = awake.device;
    if (deadline !== null && deadline !== lastingDeadline) {
      awake.retry ??= this.#mesh.waits.begin(deadline - now, () => {
        awake.retry = null;
        this.event(({ device }, at, out) => device.onDeadline(at, out));
      });
    } else if (awake.retry !== null) {
      this.#mesh.waits.cancel(awake.retry);
      awake.retry = null;
    }
  }

  /**
   * Memory and disk disagree: forget what is in memory, and refuse who waits. Each handler whose effects were lost says
   * what becomes of the link.
   */
  #fail(awake: Awake, error: unknown, onFailure: OnFailure, socket = this.#socket): void {
    const code = error instanceof StorageError ? error.code : "internal";
    // A command of the device that waits for a tag or an alias would never be answered.
    const asks = awake.calls > 0;
    if (this.#awake === awake) {
      this.#lastSeq = awake.device.lastSeq;
      this.#awake = null;
      if (awake.retry !== null) this.#mesh.waits.cancel(awake.retry);
      awake.waiting.settleAll({ ok: false, code });
    }
    if (socket === null || socket !== this.#socket) return;
    const stands = error instanceof StorageError && this.#snapshot?.ready === true && !asks;
    if (stands && onFailure === "keep") return;
    closeWith(socket, code, "");
    this.#dropSocket();
  }

  #dropSocket(): void {
    if (this.#socket === null) return;
    this.#socket = null;
    this.#snapshot = null;
    clearTimeout(this.#helloTimer);
    this.#mesh.unlinked(this.#name);
  }

  /** Calls a tag or an alias, behind all effects of the handler that asked for it. */
  async #call(awake: Awake, effect: CallEffect): Promise<void> {
    awake.calls++;
    if (effect.kind === "tag" && effect.call.method !== "attach") {
      await this.#mesh.joinSlices.enter(this.#name);
    } else await null;
    const result = await resultOf(this.#mesh.bindings, effect);
    awake.calls--;
    if (this.#awake !== awake) return;
    this.event(({ device }, now, effects) => device.called(effect.token, result, now, effects));
  }
}
