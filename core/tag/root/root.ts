/** What only the root of a tag does: accepts broadcasts, has them served, and records their outcomes. */
import { LIMITS } from "../../../schema/limits.ts";
import { isReused } from "../../fingerprint.ts";
import { HybridClock } from "../../message/clock.ts";
import type {
  BroadcastAnswer,
  BroadcastRecallAnswer,
  BroadcastRecallRequest,
  BroadcastRequest,
  BroadcastStatus,
  LogEntry,
} from "../calls/broadcast.ts";
import type { LiveReport } from "../calls/live.ts";
import type { NodeProgress } from "../fan-out/node-call.ts";
import { NodeDebts } from "../fan-out/node-debts.ts";
import type { NodeFanOut } from "../fan-out/node-fan-out.ts";
import { OwingNodePolls } from "../fan-out/owing-nodes.ts";
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import { recallKey } from "../log/recalled.ts";
import type { Members } from "../members/members.ts";
import { noCounts } from "../outcome/counts.ts";
import { addToOutcome, limitOwing, type TreeOutcome } from "../outcome/outcome.ts";
import type { NodeRecord } from "../store.ts";
import { broadcastRefusal, scheduleFull, takenAt, takenAtOf } from "./admission.ts";
import { Job } from "./job.ts";
import { LiveNodes } from "./live-nodes.ts";
import { OtherTags } from "./other-tags.ts";
import { BroadcastQueue } from "./queue.ts";
import { recallOf } from "./recall.ts";
import type { Schedule } from "./schedule.ts";
import { readStatus, statusOfScheduled } from "./status.ts";

/** How soon, and how often, a recall looks whether everyone was told. */
const RECALL_LOOK_MS = 20;
const RECALL_LOOKS_MS = 500;
const NOT_FOUND = { ok: false, code: "message_not_found" } as const;

interface RootParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly members: Members;
  readonly fanOut: NodeFanOut;
  readonly schedule: Schedule;
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

export class Root {
  readonly #parts: RootParts;
  /** Null until the first broadcast: it starts from the numbers in the log. */
  #clock: HybridClock | null = null;
  readonly #liveNodes: LiveNodes;
  readonly #debts: NodeDebts;
  readonly #otherTags: OtherTags;
  readonly #owingNodes: OwingNodePolls;
  readonly #queue: BroadcastQueue;
  /** Position of the last broadcast that is durable. A later one may be refused after all, so nobody is sent it. */
  #durableHead: number;

  constructor(parts: RootParts) {
    this.#parts = parts;
    const { host, log } = parts;
    const [oldest] = log.unserved;
    this.#durableHead = log.head;
    const durableHead = () => this.#durableHead;
    const upTo = (oldest?.position ?? log.head + 1) - 1;
    this.#liveNodes = new LiveNodes({ ...parts, durableHead }, upTo);
    this.#debts = new NodeDebts(parts, (position, progress) => this.#credit(position, progress));
    this.#owingNodes = new OwingNodePolls(parts);
    this.#otherTags = new OtherTags(parts);
    const owes = (path: string) => this.#debts.owes(path);
    this.#queue = new BroadcastQueue({
      ...{ host, log, durableHead },
      makeJob: (entry) => new Job({ ...parts, owes }, entry),
      settle: (job) => this.#settle(job),
    });
  }

  get isBusy(): boolean {
    return (
      this.#queue.isBusy || this.#debts.isBusy || this.#owingNodes.isBusy || this.#otherTags.isBusy
    );
  }

  /** Live listeners of all regions. Asks the live nodes, if the root slept since they reported. */
  async listeners(): Promise<number> {
    await this.#liveNodes.learn();
    return this.#liveNodes.count;
  }

  /** Milliseconds since 1970; null for never. */
  get lastBroadcastAt(): number | null {
    const last = this.#parts.log.header(this.#parts.log.head);
    return last === undefined ? null : takenAt(last);
  }

  /** Tells the live nodes who may listen now. */
  tellAccess(): void {
    this.#liveNodes.tellAccess();
  }

  countListeners(report: LiveReport): Promise<void> {
    return this.#liveNodes.report(report);
  }

  /** Appends a broadcast to the log, and begins to serve it once that is durable. */
  async broadcast(request: BroadcastRequest): Promise<BroadcastAnswer> {
    const answer = this.#append(request);
    const { head } = this.#parts.log;
    await this.#parts.host.durable();
    if (answer.ok) this.#begin(head);
    return answer;
  }

  /** One row, and the alarm. */
  #append(request: BroadcastRequest): BroadcastAnswer {
    const { log, host, schedule } = this.#parts;
    const known = schedule.find(request.key) ?? log.find(request.key);
    // The recall of an earlier broadcast with its key is no recall of this one.
    if (known !== undefined && known.recalls === request.recalls) {
      return isReused(request.fingerprint, known.fingerprint)
        ? { ok: false, code: "idempotency_key_reused" }
        : { ok: true, seq: known.seq };
    }
    // Its recall has overtaken it on the way from another root, which called here again meanwhile.
    const overtaken = request.accepted && log.find(recallKey(request.key));
    if (overtaken && overtaken.recalls === request.accepted?.seq)
      return { ok: true, seq: overtaken.recalls };
    const now = host.now();
    const { waiting } = this.#queue;
    const refused = broadcastRefusal({ log, oldest: log.unserved[0], waiting, now });
    if (refused !== null) return refused;
    const { app: _, ttlSeconds, accepted, sendAt = now, ...message } = request;
    const clock = this.#readClock();
    if (sendAt > now) {
      if (schedule.isFull) return scheduleFull();
      const seq = clock.next(now, false);
      schedule.add({ ...message, seq, expiresAt: sendAt + ttlSeconds * 1_000, sendAt });
      host.setAlarm(sendAt);
      return { ok: true, seq };
    }
    if (accepted !== undefined) clock.observe(accepted.seq);
    const given = accepted ?? {
      seq: clock.next(now, ttlSeconds === 0),
      expiresAt: now + ttlSeconds * 1_000,
    };
    const position = log.head + 1;
    const entry: LogEntry = { ...message, position, ...given, ...takenAtOf(given.seq, now) };
    log.append(entry, true);
    host.setAlarm(now);
    this.#parts.onChange();
    return { ok: true, seq: entry.seq };
  }

  /** Broadcasts whose time has come take their places in the log; cancelled ones, too, so that a repeated send is still recognized. */
  #release(): void {
    const { schedule, host, app } = this.#parts;
    for (const waiting of schedule.due(host.now())) {
      const { position: _, bytes: __, sendAt: ___, seq, expiresAt, ...message } = waiting;
      const accepted = { seq, expiresAt };
      // In the log it is no repetition of itself.
      const data = schedule.dataOf(waiting);
      schedule.remove(waiting);
      const answer = this.#append({ ...message, app, data, ttlSeconds: 0, accepted });
      // The app was deleted, or there is no room yet.
      if (answer.ok || answer.retryAfterMs === undefined) continue;
      schedule.add({ ...message, data, seq, expiresAt, sendAt: host.now() + answer.retryAfterMs });
    }
    const { nextAt } = schedule;
    if (nextAt !== null) host.setAlarm(nextAt);
  }

  /** Broadcasts the recall of a broadcast: two rows, and the alarm. Then waits until everyone was told. */
  async recall(request: BroadcastRecallRequest): Promise<BroadcastRecallAnswer> {
    const { log, app, host, schedule } = this.#parts;
    const { key, seq, trustVersion, waitMs } = request;
    if (schedule.cancel(key, seq, host.now())) {
      await host.durable();
      const status = await this.status(key, seq);
      return status ? { ok: true, broadcast: status, recall: status } : NOT_FOUND;
    }
    const header = log.findBySeq(seq, key);
    if (header?.seq !== seq || header.recalls !== undefined) return NOT_FOUND;
    const isCancelled =
      header.recalledAt !== undefined && log.find(recallKey(key))?.recalls !== seq;
    const answer = isCancelled
      ? ({ ok: true, seq } as const)
      : await this.broadcast(recallOf(header, app, trustVersion));
    if (!answer.ok) return answer;
    const until = host.now() + waitMs;
    for (let pauseMs = RECALL_LOOK_MS; ; pauseMs = Math.min(2 * pauseMs, RECALL_LOOKS_MS)) {
      const recall = await this.status(isCancelled ? key : recallKey(key));
      const leftMs = until - host.now();
      // Also ends if the clock was set back.
      if (recall === null || recall.status === "sent" || leftMs <= 0 || leftMs > waitMs) {
        const broadcast = await this.status(key, seq);
        return broadcast && recall ? { ok: true, broadcast, recall } : NOT_FOUND;
      }
      await host.sleep(Math.min(pauseMs, leftMs));
    }
  }

  /** Broadcasts up to this position are durable. Live listeners get them at once, before their turn. */
  #begin(position: number): void {
    const { reportError } = this.#parts.host;
    this.#areDurable(position);
    this.#liveNodes.publish();
    this.#otherTags.run().catch(reportError);
    this.#queue.added();
    this.#queue.run().catch(reportError);
  }

  /** @param seq number of the broadcast if it is known: see `readStatus` */
  status(key: Uint8Array, seq?: number): Promise<BroadcastStatus | null> {
    const { host, log, app, tag, schedule } = this.#parts;
    const waiting = schedule.find(key);
    if (waiting !== undefined) return Promise.resolve(statusOfScheduled(waiting, tag));
    const parts = { host, log, app, tag, queue: this.#queue, otherTags: this.#otherTags };
    return readStatus({ ...parts, debts: this.#debts, liveNodes: this.#liveNodes }, key, seq);
  }

  /** Serves what waits, and retries what could not be reached. */
  async alarm(): Promise<void> {
    const { host, log } = this.#parts;
    this.#release();
    const { head } = log;
    if (head > this.#durableHead) {
      // The alarm was set for them as well, and is not set any more once this has ended.
      await host.durable();
      this.#areDurable(head);
    }
    this.#liveNodes.publish();
    await Promise.all([
      ...[this.#queue.run(), this.#debts.alarm(), this.#owingNodes.alarm()],
      ...[this.#liveNodes.alarm(), this.#otherTags.run()],
    ]);
  }

  /**
   * Tells the live nodes how many listen in all, and forgets those without listeners.
   *
   * @returns false if a live node did not say how many listen there
   */
  async tellLiveNodes(): Promise<boolean> {
    const areKnown = await this.#liveNodes.prune();
    this.#liveNodes.tellTotal();
    return areKnown;
  }

  #areDurable(position: number): void {
    for (const header of this.#parts.log.unserved) {
      const isNew = header.position > this.#durableHead && header.position <= position;
      if (isNew) this.#otherTags.add(header);
    }
    this.#durableHead = Math.max(this.#durableHead, position);
  }

  /** The headers are in memory by now: the search for the broadcast's key has read them. */
  #readClock(): HybridClock {
    if (this.#clock !== null) return this.#clock;
    this.#clock = new HybridClock();
    for (const { seq } of this.#parts.log.headers()) this.#clock.observe(seq);
    return this.#clock;
  }

  async #settle(job: Job): Promise<void> {
    const { host, log, fanOut, members } = this.#parts;
    const { entry, startedAt } = job;
    const { position } = entry;
    await Promise.all([job.settle(), this.#otherTags.runSoon(position)]);
    // A live node that cannot be called is owed it from then on.
    await this.#liveNodes.reach(position);
    const listeners = this.#liveNodes.sentTo(position);
    const { counts, nodes } = job.progress;
    const owingNodes = limitOwing(job.owingNodes, counts, LIMITS.NODE_DEBTS);
    const owingPaths = Object.keys(owingNodes);
    const { owing, owedNodes } = job;
    const outcome: TreeOutcome = {
      ...{ counts, nodes, listeners, startedAt, finishedAt: host.now() },
      ...this.#otherTags.take(position),
      ...(owing.length === 0 ? {} : { owing }),
      ...(owingPaths.length === 0 ? {} : { owingNodes }),
    };
    log.recordOutcome(position, { ...members.marks(), outcome: JSON.stringify(outcome) });
    this.#debts.add(position, owedNodes);
    fanOut.owe(position, owing);
    this.#owingNodes.add(position, owingPaths);
    log.forgetData();
    await host.durable();
  }

  /** A debt to a node ended: the node has the broadcast, or it expired (null). */
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
    log.recordOutcome(position, { ...state, outcome });
    if (progress?.owing !== undefined) this.#owingNodes.add(position, Object.keys(progress.owing));
  }
}
