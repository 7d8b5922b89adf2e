/** Fans broadcasts out at one node: to its own members and, if asked to drive, to the nodes below it. */
import type { FanOutCounts, LogEntry } from "../calls/broadcast.ts";
import type { FanOutAnswer, FanOutRequest, OwingNodes } from "../calls/fan-out.ts";
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import type { Member, Members } from "../members/members.ts";
import { addCounts, noCounts } from "../outcome/counts.ts";
import { EarlyOutcomes } from "../outcome/early-outcomes.ts";
import type { NodeOutcome } from "../outcome/outcome.ts";
import { MemberDebts } from "./member-debts.ts";
import { MemberFanOut } from "./member-fan-out.ts";
import type { NodeTrust } from "./node-trust.ts";
import { type SubtreeProgress, TreeFanOut } from "./tree-fan-out.ts";

interface NodeFanOutParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly members: Members;
  readonly trust: NodeTrust;
  readonly app: string;
  readonly tagId: string;
  readonly path: string;
  readonly tag: string;
  /** Digits of the children to call. */
  readonly children: () => string;
  readonly onUnknown: (member: Member) => void;
}

/** What became of a broadcast at one node. */
export interface Served {
  readonly counts: FanOutCounts;
  readonly remaining: number;
  readonly done: boolean;
  /** All members were called, and some have not answered. */
  readonly waiting: boolean;
  /** Places of members that could not be called yet; absent in older rows. */
  readonly owing?: readonly number[];
}

/** Progress of the nodes below. */
interface Driven extends SubtreeProgress {
  readonly done: boolean;
  readonly called: boolean;
  /** Paths of nodes that could not be reached. */
  readonly owed: readonly string[];
  readonly owing: OwingNodes;
}

export class NodeFanOut {
  readonly #parts: NodeFanOutParts;
  #debts: MemberDebts | null = null;
  readonly #early = new EarlyOutcomes();
  /** Those under way, by position. */
  readonly #memberFanOuts = new Map<number, MemberFanOut>();
  /** Finished but not written, because an earlier one is not finished; by position. */
  readonly #finished = new Map<number, Served>();
  /** Positions at which all members were served, and the root has not written it yet. */
  readonly #over = new Set<number>();
  #treeFanOut: TreeFanOut | null = null;
  /** Serializes the calls for one position: a driver that started over must not run twice at once. */
  readonly #last = new Map<number, Promise<unknown>>();

  constructor(parts: NodeFanOutParts) {
    this.#parts = parts;
  }

  get isBusy(): boolean {
    const isDriving = this.#treeFanOut?.done === false;
    if (this.#debts?.isBusy === true) return true;
    return (
      this.#last.size > 0 || this.#memberFanOuts.size > 0 || this.#finished.size > 0 || isDriving
    );
  }

  /** Retries members that could not be called. */
  alarm(): Promise<void> {
    return this.#readDebts().alarm();
  }

  /**
   * A member that attached fetches what it lacks itself, so it is no longer called or retried.
   *
   * @param isOwed whether a call of it had failed
   */
  attached(member: Member, isOwed: boolean): void {
    if (isOwed) this.#readDebts().attached(member);
    else this.#debts?.attached(member);
    for (const position of this.#memberFanOuts.keys()) {
      if (this.#early.of(position, member) === undefined)
        this.#early.add(position, member, "deferred");
    }
  }

  /** The outcome of a broadcast is written, and these members are still owed it. */
  owe(position: number, places: readonly number[]): void {
    this.#readDebts().add(position, places);
  }

  fanOut(request: FanOutRequest): Promise<FanOutAnswer> {
    const position = request.entries.at(-1)?.position ?? 0;
    return this.#inTurn(position, () => this.#fanOut(request));
  }

  #inTurn<Answer>(position: number, run: () => Promise<Answer>): Promise<Answer> {
    const before = this.#last.get(position) ?? Promise.resolve();
    const answer = before.then(run, run).finally(() => {
      if (this.#last.get(position) === last) this.#last.delete(position);
    });
    const last = answer.catch(() => {});
    this.#last.set(position, last);
    return answer;
  }

  /**
   * Serves the node's own members, for some time.
   *
   * @param position of an entry of the log
   * @param pace devices a second, now
   * @returns what became of it here so far
   */
  async serve(
    position: number,
    pace: () => number | null,
    sliceMs: number,
    settle: boolean,
  ): Promise<Served> {
    let memberFanOut = this.#memberFanOuts.get(position);
    if (memberFanOut === undefined) {
      memberFanOut = this.#begin(position);
    }
    await memberFanOut.run(pace, sliceMs, settle);
    const { counts, remaining, done, called, owing } = memberFanOut;
    if (done) this.#ended(position);
    return { counts, remaining, done, waiting: called && !done, owing };
  }

  #readDebts(): MemberDebts {
    this.#debts ??= new MemberDebts(this.#parts);
    return this.#debts;
  }

  #begin(position: number): MemberFanOut {
    const memberFanOut = new MemberFanOut({ ...this.#parts, early: this.#early }, position);
    this.#memberFanOuts.set(position, memberFanOut);
    return memberFanOut;
  }

  #ended(position: number): void {
    const { log } = this.#parts;
    this.#memberFanOuts.delete(position);
    this.#early.drop(position);
    for (const each of this.#over) if (log.state(each) !== null) this.#over.delete(each);
    this.#over.add(position);
  }

  /** Whether a broadcast has yet to reach a device that attaches now. */
  willReach(position: number, device: string): boolean {
    if (this.#parts.log.state(position) !== null) return false;
    const memberFanOut = this.#memberFanOuts.get(position);
    return memberFanOut === undefined ? !this.#over.has(position) : memberFanOut.willReach(device);
  }

  async #fanOut(request: FanOutRequest): Promise<FanOutAnswer> {
    const { log, host, path, children } = this.#parts;
    const { entries, gap, pace, sliceMs, settle, drive } = request;
    const first = entries[0];
    const last = entries.at(-1);
    if (first === undefined || last === undefined)
      throw new Error("a fan-out needs at least one entry");
    if (first.position > log.head + 1 && !gap) return { kind: "behind", head: log.head };
    for (const entry of entries) if (entry.position > log.head) log.append(entry, false);

    const end = host.now() + sliceMs;
    const treeFanOut = drive ? this.#treeFanOutOf(last, pace) : null;
    if (treeFanOut !== null) treeFanOut.servesOwn = true;
    const serveOwn = async () => {
      const share = () => (treeFanOut === null ? pace : treeFanOut.share);
      const served = await this.#serveOnce(last.position, share, end, settle);
      if (treeFanOut !== null) treeFanOut.servesOwn = !served.done && !served.waiting;
      return served;
    };
    const drivenBelow = treeFanOut === null ? null : this.#drive(treeFanOut, end, settle);
    const [own, below] = await Promise.all([serveOwn(), drivenBelow]);
    await host.durable();
    const isCalled = own.done || own.waiting;
    const { owed } = own.counts;
    const owing = { ...below?.owing, ...(owed > 0 && own.done ? { [path]: own.counts } : {}) };
    const counts = noCounts();
    addCounts(counts, own.counts);
    if (below !== null) addCounts(counts, below.counts);
    return {
      kind: "progress",
      done: own.done && (below?.done ?? true),
      waiting: isCalled && (below?.called ?? true),
      counts,
      nodes: 1 + (below?.nodes ?? 0),
      remaining: own.remaining + (below?.remaining ?? 0),
      children: children(),
      ...(below === null || below.owed.length === 0 ? {} : { owed: below.owed }),
      ...(Object.keys(owing).length === 0 ? {} : { owing }),
    };
  }

  /** Serves an entry and writes its outcome. After that it is never served again. */
  async #serveOnce(
    position: number,
    pace: () => number | null,
    end: number,
    settle: boolean,
  ): Promise<Served> {
    const { host } = this.#parts;
    const known = this.#known(position);
    if (known !== null) return known;
    let served = this.#finished.get(position);
    if (served === undefined) {
      served = await this.serve(position, pace, Math.max(end - host.now(), 0), settle);
      if (!served.done) return served;
      this.#finished.set(position, served);
    }
    while (!this.#write(position)) {
      // If it were told at once, the driver would ask again at once, and nothing else would get a turn.
      if (!settle || host.now() >= end) return { ...served, done: false, waiting: true };
      await this.#settleBefore(position, end);
    }
    return served;
  }

  /** The stored outcome; null if the entry is not served or not written yet. */
  #known(position: number): Served | null {
    const { log } = this.#parts;
    this.#readDebts().settle();
    const state = log.state(position);
    if (state !== null) {
      const { owing: _, ...counts }: NodeOutcome = JSON.parse(state.outcome);
      return { counts, ...NOTHING_LEFT };
    }
    // The entry is older than the log: there is nothing to do.
    if (log.header(position) === undefined) return { counts: noCounts(), ...NOTHING_LEFT };
    return null;
  }

  /** Runs the fan-outs before a position for some time; the nodes that drove them may have given up. */
  async #settleBefore(position: number, end: number): Promise<void> {
    const { host } = this.#parts;
    const earlier = [...this.#memberFanOuts].filter(([at, { done }]) => at < position && !done);
    const ends = earlier.map(([at, memberFanOut]) =>
      // The later broadcast has reached the members that the pace held back, so no call is left for the pace to limit.
      this.#inTurn(at, () => memberFanOut.run(() => null, Math.max(end - host.now(), 0), true)),
    );
    await Promise.all(ends);
  }

  /**
   * Writes what is finished up to a position, in order: a stored position means that everything before it is done.
   *
   * @returns false if something before it is not finished
   */
  #write(position: number): boolean {
    const { log, members } = this.#parts;
    // Earlier entries that were sent with this one, and that no driver has asked for: each is counted by itself.
    for (let at = position - 1; log.header(at) !== undefined && log.state(at) === null; at--) {
      if (!this.#memberFanOuts.has(at) && !this.#finished.has(at)) this.#begin(at);
    }
    for (const [earlier, memberFanOut] of [...this.#memberFanOuts].sort(([a], [b]) => a - b)) {
      if (earlier > position) break;
      memberFanOut.skipServed();
      if (!memberFanOut.done) return false;
      this.#ended(earlier);
      const { counts, owing } = memberFanOut;
      this.#finished.set(earlier, { counts, owing, ...NOTHING_LEFT });
    }
    for (const [earlier, { counts, owing = [] }] of [...this.#finished].sort(([a], [b]) => a - b)) {
      if (earlier > position) break;
      this.#finished.delete(earlier);
      const outcome: NodeOutcome = owing.length === 0 ? counts : { ...counts, owing };
      log.recordOutcome(earlier, { ...members.marks(), outcome: JSON.stringify(outcome) });
      this.#readDebts().add(earlier, owing);
    }
    log.forgetData();
    return true;
  }

  #treeFanOutOf(entry: LogEntry, pace: number | null): TreeFanOut {
    const { path, children } = this.#parts;
    if (this.#treeFanOut?.position !== entry.position) {
      // Only the root keeps debts to nodes, so what is owed goes up to it.
      this.#treeFanOut = new TreeFanOut({ ...this.#parts, owes: () => false }, entry);
    }
    this.#treeFanOut.pace = pace;
    this.#treeFanOut.add(path, children());
    return this.#treeFanOut;
  }

  async #drive(treeFanOut: TreeFanOut, end: number, settle: boolean): Promise<Driven> {
    const { host } = this.#parts;
    const calling = treeFanOut.call(async () => {});
    const run = settle ? calling.then(() => treeFanOut.settle()) : calling;
    await Promise.race([run, host.sleep(Math.max(end - host.now(), 0))]);
    const { progress, done, called, owed, owing } = treeFanOut;
    return { ...progress, done, called, owed, owing };
  }
}

const NOTHING_LEFT = { remaining: 0, done: true, waiting: false } as const;
