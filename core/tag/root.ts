/** What only the root of a tag does: takes broadcasts, has them served one after another, and knows what became of them. */
import { LIMITS } from "../../schema/limits.ts";
import { HybridClock, seqTimeMs } from "../device/clock.ts";
import { addCounts, noCounts } from "./counts.ts";
import { Debts } from "./debts.ts";
import { Driver } from "./driver.ts";
import type { Fleet, Served } from "./fleet.ts";
import type { TagHost } from "./host.ts";
import { Listeners } from "./listeners.ts";
import type { Log } from "./log.ts";
import type { Members } from "./members.ts";
import { nodeObjectName, tagIdOf } from "./name.ts";
import type { NodeProgress } from "./node-call.ts";
import type { LogHeader, NodeRecord } from "./store.ts";
import type {
  BroadcastAnswer,
  BroadcastRequest,
  BroadcastStatus,
  FanOutCounts,
  LiveReport,
  LogEntry,
} from "./types.ts";

/** Broadcasts that may wait at a tag: nodes remember no more than `LIMITS.LOG_ENTRIES`, and have to come along. */
const WAITING = LIMITS.LOG_ENTRIES / 2;
const RETRY_MS = 1_000;

export interface RootParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly members: Members;
  readonly fleet: Fleet;
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

/** What is written when a broadcast has been served. */
interface Ending {
  readonly counts: FanOutCounts;
  readonly nodes: number;
  readonly listeners: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Nodes that were given up; absent in what was written before there were debts. */
  readonly unreached?: number;
}

/** A broadcast that is being served. */
interface Job {
  readonly entry: LogEntry;
  readonly driver: Driver;
  readonly startedAt: number;
  own: Served;
  /** Resolves when everybody was called, or it failed; null from then on. */
  calling: Promise<void> | null;
  /** Resolves when it is settled and written. */
  ended: Promise<void>;
}

export class Root {
  readonly #parts: RootParts;
  readonly #clock = new HybridClock();
  readonly #listeners: Listeners;
  readonly #debts: Debts;
  /** Those under way: more than one where a more urgent one came in between. */
  readonly #jobs = new Map<number, Job>();
  #working: Promise<void> | null = null;
  /** Tells `#work` that something came. */
  #poke: () => void = () => {};

  constructor(parts: RootParts) {
    this.#parts = parts;
    for (const { seq } of parts.log.headers()) this.#clock.observe(seq);
    const [oldest] = this.#unserved();
    this.#listeners = new Listeners(parts, (oldest?.position ?? parts.log.head + 1) - 1);
    this.#debts = new Debts(parts, (position, progress) => this.#credit(position, progress));
  }

  get isBusy(): boolean {
    return this.#working !== null || this.#debts.isBusy;
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
      const { fingerprint } = request;
      const isReused =
        fingerprint !== undefined &&
        known.fingerprint !== undefined &&
        fingerprint !== known.fingerprint;
      return isReused
        ? { ok: false, code: "idempotency_key_reused" }
        : { ok: true, seq: known.seq };
    }
    const now = host.now();
    const refused = this.#refusal(now);
    if (refused !== null) return refused;
    const { app: _, ttlSeconds, accepted, ...message } = request;
    if (accepted !== undefined) this.#clock.observe(accepted.seq);
    const entry: LogEntry = {
      ...message,
      position: log.head + 1,
      ...(accepted ?? {
        seq: this.#clock.next(now, ttlSeconds === 0),
        expiresAt: now + ttlSeconds * 1_000,
      }),
    };
    log.append(entry, true);
    host.setAlarm(now);
    this.#parts.onChange();
    return { ok: true, seq: entry.seq };
  }

  /** What was taken is durable: live listeners have it before it waits for its turn. */
  begin(): void {
    this.#listeners.publish();
    this.#poke();
    this.#overtake().catch(this.#parts.host.trouble);
    // It sees to its own failures; but telling the alarm of one is a write, and may fail, too.
    this.work().catch(this.#parts.host.trouble);
  }

  /** What became of the broadcast of this key, with what the roots of its other tags say. */
  async status(key: Uint8Array): Promise<BroadcastStatus | null> {
    const header = this.#parts.log.find(key);
    if (header === undefined) return null;
    const own = this.#statusOf(header);
    const others = await Promise.all(
      this.#othersOf(header).map((node) => node.broadcastStatus(key)),
    );
    return others.reduce<BroadcastStatus>((sum, other) => joinStatus(sum, other), own);
  }

  /** The alarm has come: serves what waits, and tries again those that could not be reached. */
  async alarm(): Promise<void> {
    await Promise.all([this.work(), this.#debts.alarm(), this.#listeners.alarm()]);
  }

  /** The time has come to tell others: live nodes of each other. */
  async tellListeners(): Promise<void> {
    await this.#listeners.prune();
    this.#listeners.tell();
  }

  /** Serves what waits, until nothing does; rejects where it cannot even say that it is to be tried again. */
  work(): Promise<void> {
    this.#working ??= this.#work().finally(() => {
      this.#working = null;
    });
    return this.#working;
  }

  async #work(): Promise<void> {
    const { host } = this.#parts;
    try {
      this.#listeners.publish();
      for (;;) {
        await this.#serveAll(4);
        if (this.#jobs.size === 0) return;
        const newcomer = new Promise<void>((resolve) => {
          this.#poke = resolve;
        });
        const ends = [...this.#jobs.values()].map(({ calling, ended }) => calling ?? ended);
        await Promise.race([...ends, newcomer]);
      }
    } catch (error) {
      host.trouble(error);
      host.setAlarm(host.now() + RETRY_MS);
    }
  }

  /** What is more urgent than all that is being sent begins at once: the others only look between two of their slices. */
  async #overtake(): Promise<void> {
    const { host } = this.#parts;
    const sending = [...this.#jobs.values()].filter(({ calling }) => calling !== null);
    if (sending.length === 0) return;
    try {
      await this.#serveAll(Math.min(...sending.map(({ entry }) => entry.lane)));
    } catch (error) {
      host.trouble(error);
      host.setAlarm(host.now() + RETRY_MS);
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
    for (const header of this.#unserved()) {
      if (header.lane >= below || this.#jobs.has(header.position)) continue;
      if (next === undefined || header.lane < next.lane) next = header;
    }
    return next;
  }

  /** Oldest first. */
  #unserved(): LogHeader[] {
    const { log } = this.#parts;
    const unserved: LogHeader[] = [];
    for (const header of log.headers()) {
      if (log.state(header.position) === null) unserved.push(header);
    }
    return unserved.reverse();
  }

  /** Resolves when everybody was called; the answers are waited for beside what comes next. */
  async #serve(header: LogHeader): Promise<void> {
    const { host, log } = this.#parts;
    const entry = log.entry(header.position);
    if (entry === undefined) throw new Error(`entry ${header.position} is unreadable`);
    const owes = (path: string) => this.#debts.owes(path);
    const driver = new Driver({ ...this.#parts, path: "", owes }, entry);
    const own: Served = { counts: noCounts(), remaining: 0, done: false, waiting: false };
    const ended = Promise.resolve();
    const job: Job = { entry, driver, startedAt: host.now(), own, calling: null, ended };
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
    const { host, fleet, children } = this.#parts;
    const { entry, driver } = job;
    const { position, lane } = entry;
    await this.#handOn(entry);
    let urging: Promise<void> | null = null;
    // Both who serve here wait for what is more urgent, whichever of them begins it.
    const urgent = () => {
      urging ??= this.#urgent(lane)
        .catch(host.trouble)
        .finally(() => {
          urging = null;
        });
      return urging;
    };
    driver.servesOwn = true;
    driver.add("", children());
    const below = driver.call(urgent);
    const share = () => driver.share;
    const serveOwn = async () => {
      while (!job.own.done && !job.own.waiting) {
        await urgent();
        job.own = await fleet.serve(position, share, LIMITS.SLICE_MS, false);
      }
      driver.servesOwn = false;
    };
    await Promise.all([serveOwn(), below]);
  }

  async #settle(job: Job): Promise<void> {
    const { host, log, fleet, members } = this.#parts;
    const { entry, driver, startedAt } = job;
    const { position, pace } = entry;
    try {
      const serveOwn = async () => {
        while (!job.own.done)
          job.own = await fleet.serve(position, () => pace, LIMITS.SLICE_MS, true);
      };
      await Promise.all([driver.settle(), serveOwn()]);
      // A live node that cannot be called is owed it by then.
      await this.#listeners.reach(position);
      const listeners = this.#listeners.sentTo(position);
      const { counts, nodes } = this.#sum(job);
      const ending: Ending = { counts, nodes, listeners, startedAt, finishedAt: host.now() };
      log.serve(position, { ...members.marks(), outcome: JSON.stringify(ending) });
      this.#debts.add(position, driver.owed);
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
    const ending: Ending = JSON.parse(state.outcome);
    const counts = { ...ending.counts };
    if (progress !== null) addCounts(counts, progress.counts);
    const nodes = ending.nodes + (progress?.nodes ?? 0);
    const unreached = (ending.unreached ?? 0) + Number(progress === null);
    const credited = { ...ending, counts, nodes, unreached, finishedAt: host.now() };
    log.serve(position, { ...state, outcome: JSON.stringify(credited) });
  }

  /** Gives the broadcast to the roots of the other tags that it is for: the first of them has it from its sender. */
  async #handOn(entry: LogEntry): Promise<void> {
    const { position: _, seq, expiresAt, ...message } = entry;
    const { app } = this.#parts;
    const accepted = { seq, expiresAt };
    for (const node of this.#othersOf(entry)) {
      const answer = await node.broadcast({ ...message, app, ttlSeconds: 0, accepted });
      // A tag that nobody ever joined needs no broadcast.
      if (!answer.ok && answer.code !== "tag_unknown") throw new Error(answer.code);
    }
  }

  #othersOf({ cover }: Pick<LogHeader, "cover">) {
    const { app, host, tag } = this.#parts;
    if (cover[0] !== tag) return [];
    return cover
      .slice(1)
      .map((other) => host.node(nodeObjectName({ app, tagId: tagIdOf(app, other), path: "" })));
  }

  #sum({ driver, own }: Job): { counts: FanOutCounts; nodes: number; remaining: number } {
    const below = driver.progress;
    const counts = noCounts();
    addCounts(counts, own.counts);
    addCounts(counts, below.counts);
    return { counts, nodes: 1 + below.nodes, remaining: own.remaining + below.remaining };
  }

  #statusOf({ position, seq }: LogHeader): BroadcastStatus {
    const { log, host } = this.#parts;
    const state = log.state(position);
    if (state !== null) {
      const ending: Ending = JSON.parse(state.outcome);
      const { counts, nodes, listeners, startedAt, unreached = 0 } = ending;
      const rate = rateOf(counts, ending.finishedAt - startedAt);
      const owed = this.#debts.owed(position);
      const status = owed === 0 ? "sent" : "sending";
      const finishedAt = owed === 0 ? ending.finishedAt : null;
      const told = { ...counts, status, seq, nodes, listeners, owed, unreached } as const;
      return { ...told, finishedAt, rate, remaining: 0 };
    }
    const job = this.#jobs.get(position);
    const { counts, nodes, remaining } =
      job === undefined ? { counts: noCounts(), nodes: 0, remaining: 0 } : this.#sum(job);
    return {
      ...counts,
      status: job === undefined ? "accepted" : "sending",
      seq,
      nodes,
      remaining,
      owed: job?.driver.owed.length ?? 0,
      unreached: 0,
      listeners: this.#listeners.sentTo(position),
      rate: job === undefined ? 0 : rateOf(counts, host.now() - job.startedAt),
      finishedAt: null,
    };
  }

  /** Null where one more broadcast can be taken. */
  #refusal(now: number): BroadcastAnswer | null {
    const { log } = this.#parts;
    const [oldest] = this.#unserved();
    if (oldest !== undefined && log.head - oldest.position >= WAITING) {
      return {
        ok: false,
        code: "broadcast_rate",
        detail: `${WAITING} wait`,
        retryAfterMs: RETRY_MS,
      };
    }
    // What its place in the ring was could be replayed, and would be taken for new.
    const last = log.header(log.head + 1 - LIMITS.ROOT_LOG_ENTRIES);
    if (last === undefined) return null;
    const freeAt = seqTimeMs(last.seq) + LIMITS.BROADCAST_REPLAY_MS;
    if (freeAt <= now) return null;
    const detail = `${LIMITS.ROOT_LOG_ENTRIES} in ${LIMITS.BROADCAST_REPLAY_MS / 1_000} s`;
    return { ok: false, code: "broadcast_rate", detail, retryAfterMs: freeAt - now };
  }
}

const rateOf = ({ attached }: FanOutCounts, ms: number): number =>
  Math.round((attached * 1_000) / Math.max(ms, 1));

const ORDER = ["accepted", "sending", "sent"] as const;

/** A broadcast to several tags is `sent` when it is at all of them. */
function joinStatus(a: BroadcastStatus, b: BroadcastStatus | null): BroadcastStatus {
  if (b === null) return a;
  const counts = noCounts();
  addCounts(counts, a);
  addCounts(counts, b);
  const [least, most] = [a, b].map(({ status }) => ORDER.indexOf(status)).sort((x, y) => x - y) as [
    number,
    number,
  ];
  const status = least === most ? a.status : "sending";
  return {
    ...counts,
    status,
    seq: a.seq,
    nodes: a.nodes + b.nodes,
    remaining: a.remaining + b.remaining,
    // Of a root that runs code from before there were debts.
    owed: a.owed + (b.owed ?? 0),
    unreached: a.unreached + (b.unreached ?? 0),
    listeners: a.listeners + b.listeners,
    rate: a.rate + b.rate,
    finishedAt: status === "sent" ? Math.max(a.finishedAt ?? 0, b.finishedAt ?? 0) : null,
  };
}
