/**
 * Runs the handlers of one device's core: loads the device, keeps its link, and carries out the effects of each handler once its writes are
 * durable, in the order of the handlers.
 */
import { Device } from "../../core/device/device.ts";
import type { Effects, WaitAnswer } from "../../core/link/effects.ts";
import { MeshError } from "../../schema/errors.ts";
import { Memory } from "../memory.ts";
import type { ObjectRuntime, SocketPort, Stored } from "../runtime.ts";
import { codeOf, StorageError } from "../storage-error.ts";
import { type CallEffect, resultOf } from "./device-call.ts";
import { DeviceLink } from "./device-link.ts";
import type { DevicePorts, StoredDevice } from "./device-ports.ts";
import {
  type Awake,
  type Handler,
  type HandlerEffects,
  needsAlarm,
  type OnFailure,
  type Run,
} from "./handler.ts";
import { Waiters } from "./waiters.ts";

export class DeviceRunner {
  readonly #runtime: ObjectRuntime<StoredDevice>;
  readonly #ports: DevicePorts;
  readonly #memory: Memory<StoredDevice, Awake>;
  /** A link begins within the handler that opens it. */
  readonly link: DeviceLink;
  /** The last sequence number of the device that was in memory before. */
  #lastSeq: number | undefined;
  /** Resolves when the last effects that wait for the disk are out; null if none wait. */
  #gate: Promise<void> | null = null;

  constructor(runtime: ObjectRuntime<StoredDevice>, ports: DevicePorts) {
    this.#runtime = runtime;
    this.#ports = ports;
    this.#memory = new Memory(runtime, (stored) => this.#load(stored));
    this.link = new DeviceLink(runtime, (session) => {
      this.event(({ device }, context) => {
        if (device.session === session) device.helloTimeout(context);
      });
    });
  }

  get isAwake(): boolean {
    return this.#memory.current !== null;
  }

  /** Loads the device if it sleeps. Only for calls without effects. */
  get awake(): Pick<Awake, "device" | "store"> {
    return this.#wake("keep");
  }

  /** Whether a socket is the current link's. May wake the object; if that fails, the socket is closed. */
  isCurrent(socket: SocketPort): boolean {
    if (this.link.socket === null && socket.saved() !== null) {
      try {
        const { device } = this.#memory.loaded;
        // If its end woke the object, it was not among the open sockets any more.
        if (this.link.socket === null) this.link.takeUp(socket, device, this.#lastSeq);
      } catch (error) {
        this.#runtime.reportError(error);
        socket.close(codeOf(error), "");
        return false;
      }
    }
    return socket === this.link.socket;
  }

  /**
   * Leaves memory except for the link, if there is nothing to do.
   *
   * @returns false if there is, or if the device was used after `idleSince`, by `Residence.sweeps`
   */
  sleep(idleSince: number): boolean {
    const awake = this.#memory.current;
    if (awake === null) return true;
    if (awake.usedAt > idleSince || awake.calls > 0 || !awake.waiters.isEmpty) return false;
    if (this.#gate !== null || awake.retry !== null) return false;
    this.link.save(awake.device, this.#runtime.now());
    this.#lastSeq = awake.device.lastSeq;
    this.#memory.reload();
    return true;
  }

  /** Writes rows without the device, and sets the alarm that they need. */
  async rewrite(write: (store: StoredDevice) => void, alarmAt: number): Promise<void> {
    const awake = this.#wake("keep");
    await this.#memory
      .answer(({ store }) => write(store))
      .catch((error: unknown) => {
        this.#fail(awake, error, "keep");
        throw error;
      });
    // Memory was loaded before these rows.
    this.#memory.reload();
    const now = this.#runtime.now();
    await this.#expectAlarm(this.#memory.loaded, now, alarmAt);
  }

  /**
   * Runs a handler that no caller waits for: a failure is reported.
   *
   * @returns a promise for when its effects are out and its alarm is set, which never rejects; null if they are already
   */
  event(handler: Handler<void>, onFailure: OnFailure = "close"): Promise<void> | null {
    try {
      return this.reported(this.start(handler, onFailure));
    } catch (error) {
      this.#runtime.reportError(error);
      return null;
    }
  }

  /** Runs a handler; resolves with its answer when its effects are out and its alarm is set. */
  async run<Answer>(
    handler: Handler<Answer>,
    onFailure: OnFailure = "keep",
    isAtomic = false,
  ): Promise<Awaited<Answer>> {
    const run = this.start(handler, onFailure, isAtomic);
    const done = this.#done(run, true);
    if (done !== null) await done;
    return await run.answer;
  }

  /**
   * The same for an answer that promises nothing for later, so it does not wait for the alarm. If an alarm cannot be set, every later handler
   * tries again, and a failure of that must not refuse a request that needs no alarm.
   */
  async look<Answer>(handler: Handler<Answer>): Promise<Awaited<Answer>> {
    const run = this.start(handler, "keep");
    const done = this.#done(run, false);
    if (done !== null) await done;
    return await run.answer;
  }

  /** Runs a handler that returns its answer, or the token under which the answer will come. */
  async ask<Answer extends WaitAnswer>(
    waitMs: number,
    handler: Handler<Answer | number>,
    onFailure: OnFailure = "keep",
  ): Promise<Answer> {
    const run = this.start<Answer | Promise<Answer>>((awake, context) => {
      const answer = handler(awake, context);
      // The wait begins before the effects are carried out: if the link was cut, one of them is the answer.
      return typeof answer === "number" ? awake.waiters.begin(answer, waitMs) : answer;
    }, onFailure);
    // A later answer waits for the alarm of its own handler.
    const done = this.#done(run, !(run.answer instanceof Promise) && needsAlarm(run.answer));
    if (done !== null) await done;
    return await run.answer;
  }

  /** Resolves when a run that no caller waits for is done; a failure is reported. Null if it is done already. */
  reported(run: Run<unknown>): Promise<void> | null {
    const done = this.#done(run, true);
    if (done === null) return null;
    return done.then(
      () => {},
      (error: unknown) => this.#runtime.reportError(error),
    );
  }

  #done({ out, alarm }: Run<unknown>, isAlarmNeeded: boolean): Promise<unknown> | null {
    if (alarm === null) return out;
    if (isAlarmNeeded) return Promise.all([out, alarm]);
    alarm.catch((error: unknown) => this.#runtime.reportError(error));
    return out;
  }

  /** Runs one handler of the core. Its effects leave once its writes are durable, and never before those of an earlier handler. */
  start<Answer>(handler: Handler<Answer>, onFailure: OnFailure, isAtomic = false): Run<Answer> {
    const now = this.#runtime.now();
    const awake = this.#wake(onFailure);
    this.#endSilent(awake, now);
    return this.#step(awake, handler, { now, onFailure, isAtomic });
  }

  #step<Answer>(
    awake: Awake,
    handler: Handler<Answer>,
    options: { readonly now: number; readonly onFailure: OnFailure; readonly isAtomic: boolean },
  ): Run<Answer> {
    const { now, onFailure } = options;
    if (onFailure === "keep") this.#remember(awake, now);
    const effects: Effects = [];
    try {
      const answer = this.#memory.run(() => handler(awake, { now, effects }), options);
      // A wait promises nothing: behind a slow commit it would begin late, and end after the time that its caller gave.
      for (const effect of effects)
        if (effect.kind === "wait") awake.waiters.extend(effect.token, effect.ms);
      const alarm = this.#expectAlarm(awake, now);
      this.#expectRetry(awake, now);
      const isOver = awake.device.session === null;
      const { socket } = this.link;
      const work: HandlerEffects = { effects, socket, isOver, onFailure, now, alarm };
      const gate = awake.storage.gate();
      if (gate !== null || this.#gate !== null)
        return { answer, out: this.#pass(awake, work, gate), alarm };
      this.#carryOut(awake, work);
      return { answer, out: null, alarm };
    } catch (error) {
      // After a refusal by the core, memory and rows agree.
      if (!(error instanceof MeshError) || error instanceof StorageError)
        this.#fail(awake, error, onFailure);
      throw error;
    }
  }

  #wake(onFailure: OnFailure): Awake {
    const { current, failure } = this.#memory;
    try {
      // Memory is ahead of its rows: waiting callers are refused before the next life begins.
      if (failure !== null) throw failure;
      const awake = this.#memory.loaded;
      awake.usedAt = this.#runtime.residence.sweeps;
      return awake;
    } catch (error) {
      this.#fail(current, error, onFailure);
      throw error;
    }
  }

  /** Loads the device, and takes up the link whose socket is still open: after a sleep, a start or a failure. */
  #load({ store, storage }: Stored<StoredDevice>): Awake {
    const runtime = this.#runtime;
    const ports = this.#ports;
    const device = new Device({
      ...ports.settings(),
      store,
      name: runtime.name,
      depths: ports.depths,
      bufferedBytes: () => this.link.socket?.bufferedBytes ?? 0,
      now: runtime.now(),
    });
    store.forget?.();
    const held = this.link.socket;
    for (const socket of held === null ? ports.sockets() : [held])
      this.link.takeUp(socket, device, this.#lastSeq);
    const waiters = new Waiters(runtime.scheduler, (token) => {
      this.event((awake, context) => awake.device.waitTimeout(token, context), "keep");
    });
    runtime.residence.woke();
    const usedAt = runtime.residence.sweeps;
    return { device, store, storage, waiters, calls: 0, retry: null, usedAt };
  }

  /** Ends a link whose device is gone, so that the next handler finds it offline and waits for no acknowledgement. */
  #endSilent(awake: Awake, now: number): void {
    const { socket } = this.link;
    if (socket === null) return;
    const seenAt = socket.silentSince(awake.device.lastSeenMs, now);
    if (seenAt === null) return;
    const lose: Handler<void> = ({ device }, context) => {
      device.linkLost(context, seenAt);
      context.effects.push({ kind: "close", code: "silent", detail: "" });
    };
    const run = this.#step(awake, lose, { now, onFailure: "close", isAtomic: false });
    this.reported(run);
  }

  /**
   * Saves the link before a handler runs, so that it can go on from there if the handler's writes fail. An object that hibernates has done
   * that already.
   */
  #remember(awake: Awake, now: number): void {
    if (this.link.isReady && this.#gate === null && !this.#runtime.residence.hibernates)
      this.link.save(awake.device, now);
  }

  /** Carries out effects once the disk has the writes before them, and after all earlier effects. */
  async #pass(awake: Awake, work: HandlerEffects, written: Promise<void> | null): Promise<void> {
    const before = this.#gate;
    const passed = (async () => {
      await before;
      await written;
      if (this.#memory.current !== awake)
        throw new StorageError(new Error("what was before it is not stored"));
      this.#carryOut(awake, work);
    })();
    this.#gate = passed;
    try {
      await passed;
    } catch (error) {
      this.#fail(awake, error, work.onFailure, work.socket);
      throw error;
    } finally {
      if (this.#gate === passed) this.#gate = null;
    }
  }

  #carryOut(awake: Awake, { effects, socket, isOver, now, alarm }: HandlerEffects): void {
    for (const effect of effects) {
      if (effect.kind === "frame") socket?.send(effect.bytes);
      else if (effect.kind === "settle") {
        const { answer } = effect;
        awake.waiters.settle(effect.token, answer, needsAlarm(answer) ? alarm : null);
      } else if (effect.kind === "close") socket?.close(effect.code, effect.detail);
      else if (effect.kind !== "wait") void this.#call(awake, effect);
    }
    if (socket !== this.link.socket) return;
    if (isOver) this.link.end();
    // On other hosts the link of a device that said Hello is saved only before it sleeps: saving takes 7 µs of the 18 of a send (measured).
    else if (!this.link.isReady || this.#runtime.residence.hibernates)
      this.link.save(awake.device, now);
  }

  /**
   * Sets the alarm for work that must survive this life of the object.
   *
   * @param at another time at which it is needed, milliseconds since 1970
   */
  #expectAlarm(awake: Awake, now: number, at = Number.POSITIVE_INFINITY): Promise<void> | null {
    const { device, store } = awake;
    const { alarm, residence } = this.#runtime;
    if (!store.exists) return null;
    // If there are timers, work that ends with the link needs no row, and so goes on while the disk is full.
    const deadline = residence.hibernates ? device.deadline : device.lastingDeadline;
    const standing = alarm.at;
    // The alarm for a debt is set in the commit that records the debt; a kill between reading the alarm and setting it would lose it.
    if (standing === undefined && !device.owes) {
      const isWanted =
        Number.isFinite(at) || deadline !== null || device.idleDeadline(now) !== null;
      return isWanted ? this.#askAlarm(awake, now, at) : null;
    }
    let own = deadline;
    // Any alarm checks whether the account is still used, so none is moved for that alone, and none is set on a full disk.
    if (own === null && typeof standing !== "number" && !this.#runtime.isFailing)
      own = device.idleDeadline(now);
    const due = Math.min(own ?? Number.POSITIVE_INFINITY, at);
    return Number.isFinite(due) ? alarm.set(due) : null;
  }

  async #askAlarm(awake: Awake, now: number, at: number): Promise<void> {
    await this.#runtime.alarm.load();
    if (this.#memory.current === awake) await this.#expectAlarm(awake, now, at);
  }

  /** Retries what failed, with a timer if that does not keep the object in memory. */
  #expectRetry(awake: Awake, now: number): void {
    if (this.#runtime.residence.hibernates) return;
    const { deadline, lastingDeadline } = awake.device;
    if (deadline !== null && deadline !== lastingDeadline) {
      awake.retry ??= this.#runtime.scheduler.timer(deadline - now, () => {
        awake.retry = null;
        this.event(({ device }, context) => device.onDeadline(context));
      });
    } else if (awake.retry !== null) endRetry(awake);
  }

  /**
   * Memory and rows disagree: forgets what is in memory, and refuses waiting callers. Each handler whose effects were lost decides whether
   * the link stays.
   *
   * @param awake null if it could not be loaded
   */
  #fail(
    awake: Awake | null,
    error: unknown,
    onFailure: OnFailure,
    socket = this.link.socket,
  ): void {
    const code = codeOf(error);
    if (awake !== null && this.#memory.current === awake) {
      this.#lastSeq = awake.device.lastSeq;
      this.#memory.end(error);
      this.#memory.reload();
      endRetry(awake);
      awake.waiters.settleAll({ ok: false, code });
    }
    if (socket === null || socket !== this.link.socket) return;
    // Otherwise a command of the device that waits for a tag or an alias would never be answered.
    const asks = awake !== null && awake.calls > 0;
    if (onFailure === "keep" && code !== "internal" && this.link.isReady && !asks) return;
    socket.close(code, "");
    this.link.end();
    // If another life began before this failure was handled, it has taken up the link.
    const next = this.#memory.current;
    if (next !== null && next.device.session !== null)
      this.event(({ device }, context) => device.linkLost(context));
  }

  /** Calls a tag or an alias, after all effects of the handler that asked for it. */
  async #call(awake: Awake, effect: CallEffect): Promise<void> {
    awake.calls++;
    await null;
    const result = await resultOf(this.#runtime, this.#ports, effect);
    awake.calls--;
    // The token means nothing to a device that was loaded since.
    if (this.#memory.current !== awake) return;
    this.event(({ device }, context) => device.onCallResult(effect.token, result, context));
  }
}

function endRetry(awake: Awake): void {
  awake.retry?.cancel();
  awake.retry = null;
}
