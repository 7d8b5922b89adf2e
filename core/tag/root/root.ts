/** What only the root of a tag does: takes broadcasts, has them served one after another, and knows what became of them. */
import { LIMITS } from "../../../schema/limits.ts";
import { backoffMs } from "../../backoff.ts";
import { isReused } from "../../fingerprint.ts";
import { HybridClock, seqTimeMs } from "../../message/clock.ts";
import { SingleFlight } from "../../single-flight.ts";
import type { NodeProgress } from "../fan-out/node-call.ts";
import { NodeDebts } from "../fan-out/node-debts.ts";
import type { NodeFanOut, Served } from "../fan-out/node-fan-out.ts";
import { OwingNodePolls } from "../fan-out/owing-nodes.ts";
import { TreeFanOut } from "../fan-out/tree-fan-out.ts";
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import type { Members } from "../members/members.ts";
import { nodeObjectName, tagIdOf } from "../name.ts";
import { addCounts, type Counting, noCounts } from "../outcome/counts.ts";
import {
  addToOutcome,
  boundOwing,
  joinStatus,
  rateOf,
  type TreeOutcome,
  unknownStatus,
} from "../outcome/outcome.ts";
import type { LogHeader, NodeRecord } from "../store.ts";
import type {
  BroadcastAnswer,
  BroadcastRequest,
  BroadcastStatus,
  LiveReport,
  LogEntry,
} from "../types.ts";
import { broadcastRefusal, takenAtOf } from "./admission.ts";
import { HandOns } from "./hand-ons.ts";
import { Listeners } from "./listeners.ts";

/** How long the row of a broadcast waits for the roots of its other tags. */
const HAND_ON_MS = 1_000;
/** How long who asks for a status waits for the roots of other tags. */
const STATUS_MS = 5_000;

export interface RootParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly members: Members;
  readonly fanOut: NodeFanOut;
  readonly app: string;
  readonly tagId: string;
  readonly tag: string;
  readonly record: () => NodeRecord;
  /** Writes the node's record: one row. */
  readonly change: (change: Partial<NodeRecord>) => void;
  readonly children: () => string;
  /** Something changed that the directory shows. */
  readonly onChange: () => void;
}

/** A broadcast that is being served. */
interface Job {
  readonly entry: LogEntry;
  readonly treeFanOut: TreeFanOut;
  readonly startedAt: number;
  own: Served;
  /** Resolves when everybody was called, or it failed; null from then on. */
  calling: Promise<void> | null;
  /** Resolves when it is settled and written. */
  ended: Promise<void>;
}

export class Root {
  readonly #parts: RootParts;
  /** Null until there is a broadcast to number: it goes by all that the log holds. */
  #clock: HybridClock | null = null;
  readonly #listeners: Listeners;
  readonly #debts: NodeDebts;
  readonly #handOns: HandOns;
  readonly #owingNodes: OwingNodePolls;
  /** By position: other tags that did not take a broadcast in time, while it is served. */
  readonly #missing = new Map<number, readonly string[]>();
  /** Those under way: more than one where a more urgent one came in between. */
  readonly #jobs = new Map<number, Job>();
  readonly #working = new SingleFlight();
  /** How often in a row the work failed. */
  #failures = 0;
  /** Tells `#work` that something came. */
  #poke: () => void = () => {};

  constructor(parts: RootParts) {
    this.#parts = parts;
    const [oldest] = parts.log.unserved;
    this.#listeners = new Listeners(parts, (oldest?.position ?? parts.log.head + 1) - 1);
    this.#debts = new NodeDebts(parts, (position, progress) => this.#credit(position, progress));
    this.#owingNodes = new OwingNodePolls(parts);
    this.#handOns = new HandOns(parts, (...end) => this.#handedOn(...end));
    for (const header of parts.log.open) {
      this.#handOns.add(header.position, this.#owes(header));
    }
  }

  get isBusy(): boolean {
    return (
      this.#working.isRunning ||
      this.#debts.isBusy ||
      this.#owingNodes.isBusy ||
      this.#handOns.isBusy
    );
  }

  /** Live listeners of all regions; where the root slept since, it asks. */
  async listeners(): Promise<number> {
    await this.#listeners.learn();
    return this.#listeners.count;
  }

  /** Milliseconds since 1970; null for never. */
  get lastBroadcastAt(): number | null {
    const last = this.#parts.log.header(this.#parts.log.head);
    return last === undefined ? null : seqTimeMs(last.seq);
  }

  countListeners(report: LiveReport): Promise<void> {
    return this.#listeners.report(report);
  }

  /** Appends to the log: one row, and the alarm. */
  broadcast(request: BroadcastRequest): BroadcastAnswer {
    const { log, host } = this.#parts;
    const known = log.find(request.key);
    if (known !== undefined) {
      return isReused(request.fingerprint, known.fingerprint)
        ? { ok: false, code: "idempotency_key_reused" }
        : { ok: true, seq: known.seq };
    }
    const now = host.now();
    const unserved = log.unserved;
    const waiting = unserved.filter(({ position }) => !this.#jobs.has(position)).length;
    const refused = broadcastRefusal({ log, oldest: unserved[0], waiting, now });
    if (refused !== null) return refused;
    const { app: _, ttlSeconds, accepted, ...message } = request;
    const clock = this.#readClock();
    if (accepted !== undefined) clock.observe(accepted.seq);
    const given = accepted ?? {
      seq: clock.next(now, ttlSeconds === 0),
      expiresAt: now + ttlSeconds * 1_000,
    };
    const position = log.head + 1;
    const entry: LogEntry = { ...message, position, ...given, ...takenAtOf(given.seq, now) };
    log.append(entry, true);
    this.#handOns.add(entry.position, this.#owes(entry));
    host.setAlarm(now);
    this.#parts.onChange();
    return { ok: true, seq: entry.seq };
  }

  /** What was taken is durable: live listeners have it before it waits for its turn. */
  begin(): void {
    this.#listeners.publish();
    this.#handOns.run().catch(this.#parts.host.reportError);
    this.#poke();
    this.#overtake().catch(this.#parts.host.reportError);
    // It sees to its own failures; but telling the alarm of one is a write, and may fail, too.
    this.work().catch(this.#parts.host.reportError);
  }

  /**
   * What became of the broadcast of this key, with what the roots of its other tags say.
   *
   * @param number of the broadcast, where it is known: it is found by a few rows then
   */
  async status(key: Uint8Array, number?: number): Promise<BroadcastStatus | null> {
    const { log } = this.#parts;
    const header = number === undefined ? log.find(key) : log.findBySeq(number, key);
    if (header === undefined) return null;
    const own = this.#statusOf(header);
    // What is owed to a tag is told by this root.
    const owed = this.#handOns.owed(header.position);
    const missed = this.#missed(header.position);
    const asked = (tag: string) => !owed.includes(tag) && !missed.includes(tag);
    const tags = this.#othersOf(header).filter(asked);
    const others = await Promise.all(tags.map((tag) => this.#ask(tag, key, own)));
    return others.reduce<BroadcastStatus>((sum, other) => joinStatus(sum, other), own);
  }

  /** What another root says; where it does not in time, what became of it there is not known yet. */
  async #ask(
    tag: string,
    key: Uint8Array,
    { seq, first }: BroadcastStatus,
  ): Promise<BroadcastStatus | null> {
    const { host } = this.#parts;
    try {
      return await host.withTimeout(STATUS_MS, this.#rootOf(tag).broadcastStatus(key, seq));
    } catch (error) {
      host.reportError(error);
      return unknownStatus(seq, first);
    }
  }

  /** The alarm has come: serves what waits, and tries again those that could not be reached. */
  async alarm(): Promise<void> {
    await Promise.all([
      ...[this.work(), this.#debts.alarm(), this.#owingNodes.alarm()],
      ...[this.#listeners.alarm(), this.#handOns.run()],
    ]);
  }

  /**
   * The time has come to tell others: live nodes of each other.
   *
   * @returns false where one could not be asked how many listen there
   */
  async tellListeners(): Promise<boolean> {
    const areKnown = await this.#listeners.prune();
    this.#listeners.tell();
    return areKnown;
  }

  /** Serves what waits, until nothing does; rejects where it cannot even say that it is to be tried again. */
  work(): Promise<void> {
    return this.#working.run(() => this.#work());
  }

  async #work(): Promise<void> {
    try {
      this.#listeners.publish();
      for (;;) {
        await this.#serveAll(4);
        this.#failures = 0;
        if (this.#jobs.size === 0) return;
        const newcomer = new Promise<void>((resolve) => {
          this.#poke = resolve;
        });
        const ends = [...this.#jobs.values()].map(({ calling, ended }) => calling ?? ended);
        await Promise.race([...ends, newcomer]);
      }
    } catch (error) {
      this.#tryAgain(error);
    }
  }

  #tryAgain(error: unknown): void {
    const { host } = this.#parts;
    host.reportError(error);
    host.setAlarm(host.now() + backoffMs(++this.#failures, host.random()));
  }

  /** What is more urgent than all that is being sent begins at once: the others only look between two of their slices. */
  async #overtake(): Promise<void> {
    const sending = [...this.#jobs.values()].filter(({ calling }) => calling !== null);
    if (sending.length === 0) return;
    try {
      await this.#serveAll(Math.min(...sending.map(({ entry }) => entry.lane)));
    } catch (error) {
      this.#tryAgain(error);
    }
  }

  /** Serves what is more urgent than a broadcast, and waits for what of that is being sent already. */
  async #urgent(lane: number): Promise<void> {
    await this.#serveAll(lane);
    const others = [...this.#jobs.values()].filter(({ entry }) => entry.lane < lane);
    await Promise.all(others.map(({ calling }) => calling));
  }

  /** @param below only what is more urgent than this lane; 4 for all */
  async #serveAll(below: number): Promise<void> {
    for (;;) {
      const next = this.#next(below);
      if (next === undefined) return;
      await this.#serve(next);
    }
  }

  /** The most urgent of what waits, the oldest first; not what is under way. */
  #next(below: number): LogHeader | undefined {
    let next: LogHeader | undefined;
    for (const header of this.#parts.log.unserved) {
      if (header.lane >= below || this.#jobs.has(header.position)) continue;
      if (next === undefined || header.lane < next.lane) next = header;
    }
    return next;
  }

  /** Of what the log holds, which the search for the broadcast's key has read. */
  #readClock(): HybridClock {
    if (this.#clock !== null) return this.#clock;
    this.#clock = new HybridClock();
    for (const { seq } of this.#parts.log.headers()) this.#clock.observe(seq);
    return this.#clock;
  }

  /** Resolves when everybody was called; the answers are waited for beside what comes next. */
  async #serve(header: LogHeader): Promise<void> {
    const { host, log } = this.#parts;
    const entry = log.entry(header.position);
    if (entry === undefined) throw new Error(`entry ${header.position} is unreadable`);
    const owes = (path: string) => this.#debts.owes(path);
    const treeFanOut = new TreeFanOut({ ...this.#parts, path: "", owes }, entry);
    const own: Served = { counts: noCounts(), remaining: 0, done: false, waiting: false };
    const ended = Promise.resolve();
    const job: Job = {
      entry,
      treeFanOut,
      startedAt: host.now(),
      own,
      calling: null,
      ended,
    };
    this.#jobs.set(entry.position, job);
    const calling = this.#callAll(job);
    job.calling = calling.catch(() => {});
    try {
      await calling;
    } catch (error) {
      this.#jobs.delete(entry.position);
      throw error;
    } finally {
      job.calling = null;
    }
    job.ended = this.#settle(job);
    // Whoever waits for all jobs hears of it; nobody may be waiting yet.
    job.ended.catch(() => {});
  }

  async #callAll(job: Job): Promise<void> {
    const { host, fanOut, children } = this.#parts;
    const { entry, treeFanOut } = job;
    const { position, lane } = entry;
    // Both who serve here wait for what is more urgent, whichever of them begins it.
    const urging = new SingleFlight();
    const urgent = () => urging.run(() => this.#urgent(lane).catch(host.reportError));
    treeFanOut.servesOwn = true;
    treeFanOut.add("", children());
    const below = treeFanOut.call(urgent);
    const share = () => treeFanOut.share;
    const serveOwn = async () => {
      while (!job.own.done && !job.own.waiting) {
        await urgent();
        job.own = await fanOut.serve(position, share, LIMITS.SLICE_MS, false);
      }
      treeFanOut.servesOwn = false;
    };
    await Promise.all([serveOwn(), below]);
  }

  async #settle(job: Job): Promise<void> {
    const { host, log, fanOut, members } = this.#parts;
    const { entry, treeFanOut, startedAt } = job;
    const { position, pace } = entry;
    try {
      const serveOwn = async () => {
        while (!job.own.done)
          job.own = await fanOut.serve(position, () => pace, LIMITS.SLICE_MS, true);
      };
      await Promise.all([treeFanOut.settle(), serveOwn(), this.#handedOnSoon(position)]);
      // A live node that cannot be called is owed it by then.
      await this.#listeners.reach(position);
      const listeners = this.#listeners.sentTo(position);
      const { counts, nodes } = this.#sum(job);
      const owingNodes = boundOwing(treeFanOut.owing, counts, LIMITS.NODE_DEBTS);
      const owingPaths = Object.keys(owingNodes);
      const owes = this.#handOns.owed(position);
      const { owing = [] } = job.own;
      const missed = this.#missed(position);
      this.#missing.delete(position);
      const ending: TreeOutcome = {
        ...{
          counts,
          nodes,
          listeners,
          startedAt,
          finishedAt: host.now(),
          unreached: missed.length,
        },
        ...(missed.length === 0 ? {} : { missed }),
        ...(owes.length === 0 ? {} : { owes }),
        ...(owing.length === 0 ? {} : { owing }),
        ...(owingPaths.length === 0 ? {} : { owingNodes }),
      };
      log.serve(position, { ...members.marks(), outcome: JSON.stringify(ending) });
      this.#debts.add(position, treeFanOut.owed);
      fanOut.owe(position, owing);
      this.#owingNodes.add(position, owingPaths);
      log.forgetData();
      await host.durable();
    } finally {
      this.#jobs.delete(position);
    }
  }

  /** A node that was owed the broadcast has it, or it has expired. */
  #credit(position: number, progress: NodeProgress | null): void {
    const { log, host } = this.#parts;
    const state = log.state(position);
    if (state === null) return;
    const more = {
      counts: progress?.counts ?? noCounts(),
      nodes: progress?.nodes ?? 0,
      unreached: Number(progress === null),
      ...(progress?.owing === undefined ? {} : { owingNodes: progress.owing }),
    };
    const outcome = addToOutcome(state.outcome, more, host.now());
    log.serve(position, { ...state, outcome });
    if (progress?.owing !== undefined) this.#owingNodes.add(position, Object.keys(progress.owing));
  }

  /** Mostly it is handed on by the time that its members have it, and its row need not be written again. */
  async #handedOnSoon(position: number): Promise<void> {
    if (this.#handOns.owed(position).length === 0) return;
    await Promise.race([this.#handOns.run(), this.#parts.host.sleep(HAND_ON_MS)]);
  }

  /** Another tag has a broadcast of this one, or does not get it any more. */
  #handedOn(position: number, tag: string, isTaken: boolean): void {
    const { log, host } = this.#parts;
    const state = log.state(position);
    if (state === null) {
      if (!isTaken) this.#missing.set(position, [...this.#missed(position), tag]);
      return;
    }
    const more = {
      ...{ paid: tag, unreached: Number(!isTaken) },
      ...(isTaken ? {} : { missed: tag }),
    };
    const outcome = addToOutcome(state.outcome, more, host.now());
    log.serve(position, { ...state, outcome });
  }

  /** Other tags that did not get a broadcast in time. */
  #missed(position: number): readonly string[] {
    const outcome = this.#parts.log.state(position)?.outcome;
    if (outcome?.includes('"missed"') !== true) return this.#missing.get(position) ?? [];
    return (JSON.parse(outcome) as TreeOutcome).missed ?? [];
  }

  /** Tags whose roots are still to be given a broadcast, as it is stored. */
  #owes(header: Pick<LogHeader, "position" | "cover">): readonly string[] {
    const state = this.#parts.log.state(header.position);
    if (state === null) return this.#othersOf(header);
    return header.cover.length === 1 ? [] : ((JSON.parse(state.outcome) as TreeOutcome).owes ?? []);
  }

  /** The other tags of a broadcast; of one that another root handed on, none. */
  #othersOf({ cover }: Pick<LogHeader, "cover">): readonly string[] {
    return cover[0] === this.#parts.tag ? cover.slice(1) : [];
  }

  #rootOf(tag: string) {
    const { app, host } = this.#parts;
    return host.node(nodeObjectName({ app, tagId: tagIdOf(app, tag), path: "" }));
  }

  #sum({ treeFanOut, own }: Job): { counts: Counting; nodes: number; remaining: number } {
    const below = treeFanOut.progress;
    const counts = noCounts();
    addCounts(counts, own.counts);
    addCounts(counts, below.counts);
    return { counts, nodes: 1 + below.nodes, remaining: own.remaining + below.remaining };
  }

  #statusOf({ position, seq, cover }: LogHeader): BroadcastStatus {
    const { log, host, tag } = this.#parts;
    const first = cover[0] ?? tag;
    const state = log.state(position);
    if (state !== null) {
      const ending: TreeOutcome = JSON.parse(state.outcome);
      const { counts, nodes, listeners, startedAt, unreached = 0 } = ending;
      const rate = rateOf(counts, ending.finishedAt - startedAt);
      const owedTags = this.#handOns.owed(position).length;
      const owed = (counts.owed ?? 0) + this.#debts.owed(position) + owedTags;
      const status = owed === 0 ? "sent" : "sending";
      const finishedAt = owed === 0 ? ending.finishedAt : null;
      const told = { ...counts, status, seq, first, nodes, listeners, owed, unreached } as const;
      return { ...told, finishedAt, rate, remaining: 0 };
    }
    const job = this.#jobs.get(position);
    const { counts, nodes, remaining } =
      job === undefined ? { counts: noCounts(), nodes: 0, remaining: 0 } : this.#sum(job);
    return {
      ...counts,
      status: job === undefined ? "accepted" : "sending",
      seq,
      first,
      nodes,
      remaining,
      owed: counts.owed + (job?.treeFanOut.owed.length ?? 0) + this.#handOns.owed(position).length,
      unreached: this.#missed(position).length,
      listeners: this.#listeners.sentTo(position),
      rate: job === undefined ? 0 : rateOf(counts, host.now() - job.startedAt),
      finishedAt: null,
    };
  }
}
