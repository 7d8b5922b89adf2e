/** The fan-out of one node: to its own members, and where it is asked to drive, to the nodes below it. */
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import type { Member, Members } from "../members/members.ts";
import { addCounts, noCounts } from "../outcome/counts.ts";
import { EarlyOutcomes } from "../outcome/early-outcomes.ts";
import type { NodeOutcome } from "../outcome/outcome.ts";
import type { FanOutAnswer, FanOutCounts, FanOutRequest, LogEntry, OwingNodes } from "../types.ts";
import { MemberDebts } from "./member-debts.ts";
import { MemberFanOut } from "./member-fan-out.ts";
import { type SubtreeProgress, TreeFanOut } from "./tree-fan-out.ts";

export interface NodeFanOutParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly members: Members;
  readonly app: string;
  readonly tagId: string;
  readonly path: string;
  readonly tag: string;
  /** Digits of the children there are. */
  readonly children: () => string;
  readonly onUnknown: (member: Member) => void;
}

/** What became of a broadcast at one node. */
export interface Served {
  readonly counts: FanOutCounts;
  readonly remaining: number;
  readonly done: boolean;
  /** Everybody was called, and some have not answered. */
  readonly waiting: boolean;
  /** Places of members that could not be called yet; absent for what was written before. */
  readonly owing?: readonly number[];
}

/** How far the nodes below are. */
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
  /** Passes that are not done, by position. */
  readonly #memberFanOuts = new Map<number, MemberFanOut>();
  /** Finished, and not written because something before is not, by position. */
  readonly #finished = new Map<number, Served>();
  /** Everybody was served, and the root has not written so yet. */
  readonly #over = new Set<number>();
  #treeFanOut: TreeFanOut | null = null;
  /** One call of a position at a time, for a driver that began anew must not run beside itself. */
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

  /** Tries the members again that could not be called. */
  alarm(): Promise<void> {
    return this.#readDebts().alarm();
  }

  /**
   * A member fetches by itself what it lacks: who was to be called, or called again, is so no more.
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

  /** What became of a broadcast is written, and these members are still to have it. */
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

  /** Whether a device that attaches now is still to be reached by a broadcast. */
  isAhead(position: number, device: string): boolean {
    if (this.#parts.log.state(position) !== null) return false;
    const memberFanOut = this.#memberFanOuts.get(position);
    return memberFanOut === undefined ? !this.#over.has(position) : memberFanOut.isAhead(device);
  }

  async #fanOut(request: FanOutRequest): Promise<FanOutAnswer> {
    const { log, host, path, children } = this.#parts;
    const { entries, gap, pace, sliceMs, settle, drive } = request;
    const first = entries[0];
    const last = entries.at(-1);
    if (first === undefined || last === undefined) throw new Error("a fan-out of nothing");
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

  /** Serves an entry and writes what became of it: then it is known for good, and served no more. */
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
      // To be told so at once, the driver would ask again at once, and nobody else would get a turn.
      if (!settle || host.now() >= end) return { ...served, done: false, waiting: true };
      await this.#settleBefore(position, end);
    }
    return served;
  }

  /** What is stored; null where the entry is still to be served, or to be written. */
  #known(position: number): Served | null {
    const { log } = this.#parts;
    this.#readDebts().settle();
    const state = log.state(position);
    if (state !== null) {
      const { owing: _, ...counts }: NodeOutcome = JSON.parse(state.outcome);
      return { counts, ...NOTHING_LEFT };
    }
    // A driver that comes for something older than all that is here comes in vain.
    if (log.header(position) === undefined) return { counts: noCounts(), ...NOTHING_LEFT };
    return null;
  }

  /** Ends the passes before a position, for some time; their own drivers may have given them up. */
  async #settleBefore(position: number, end: number): Promise<void> {
    const { host } = this.#parts;
    const earlier = [...this.#memberFanOuts].filter(([at, { done }]) => at < position && !done);
    const ends = earlier.map(([at, memberFanOut]) =>
      // Whom their pace held back, the later broadcast has reached: there is nobody left to be called at that pace.
      this.#inTurn(at, () => memberFanOut.run(() => null, Math.max(end - host.now(), 0), true)),
    );
    await Promise.all(ends);
  }

  /**
   * Writes what is finished up to a position; in order, for what is stored is taken for all there is up to then.
   *
   * @returns false where something before it is not finished
   */
  #write(position: number): boolean {
    const { log, members } = this.#parts;
    // Those that this one has brought along, and whose own drivers have not come: each is counted by itself.
    for (let at = position - 1; log.header(at) !== undefined && log.state(at) === null; at--) {
      if (!this.#memberFanOuts.has(at) && !this.#finished.has(at)) this.#begin(at);
    }
    for (const [earlier, memberFanOut] of [...this.#memberFanOuts].sort(([a], [b]) => a - b)) {
      if (earlier > position) break;
      memberFanOut.skim();
      if (!memberFanOut.done) return false;
      this.#ended(earlier);
      const { counts, owing } = memberFanOut;
      this.#finished.set(earlier, { counts, owing, ...NOTHING_LEFT });
    }
    for (const [earlier, { counts, owing = [] }] of [...this.#finished].sort(([a], [b]) => a - b)) {
      if (earlier > position) break;
      this.#finished.delete(earlier);
      const outcome: NodeOutcome = owing.length === 0 ? counts : { ...counts, owing };
      log.serve(earlier, { ...members.marks(), outcome: JSON.stringify(outcome) });
      this.#readDebts().add(earlier, owing);
    }
    log.forgetData();
    return true;
  }

  #treeFanOutOf(entry: LogEntry, pace: number | null): TreeFanOut {
    const { path, children } = this.#parts;
    if (this.#treeFanOut?.position !== entry.position) {
      // What it owes is told to the root, which alone keeps debts.
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
