/**
 * Runs the handlers of one device's core: loads it, keeps its link, and carries out what it returns, once what it wrote is durable
 * and behind what handlers before it returned.
 */
import { Device } from "../../core/device/device.ts";
import type { Context, Effects, WaitAnswer } from "../../core/link/effects.ts";
import { MeshError } from "../../schema/errors.ts";
import { Memory } from "../memory.ts";
import type { ObjectRuntime, SocketPort, StoragePort, Stored, Timer } from "../runtime.ts";
import { codeOf, StorageError } from "../storage-error.ts";
import { type CallEffect, resultOf } from "./device-call.ts";
import { DeviceLink } from "./device-link.ts";
import type { DevicePorts, StoredDevice } from "./device-ports.ts";
import { Waiters } from "./waiters.ts";

/** What is in memory besides the link, while the device has something to do. */
export interface Awake {
  readonly device: Device;
  readonly store: StoredDevice;
  readonly storage: StoragePort;
  readonly waiters: Waiters;
  /** Calls of tags and aliases that are not answered. */
  calls: number;
  /** Until what failed is tried again; null where nothing did, or the alarm is for that, too. */
  retry: Timer | null;
  usedAt: number;
}

/**
 * What becomes of the link where a handler breaks off, or its writes fail. What others asked of the device is refused to them, and
 * the link goes on as it was before; what the device itself said, or waits for, it has to say again on another link.
 */
export type OnFailure = "keep" | "close";

export type Handler<Answer> = (awake: Awake, context: Context) => Answer;

/** What a handler left to be carried out, and on which socket: a later one may stand by then. */
interface Outcome {
  readonly effects: Effects;
  readonly socket: SocketPort | null;
  /** No link stands after this handler. */
  readonly isOver: boolean;
  readonly onFailure: OnFailure;
  readonly now: number;
  /** The alarm that is being set for what it wrote; null where nothing is to be waited for. */
  readonly alarm: Promise<void> | null;
}

/** A handler's answer, and when it may be told: once its effects are out and its alarm is set; null where they are already. */
interface Run<Answer> {
  readonly answer: Answer;
  readonly out: Promise<void> | null;
}

export class DeviceRunner {
  readonly #runtime: ObjectRuntime<StoredDevice>;
  readonly #ports: DevicePorts;
  readonly #memory: Memory<StoredDevice, Awake>;
  /** Begun within the handler that opens it. */
  readonly link: DeviceLink;
  /** Of the device that was in memory last. */
  #lastSeq: number | undefined;
  /** The last of what waits for the disk; null where nothing does. */
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

  /** Loads it where it sleeps. What is done with it must have no effects. */
  get awake(): Pick<Awake, "device" | "store"> {
    return this.#wake("keep");
  }

  /** Whether a socket is the current link's. That may be what wakes the object: where it fails the socket is closed. */
  isCurrent(socket: SocketPort): boolean {
    if (this.link.socket === null && socket.saved() !== null) {
      try {
        const { device } = this.#memory.loaded;
        // Where its end is what woke the object, it was no longer among those that are open.
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
   * Leaves memory but for the link, if there is nothing to do.
   *
   * @returns false where there is, or was after `idleSince`, by `Residence.sweeps`
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

  /** Writes rows behind the device's back, for which there is to be an alarm. */
  async rewrite(write: (store: StoredDevice) => void, alarmAt: number): Promise<void> {
    const awake = this.#wake("keep");
    await this.#memory
      .answer(({ store }) => write(store))
      .catch((error: unknown) => {
        this.#fail(awake, error, "keep");
        throw error;
      });
    // What is in memory was read before.
    this.#memory.reload();
    const now = this.#runtime.now();
    await this.#expectAlarm(this.#memory.loaded, now, alarmAt);
  }

  /**
   * Runs a handler that nobody waits for: what it throws is reported.
   *
   * @returns when its effects are out, as `Run.out`; it never rejects
   */
  event(handler: Handler<void>, onFailure: OnFailure = "close"): Promise<void> | null {
    try {
      const { out } = this.start(handler, onFailure);
      return out === null ? null : out.catch((error: unknown) => this.#runtime.reportError(error));
    } catch (error) {
      this.#runtime.reportError(error);
      return null;
    }
  }

  /** Runs a handler; what it answers is told when its effects are out. */
  async run<Answer>(
    handler: Handler<Answer>,
    onFailure: OnFailure = "keep",
    isAtomic = false,
  ): Promise<Awaited<Answer>> {
    const { answer, out } = this.start(handler, onFailure, isAtomic);
    if (out !== null) await out;
    return await answer;
  }

  /** Runs a handler that answers, or says under which token its answer will come. */
  ask<Answer extends WaitAnswer>(
    waitMs: number,
    handler: Handler<Answer | number>,
    onFailure?: OnFailure,
  ): Promise<Answer> {
    return this.run<Answer | Promise<Answer>>((awake, context) => {
      const answer = handler(awake, context);
      // Before the effects are carried out: one of them may be the answer already, if the link was cut.
      return typeof answer === "number" ? awake.waiters.begin<Answer>(answer, waitMs) : answer;
    }, onFailure) as Promise<Answer>;
  }

  /** Runs one handler of the core. What it returned goes out when what it wrote is durable, and never before what an earlier one returned. */
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
      const alarm = this.#expectAlarm(awake, now);
      this.#expectRetry(awake, now);
      const isOver = awake.device.session === null;
      const { socket } = this.link;
      const outcome: Outcome = { effects, socket, isOver, onFailure, now, alarm };
      const gate = awake.storage.gate();
      if (gate !== null || this.#gate !== null)
        return { answer, out: this.#pass(awake, outcome, gate) };
      this.#carryOut(awake, outcome);
      return { answer, out: alarm };
    } catch (error) {
      // Of the errors that the core knows it has seen to everything itself.
      if (!(error instanceof MeshError) || error instanceof StorageError)
        this.#fail(awake, error, onFailure);
      throw error;
    }
  }

  #wake(onFailure: OnFailure): Awake {
    const { current, failure } = this.#memory;
    try {
      // What it has in memory is ahead of its rows: those who wait on it are refused before the next life begins.
      if (failure !== null) throw failure;
      const awake = this.#memory.loaded;
      awake.usedAt = this.#runtime.residence.sweeps;
      return awake;
    } catch (error) {
      this.#fail(current, error, onFailure);
      throw error;
    }
  }

  /** The device as it is stored, with the link whose socket is still here: after a sleep, a start, or what broke off. */
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

  /** Ends a link whose device is gone: whatever comes next finds it offline, and nobody waits for its acknowledgement. */
  #endSilent(awake: Awake, now: number): void {
    const { socket } = this.link;
    if (socket === null) return;
    const seenAt = socket.silentSince(awake.device.lastSeenMs, now);
    if (seenAt === null) return;
    const lose: Handler<void> = ({ device }, context) => {
      device.linkLost(context, seenAt);
      context.effects.push({ kind: "close", code: "silent", detail: "" });
    };
    const { out } = this.#step(awake, lose, { now, onFailure: "close", isAtomic: false });
    out?.catch((error: unknown) => this.#runtime.reportError(error));
  }

  /**
   * Saves the link as it is on disk and on the socket, to go on from where what comes now cannot be stored. Where the object
   * hibernates that has been done.
   */
  #remember(awake: Awake, now: number): void {
    if (this.link.isReady && this.#gate === null && !this.#runtime.residence.hibernates)
      this.link.save(awake.device, now);
  }

  /** Lets effects out behind the disk and behind the effects before them. */
  async #pass(awake: Awake, outcome: Outcome, written: Promise<void> | null): Promise<void> {
    const before = this.#gate;
    const passed = (async () => {
      await before;
      await written;
      if (this.#memory.current !== awake)
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
    if (outcome.alarm !== null) await outcome.alarm;
  }

  #carryOut(awake: Awake, { effects, socket, isOver, now, alarm }: Outcome): void {
    for (const effect of effects) {
      if (effect.kind === "frame") socket?.send(effect.bytes);
      else if (effect.kind === "settle") {
        const { answer } = effect;
        // What is queued may expire, and the alarm for that is part of the promise.
        const isQueued = "status" in answer && answer.status !== "delivered";
        awake.waiters.settle(effect.token, answer, isQueued ? alarm : null);
      } else if (effect.kind === "wait") awake.waiters.goOn(effect.token, effect.ms);
      else if (effect.kind === "close") socket?.close(effect.code, effect.detail);
      else void this.#call(awake, effect);
    }
    if (socket !== this.link.socket) return;
    if (isOver) this.link.end();
    // A host that asks it to sleep needs it no sooner, once there was a Hello: it would take 7 µs of the 18 that a send takes (measured).
    else if (!this.link.isReady || this.#runtime.residence.hibernates)
      this.link.save(awake.device, now);
  }

  /**
   * Sets the alarm for what has to outlive this life of the object.
   *
   * @param at when it has to come besides, milliseconds since 1970
   */
  #expectAlarm(awake: Awake, now: number, at = Number.POSITIVE_INFINITY): Promise<void> | null {
    const { device, store } = awake;
    const { alarm, residence } = this.#runtime;
    if (!store.exists) return null;
    // What ends with the link needs no row where there is a timer for it, and so goes on where the disk is full.
    const deadline = residence.hibernates ? device.deadline : device.lastingDeadline;
    const standing = alarm.at;
    // What is owed gets its alarm in one commit with what made it owed: a kill between asking and setting would lose it.
    if (standing === undefined && !device.owes) {
      const isWanted =
        Number.isFinite(at) || deadline !== null || device.idleDeadline(now) !== null;
      return isWanted ? this.#askAlarm(awake, now, at) : null;
    }
    let own = deadline;
    // Whatever alarm comes looks whether anybody uses the account: for that alone none is moved, and no full disk is asked.
    if (own === null && typeof standing !== "number" && !this.#runtime.isFailing)
      own = device.idleDeadline(now);
    const due = Math.min(own ?? Number.POSITIVE_INFINITY, at);
    return Number.isFinite(due) ? alarm.set(due) : null;
  }

  async #askAlarm(awake: Awake, now: number, at: number): Promise<void> {
    await this.#runtime.alarm.load();
    if (this.#memory.current === awake) await this.#expectAlarm(awake, now, at);
  }

  /** Where a timer keeps nothing in memory, what failed is tried again by one. */
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
   * Memory and rows disagree: forgets what is in memory, and refuses who waits. Each handler whose effects were lost says
   * what becomes of the link.
   *
   * @param awake null where it could not be loaded
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
    // A command of the device that waits for a tag or an alias would never be answered.
    const asks = awake !== null && awake.calls > 0;
    if (onFailure === "keep" && code !== "internal" && this.link.isReady && !asks) return;
    socket.close(code, "");
    this.link.end();
    // Another life has taken it up where one began before all of what this one left was told.
    const next = this.#memory.current;
    if (next !== null && next.device.session !== null)
      this.event(({ device }, context) => device.linkLost(context));
  }

  /** Calls a tag or an alias, behind all effects of the handler that asked for it. */
  async #call(awake: Awake, effect: CallEffect): Promise<void> {
    awake.calls++;
    await null;
    const result = await resultOf(this.#runtime, this.#ports, effect);
    awake.calls--;
    // Its token says nothing to another that was loaded since.
    if (this.#memory.current !== awake) return;
    this.event(({ device }, context) => device.onCallResult(effect.token, result, context));
  }
}

function endRetry(awake: Awake): void {
  awake.retry?.cancel();
  awake.retry = null;
}
