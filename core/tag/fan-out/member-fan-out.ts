/**
 * Fans one broadcast out to the members of a node: brings every attached member up to one position of the log. Calls members in parallel,
 * within the call limiter. Can be paused and resumed, and starts over after a kill.
 */
import { LIMITS } from "../../../schema/limits.ts";
import { backoffMs, isDue } from "../../backoff.ts";
import { isNowOrNever } from "../../message/clock.ts";
import { type FanOutCounts, type LogEntry, newestTrust } from "../calls/broadcast.ts";
import type { DeliverAnswer } from "../calls/fan-out.ts";
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import type { Member, Members } from "../members/members.ts";
import { type Counting, noCounts } from "../outcome/counts.ts";
import type { EarlyOutcomes, MemberOutcome } from "../outcome/early-outcomes.ts";
import type { NodeTrust } from "./node-trust.ts";
import { Pacer } from "./pacer.ts";

/**
 * Devices that are called before other work may run. Their calls, and later their answers, come in one burst, which delays whatever
 * else arrives then. Measured in one run on one core, Deno: the median of single sends was 2.7 times that without broadcasts with
 * batches of 16 and rests of 4 ms, 2.2 times with 8 and 1 ms, 1.6 times with 6 and 1 ms. With 7, as many devices a second are
 * called as with 16.
 */
const BATCH_CALLS = 7;
/** Most devices answer within this time after the last call; a slower one is left to a later call. */
const PATIENCE_MS = 100;
/** How often to check when nothing happens: for room to call, and while only answers are missing. */
const TICK_MS = { room: 50, answers: 500 } as const;

interface MemberFanOutParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly members: Members;
  readonly early: EarlyOutcomes;
  readonly trust: NodeTrust;
  readonly app: string;
  readonly tag: string;
  readonly path: string;
  /** The device answered that it is not a member of this node. */
  readonly onUnknown: (member: Member) => void;
}

interface Attempt {
  readonly member: Member;
  readonly tries: number;
}

/** A call without an answer yet. */
interface OpenCall {
  readonly next: Attempt;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly entries: readonly LogEntry[];
  readonly close: () => void;
}

/** What a member that was served up to `prev` is called with. */
interface Entries {
  readonly prev: number;
  readonly entries: readonly LogEntry[];
  /** When the first of them expires. */
  readonly until: number;
  /** `Log.recalls` when they were read. */
  readonly recalls: number;
  /** See `newestTrust`. */
  readonly trustVersion: number;
}

/** A device answers within the wait it was given; a call that takes this long hangs. */
export const HUNG_MS = LIMITS.BROADCAST_ACK_WAIT_MS + LIMITS.CALL_MS;

export class MemberFanOut {
  readonly position: number;
  #pacer: Pacer | null = null;
  readonly #parts: MemberFanOutParts;
  readonly #counts: Counting = noCounts();
  #queue: Attempt[];
  #at = 0;
  /** Oldest first. */
  readonly #open = new Set<OpenCall>();
  /** Ends a wait when no answer comes. */
  #tick: Promise<void> | null = null;
  /** Resolves when one of its own calls is answered; null while nobody waits for it. */
  #answer: Promise<void> | null = null;
  #onAnswer: () => void = () => {};
  /** Members to retry, and when. */
  #retries: { readonly at: number; readonly next: Attempt }[] = [];
  /** For a ttl 0 broadcast: devices that were offline at their turn. */
  readonly #missed = new Set<string>();
  /** Members that are still owed it. */
  readonly #owing = new Set<Member>();
  #entries: Entries | null = null;

  constructor(parts: MemberFanOutParts, position: number) {
    this.#parts = parts;
    this.position = position;
    this.#queue = [];
    for (const member of parts.members.all()) {
      if (!member.attached) continue;
      this.#counts.attached++;
      const outcome = parts.early.of(position, member);
      if (outcome !== undefined) this.#count(outcome, member);
      // It attached after the broadcast was accepted, and got it then.
      else if (member.served !== null && member.served >= position) this.#count("deferred", member);
      // A member that could not be called before is tried once; after that, it is retried as a debt.
      else
        this.#queue.push({ member, tries: member.served === null ? LIMITS.FAN_OUT_TRIES - 1 : 0 });
    }
    this.#counts.members = parts.members.count;
  }

  /** Attached members whose outcome is not known. */
  get remaining(): number {
    return this.#queue.length - this.#at + this.#retries.length + this.#open.size;
  }

  get counts(): FanOutCounts {
    return { ...this.#counts };
  }

  /** Places of the members that could not be called yet. */
  get owing(): readonly number[] {
    return [...this.#owing].map(({ place }) => place);
  }

  get done(): boolean {
    return this.remaining === 0;
  }

  /** Whether all members were called. */
  get called(): boolean {
    return this.#at >= this.#queue.length && this.#retries.length === 0;
  }

  /**
   * Runs until all members were called, or for one slice.
   *
   * @param pace devices a second; null for no limit. Read again before each device
   * @param settle whether to wait for all answers
   */
  async run(pace: () => number | null, sliceMs: number, settle: boolean): Promise<void> {
    const { host } = this.#parts;
    const end = host.now() + sliceMs;
    // Kept over slices: at less than one device a slice, a new pacer would let one through in each.
    this.#pacer ??= new Pacer(host, pace());
    let patience = settle ? end : null;
    while (!this.done) {
      const now = host.now();
      if (this.called) patience ??= now + PATIENCE_MS;
      // Also ends if the clock was set back: the slice would last as long as the jump.
      if (now >= end || end - now > sliceMs) return;
      if (this.called && now >= (patience ?? end)) return;
      this.#giveUp(now);
      this.#takeRetries(now);
      if (this.#at >= this.#queue.length) {
        await Promise.race([this.#answered(), this.#soon(settle ? TICK_MS.answers : TICK_MS.room)]);
      } else if (!host.calls.hasRoom(now)) {
        const soon = Math.min(TICK_MS.room, host.calls.countedMs);
        await Promise.race([host.calls.change(), this.#soon(soon)]);
      } else if (!(await this.#callBatch(this.#pacer, pace, end)))
        await host.sleep(Math.min(Math.max(end - host.now(), 1), sliceMs));
    }
  }

  /** Whether the fan-out has yet to reach a device that attaches now: then a ttl 0 broadcast is for it, too. */
  willReach(device: string): boolean {
    // A call without an answer may never reach it.
    const isBeingCalled = [...this.#open].some(({ next }) => next.member.device === device);
    return isBeingCalled || (!this.called && !this.#missed.has(device));
  }

  /** Skips members already served by a later broadcast. */
  skipServed(): void {
    for (; this.#at < this.#queue.length; this.#at++) {
      const member = this.#queue[this.#at]?.member;
      if (member === undefined) return;
      const outcome = this.#parts.early.of(this.position, member);
      const needsCall = member.served === null || member.served < this.position;
      if (outcome === undefined && member.attached && needsCall) return;
      this.#count(outcome ?? (member.attached ? "delivered" : "offline"), member);
    }
  }

  /** False if the pace admits nobody before the end. */
  async #callBatch(pacer: Pacer, pace: () => number | null, end: number): Promise<boolean> {
    const { host } = this.#parts;
    for (let count = 0; count < BATCH_CALLS && host.calls.hasRoom(host.now()); count++) {
      // A member that a more urgent broadcast has served must not use up a slot.
      this.skipServed();
      if (this.#at >= this.#queue.length) return true;
      pacer.pace = pace();
      if (!(await pacer.admit(end))) return false;
      // The next member may have been skipped meanwhile: see `skipServed`.
      const next = this.#queue[this.#at];
      if (next === undefined) return true;
      this.#at++;
      this.#call(next);
    }
    // Other work goes first, above all single sends.
    const from = host.now();
    await host.yield();
    host.calls.waited(host.now() - from);
    await host.rest();
    return true;
  }

  /** Only for its own calls: if every fan-out woke on every answer of the process, each would process the answers of all others. */
  #answered(): Promise<void> {
    this.#answer ??= new Promise((resolve) => {
      this.#onAnswer = resolve;
    });
    return this.#answer;
  }

  #soon(ms: number): Promise<void> {
    this.#tick ??= this.#parts.host.sleep(ms).then(() => {
      this.#tick = null;
    });
    return this.#tick;
  }

  #call(next: Attempt): void {
    const { member } = next;
    // A member may leave, or turn out to be gone, while it waits here.
    if (this.#parts.members.of(member.device) !== member || !member.attached) {
      this.#count("offline", member);
      return;
    }
    if (member.served !== null && member.served >= this.position) {
      // A later broadcast has served it already.
      this.#count(this.#parts.early.of(this.position, member) ?? "delivered", member);
      return;
    }
    const { host, trust, app, tag, path } = this.#parts;
    const prev = member.served;
    const { entries, trustVersion } = this.#entriesAfter(prev);
    if (entries.length === 0) {
      // The member was told nothing, so the next call starts where this one did.
      this.#count(this.#goneAs(this.position), member);
      return;
    }
    const waitMs = LIMITS.BROADCAST_ACK_WAIT_MS;
    const call = host.calls.begin(host.now());
    const close = () => {
      this.#open.delete(open);
      host.calls.end(call);
      this.#answer = null;
      this.#onAnswer();
    };
    const open: OpenCall = { next, from: host.now(), entries, close };
    this.#open.add(open);
    // A call that was given up is already counted, or is retried.
    const once = (act: () => void) => {
      if (this.#open.has(open)) act();
    };
    trust
      .deliver(member.device, { app, tag, path, prev, entries, waitMs, trustVersion })
      .then(
        (answer) => once(() => this.#outcome(next, answer, entries)),
        (error: unknown) => once(() => this.#failed(next, error, entries)),
      )
      .then(close, (error: unknown) => {
        close();
        host.reportError(error);
      });
  }

  #outcome(next: Attempt, answer: DeliverAnswer, entries: readonly LogEntry[]): void {
    const { member } = next;
    if (!answer.ok) {
      this.#failed(next, answer.code, entries);
      return;
    }
    const { outcome, before } = answer;
    if (outcome === "unknown") {
      this.#parts.onUnknown(member);
      this.#counts.members--;
      this.#counts.attached--;
      return;
    }
    const last = entries.at(-1)?.position ?? this.position;
    const isAll = outcome === "offline" || outcome === "deferred";
    const outcomes = entries.map((_, at) => {
      if (at === entries.length - 1 || isAll) return outcome;
      const told = before?.[at];
      return told === "unknown" ? undefined : told;
    });
    this.#recordEarlier(member, entries, outcomes);
    // It may have attached again during the call, and have more by now.
    if (outcome === "offline") {
      if (member.served === null || member.served < this.position) member.attached = false;
      if (isNowOrNever(entries.at(-1)?.seq ?? 0)) this.#missed.add(member.device);
    } else member.served = Math.max(member.served ?? 0, last);
    this.#count(last === this.position ? outcome : this.#goneAs(this.position), member);
  }

  /** Records the outcomes of earlier broadcasts sent with this one, and of those left out. */
  #recordEarlier(
    member: Member,
    entries: readonly LogEntry[],
    outcomes: readonly (MemberOutcome | undefined)[],
  ): void {
    const { log, early } = this.#parts;
    const first = (member.served ?? this.position - 1) + 1;
    for (let position = first, at = 0; position < this.position; position++) {
      const isHere = entries[at]?.position === position;
      const outcome = isHere ? outcomes[at++] : this.#goneAs(position);
      const isCounted = log.header(position) === undefined || log.state(position) !== null;
      if (outcome !== undefined && !isCounted) early.add(position, member, outcome);
    }
  }

  /** Why a broadcast is no longer sent. */
  #goneAs(position: number): "expired" | "collapsed" {
    const { log, host } = this.#parts;
    return (log.header(position)?.expiresAt ?? 0) <= host.now() ? "expired" : "collapsed";
  }

  #count(outcome: MemberOutcome, member: Member): void {
    this.#counts[outcome]++;
    if (outcome === "owed") this.#owing.add(member);
    if (outcome === "acknowledged") this.#counts.delivered++;
  }

  #failed({ member, tries }: Attempt, error: unknown, entries: readonly LogEntry[]): void {
    if (tries + 1 < LIMITS.FAN_OUT_TRIES) {
      const { host } = this.#parts;
      const at = host.now() + backoffMs(tries + 1, host.random());
      this.#retries.push({ at, next: { member, tries: tries + 1 } });
      return;
    }
    // It stays attached: its node retries, and so does the next broadcast.
    const now = this.#parts.host.now();
    const outcomes = entries.map(({ seq, expiresAt }) =>
      isNowOrNever(seq) || expiresAt <= now ? "failed" : "owed",
    );
    this.#recordEarlier(member, entries, outcomes);
    member.served = null;
    const isLast = entries.at(-1)?.position === this.position;
    this.#count((isLast ? outcomes.at(-1) : undefined) ?? this.#goneAs(this.position), member);
    this.#parts.host.reportError(error);
  }

  /** Fails calls that hang. */
  #giveUp(now: number): void {
    for (const { next, from, entries, close } of this.#open) {
      if (now >= from && now - from < HUNG_MS) return;
      close();
      this.#failed(next, new Error(`a device did not answer for ${HUNG_MS} ms`), entries);
    }
  }

  #takeRetries(now: number): void {
    const due = this.#retries.filter(({ at }) => isDue(at, now));
    if (due.length === 0) return;
    this.#retries = this.#retries.filter(({ at }) => !isDue(at, now));
    this.#queue = [...this.#queue.slice(this.#at), ...due.map(({ next }) => next)];
    this.#at = 0;
  }

  /** Cached, because nearly all members were served up to the entry before. */
  #entriesAfter(prev: number | null): Entries {
    const from = prev ?? this.position - 1;
    const now = this.#parts.host.now();
    const { log } = this.#parts;
    const { recalls } = log;
    const known = this.#entries;
    if (known?.prev !== from || known.until <= now || known.recalls !== recalls) {
      const entries = log.between(from, this.position, now);
      const lasting = entries.filter(({ seq }) => !isNowOrNever(seq));
      const until = Math.min(...lasting.map(({ expiresAt }) => expiresAt));
      const trustVersion = newestTrust(entries);
      const read: Entries = { prev: from, entries, until, recalls, trustVersion };
      this.#entries = read;
      return read;
    }
    return known;
  }
}
