/**
 * The queue of one endpoint, in one object of its app: packets that are in no batch yet, batches that wait for an attempt, and batches that have
 * ended. Everything is stored in rows; memory holds their heads.
 */
import { LIMITS } from "../../schema/limits.ts";
import { isDue } from "../backoff.ts";
import type { BatchRecord, HealthRecord, PacketHead, WebhookStore } from "./store.ts";
import type { EndpointHealth } from "./types.ts";

/** Consecutive failed batches after which no new one is tried until one of them succeeds. */
const PROBES = 3;

const HEALTHY = {
  failures: 0,
  waitUntil: 0,
  failingSince: null,
  lastFailure: null,
  dropped: 0,
} as const;

export interface PacketBatch {
  record: BatchRecord;
  readonly packets: readonly PacketHead[];
}

/** Why an attempt failed. */
export interface Failure {
  readonly error: string;
  /** From the receiver's `Retry-After`, milliseconds; 0 without one. */
  readonly retryAfterMs: number;
}

export interface EndpointQueueOptions {
  readonly endpoint: string;
  readonly store: WebhookStore;
  /** 0 (included) to 1 (excluded). */
  readonly random: () => number;
  readonly makeId: () => string;
  /** Called with the packets of a batch whose rows are gone. */
  readonly onRemoved: (packets: readonly PacketHead[]) => void;
}

/** Waits between the attempts at a batch, in seconds; the last one repeats. Each is shortened or lengthened by up to a fifth. */
const ATTEMPTS = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400] as const;
/** The longest of them, lengthened. */
const LONGEST_MS = 1_000 * 1.2 * Math.max(...ATTEMPTS);

export class EndpointQueue {
  readonly #options: EndpointQueueOptions;
  readonly #loose: PacketHead[] = [];
  /** By their seq, which is their age. */
  readonly #waiting = new Map<number, PacketBatch>();
  readonly #done = new Map<number, PacketBatch>();
  readonly #dead = new Map<number, PacketBatch>();
  #health: HealthRecord;
  #waitingEvents = 0;
  #deadEvents = 0;

  constructor(options: EndpointQueueOptions) {
    this.#options = options;
    this.#health = { endpoint: options.endpoint, ...HEALTHY };
  }

  // ---------------------------------------------------------------- from rows

  loadHealth(health: HealthRecord): void {
    this.#health = health;
  }

  loadBatch(batch: PacketBatch): void {
    const { state, seq, events } = batch.record;
    if (state === "waiting") {
      this.#waiting.set(seq, batch);
      this.#waitingEvents += events;
    } else if (state === "done") this.#done.set(seq, batch);
    else {
      this.#dead.set(seq, batch);
      this.#deadEvents += events;
    }
  }

  loadPacket(head: PacketHead): void {
    this.#loose.push(head);
    this.#waitingEvents += head.events;
  }

  // ---------------------------------------------------------------- state

  /** Whether it has nothing stored. */
  get isEmpty(): boolean {
    return (
      this.#loose.length + this.#waiting.size + this.#done.size + this.#dead.size === 0 &&
      this.#health.failures + this.#health.dropped === 0
    );
  }

  get health(): EndpointHealth {
    const { endpoint, failingSince, lastFailure, dropped } = this.#health;
    const counts = { waiting: this.#waitingEvents, dead: this.#deadEvents, dropped };
    return { endpoint, ...counts, failingSince, lastFailure };
  }

  get isFailing(): boolean {
    return this.#health.failures > 0;
  }

  /** Batches that were given up, the oldest first. */
  get dead(): readonly PacketBatch[] {
    return [...this.#dead.values()].sort((a, b) => a.record.seq - b.record.seq);
  }

  waiting(id: string): PacketBatch | undefined {
    for (const batch of this.#waiting.values()) if (batch.record.id === id) return batch;
    return undefined;
  }

  // ---------------------------------------------------------------- adding

  add(head: PacketHead, events: string, now: number): void {
    while (this.#waitingEvents + head.events > LIMITS.WEBHOOK_WAITING_EVENTS) {
      const oldest = this.#oldest(now);
      if (oldest === null) break;
      this.#giveUp(oldest, "the queue of the endpoint is full", now);
    }
    this.#options.store.putPacket(head, events);
    this.loadPacket(head);
  }

  // ---------------------------------------------------------------- attempts

  /** The batch that should be tried now; null for none. @param inFlight ids of those that are being tried */
  next(inFlight: ReadonlySet<string>, now: number): PacketBatch | null {
    const ready = [...this.#waiting.values()]
      .filter(({ record }) => !inFlight.has(record.id))
      .sort((a, b) => a.record.at - b.record.at);
    const [first] = ready;
    if (!this.isFailing) {
      if (first !== undefined && isDue(first.record.at, now, LONGEST_MS)) return first;
      return this.#looseIsReady(now) ? this.#form(now) : null;
    }
    if (!isDue(this.#health.waitUntil, now, LONGEST_MS)) return null;
    // One at a time, a new one first: a batch that the endpoint refuses must not hold up the others.
    if (ready.length < PROBES && this.#loose.length > 0) return this.#form(now);
    return first ?? null;
  }

  succeeded({ record, packets }: PacketBatch, now: number): void {
    this.#end({ record: { ...record, state: "done", at: now, error: null }, packets });
    if (!this.isFailing) return;
    this.#putHealth({ failures: 0, waitUntil: 0, failingSince: null });
    // They failed because the endpoint was down, so they are due now. In memory only: after a kill their stored times count.
    for (const batch of this.#waiting.values()) batch.record = { ...batch.record, at: now };
  }

  failed(batch: PacketBatch, { error, retryAfterMs }: Failure, now: number): void {
    const attempts = batch.record.attempts + 1;
    const failures = this.#health.failures + 1;
    const jitter = 0.8 + 0.4 * this.#options.random();
    const backoff = Math.min(1_000 * 2 ** Math.min(failures, 20), LIMITS.WEBHOOK_BACKOFF_MAX_MS);
    const asked = Math.min(retryAfterMs, LIMITS.WEBHOOK_RETRY_AFTER_MAX_MS);
    this.#putHealth({
      failures,
      waitUntil: now + Math.max(asked, Math.ceil(backoff * jitter)),
      failingSince: this.#health.failingSince ?? now,
      lastFailure: { at: now, error },
    });
    const tried = { ...batch.record, attempts, error };
    if (now - tried.since >= LIMITS.WEBHOOK_RETRY_MS) {
      this.#giveUp({ record: tried, packets: batch.packets }, error, now);
      return;
    }
    const wait = 1_000 * (ATTEMPTS[Math.min(attempts, ATTEMPTS.length) - 1] ?? 0);
    batch.record = { ...tried, at: now + Math.max(asked, Math.ceil(wait * jitter)) };
    this.#options.store.putBatch(batch.record);
  }

  /** Whether the endpoint has failed for so long that it should be disabled. */
  isHopeless(now: number): boolean {
    const { failingSince } = this.#health;
    return failingSince !== null && now - failingSince >= LIMITS.WEBHOOK_FAILING_MS;
  }

  /** Gives up all that waits. @returns false if the bound of one turn left something over */
  giveUpAll(error: string, inFlight: ReadonlySet<string>, limit: number, now: number): boolean {
    for (let left = limit; left > 0; left--) {
      const idle = [...this.#waiting.values()].find(({ record }) => !inFlight.has(record.id));
      const batch = idle ?? (this.#loose.length > 0 ? this.#form(now) : null);
      if (batch === null) return true;
      this.#giveUp(batch, error, now);
    }
    return false;
  }

  /** Tries a dead letter again, for as long as a new event. */
  replay(batch: PacketBatch, now: number): void {
    this.#dead.delete(batch.record.seq);
    this.#deadEvents -= batch.record.events;
    const record = { ...batch.record, state: "waiting" as const, attempts: 0, since: now, at: now };
    this.#options.store.putBatch(record);
    this.loadBatch({ record, packets: batch.packets });
    // The app's server says that the fault is repaired.
    if (this.#health.waitUntil > now) this.#putHealth({ waitUntil: now });
  }

  // ---------------------------------------------------------------- expiry

  /** Removes what has expired. @returns false if the bound of one turn left something over */
  expire(now: number, limit: number): boolean {
    let left = limit;
    for (const [ended, keepMs] of [
      [this.#done, LIMITS.WEBHOOK_DEDUPE_MS],
      [this.#dead, LIMITS.WEBHOOK_DEAD_MS],
    ] as const) {
      for (const batch of ended.values()) {
        if (batch.record.at + keepMs > now) continue;
        if (left-- <= 0) return false;
        this.#remove(batch);
      }
    }
    // Events in no batch yet: the endpoint has failed since they were accepted.
    while ((this.#loose[0]?.at ?? now) + LIMITS.WEBHOOK_RETRY_MS <= now && this.isFailing) {
      if (left-- <= 0) return false;
      this.#giveUp(this.#form(now), this.#health.lastFailure?.error ?? "not tried", now);
    }
    return true;
  }

  /** Drops everything. @returns false if the bound of one turn left something over */
  clear(limit: number): boolean {
    let left = limit;
    for (const batches of [this.#waiting, this.#done, this.#dead]) {
      for (const batch of batches.values()) {
        if (left-- <= 0) return false;
        this.#remove(batch);
      }
    }
    for (const head of this.#loose.splice(0, Math.max(left, 0))) {
      this.#options.store.removePacket(head.seq);
      this.#options.onRemoved([head]);
      this.#waitingEvents -= head.events;
    }
    if (this.#loose.length > 0) return false;
    this.forget();
    return true;
  }

  /** Removes the row about its health. */
  forget(): void {
    const { endpoint, store } = this.#options;
    if (this.#health.lastFailure !== null) store.removeHealth(endpoint);
    this.#health = { endpoint, ...HEALTHY };
  }

  /**
   * When something is due next, milliseconds since 1970; null for never.
   *
   * @param inFlight ids of those that are being tried: their end comes by itself
   * @param isPaused whether what waits for it waits until it is enabled
   */
  nextAt(inFlight: ReadonlySet<string>, isPaused: boolean): number | null {
    const times: number[] = [];
    const [loose] = isPaused ? [] : this.#loose;
    const waiting = isPaused ? [] : [...this.#waiting.values()];
    const idle = waiting.filter(({ record }) => !inFlight.has(record.id));
    if (this.isFailing) {
      if (loose !== undefined || idle.length > 0) times.push(this.#health.waitUntil);
    } else {
      if (loose !== undefined) times.push(loose.at + LIMITS.WEBHOOK_BATCH_MS);
      for (const { record } of idle) times.push(record.at);
    }
    for (const { record } of this.#done.values()) times.push(record.at + LIMITS.WEBHOOK_DEDUPE_MS);
    for (const { record } of this.#dead.values()) times.push(record.at + LIMITS.WEBHOOK_DEAD_MS);
    return times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b));
  }

  #looseIsReady(now: number): boolean {
    const [first] = this.#loose;
    if (first === undefined) return false;
    return (
      isDue(first.at + LIMITS.WEBHOOK_BATCH_MS, now, LONGEST_MS) ||
      this.#loose.length >= LIMITS.WEBHOOK_BATCH_EVENTS
    );
  }

  /** The oldest that can be given up; null for none. */
  #oldest(now: number): PacketBatch | null {
    const [first] = this.#waiting.values();
    if (first !== undefined) return first;
    return this.#loose.length > 0 ? this.#form(now) : null;
  }

  /** Makes a batch of the oldest packets, for one row. There must be one. */
  #form(now: number): PacketBatch {
    let events = 0;
    let bytes = 0;
    let count = 0;
    for (const head of this.#loose) {
      const isFull =
        events + head.events > LIMITS.WEBHOOK_BATCH_EVENTS ||
        bytes + head.bytes > LIMITS.WEBHOOK_BATCH_BYTES;
      if (isFull && count > 0) break;
      events += head.events;
      bytes += head.bytes;
      count++;
    }
    const packets = this.#loose.splice(0, count);
    const [first] = packets;
    const last = packets.at(-1);
    if (first === undefined || last === undefined) throw new Error("no packet is left");
    const record: BatchRecord = {
      ...{ seq: first.seq, last: last.seq, endpoint: first.endpoint, id: this.#options.makeId() },
      ...{ events, state: "waiting", attempts: 0, since: first.at, at: now, error: null },
    };
    this.#options.store.putBatch(record);
    const batch = { record, packets };
    this.#waiting.set(record.seq, batch);
    return batch;
  }

  #giveUp({ record, packets }: PacketBatch, error: string, now: number): void {
    this.#end({ record: { ...record, state: "dead", at: now, error }, packets });
    while (this.#deadEvents > LIMITS.WEBHOOK_DEAD_EVENTS) {
      const [oldest] = this.dead;
      if (oldest === undefined) break;
      this.#remove(oldest);
      this.#putHealth({ dropped: this.#health.dropped + oldest.record.events });
    }
  }

  /** A batch does not wait any more. Writes one row. */
  #end(batch: PacketBatch): void {
    this.#options.store.putBatch(batch.record);
    if (this.#waiting.delete(batch.record.seq)) this.#waitingEvents -= batch.record.events;
    this.loadBatch(batch);
  }

  #remove({ record, packets }: PacketBatch): void {
    this.#options.store.removeBatch(record.seq);
    for (const { seq } of packets) this.#options.store.removePacket(seq);
    if (this.#waiting.delete(record.seq)) this.#waitingEvents -= record.events;
    if (this.#dead.delete(record.seq)) this.#deadEvents -= record.events;
    this.#done.delete(record.seq);
    this.#options.onRemoved(packets);
  }

  #putHealth(changes: Partial<HealthRecord>): void {
    this.#health = { ...this.#health, ...changes };
    this.#options.store.putHealth(this.#health);
  }
}
