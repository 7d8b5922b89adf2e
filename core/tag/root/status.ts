/** The status of a broadcast: adds what this tag's root knows to the answers of the roots of its other tags. */
import type { BroadcastStatus } from "../calls/broadcast.ts";
import type { NodeDebts } from "../fan-out/node-debts.ts";
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import { rootObjectName } from "../name.ts";
import { noCounts } from "../outcome/counts.ts";
import { joinStatus, rateOf, type TreeOutcome, unknownStatus } from "../outcome/outcome.ts";
import type { LogHeader, LogState } from "../store.ts";
import type { LiveNodes } from "./live-nodes.ts";
import type { OtherTags } from "./other-tags.ts";
import type { BroadcastQueue } from "./queue.ts";
import type { ScheduledBroadcast } from "./schedule.ts";

/** How long a request for a status waits for the roots of other tags. */
const STATUS_MS = 5_000;

interface StatusParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly app: string;
  readonly tag: string;
  readonly queue: BroadcastQueue;
  readonly otherTags: OtherTags;
  readonly debts: NodeDebts;
  readonly liveNodes: LiveNodes;
}

/**
 * @param seq number of the broadcast if it is known: then a few rows are read, otherwise the whole log
 * @returns null for a broadcast that the log does not have
 */
export async function readStatus(
  parts: StatusParts,
  key: Uint8Array,
  seq?: number,
): Promise<BroadcastStatus | null> {
  const { log, otherTags } = parts;
  const header = seq === undefined ? log.find(key) : log.findBySeq(seq, key);
  if (header === undefined) return null;
  const own = ownStatus(parts, header);
  const tags = otherTags.having(header);
  const others = await Promise.all(tags.map((tag) => askRoot(parts, tag, key, own)));
  return others.reduce<BroadcastStatus>((sum, other) => joinStatus(sum, other), own);
}

/** Of a broadcast that waits for its time; one that was cancelled is over. */
export const statusOfScheduled = (
  { seq, cover, sendAt, recalledAt }: ScheduledBroadcast,
  tag: string,
): BroadcastStatus => ({
  ...noCounts(),
  ...{ seq, first: cover[0] ?? tag, nodes: 0, remaining: 0, listeners: 0 },
  ...{ owed: 0, unreached: 0, rate: 0 },
  ...(recalledAt === undefined
    ? { status: "accepted", sendAt, finishedAt: null }
    : { status: "sent", recalledAt, finishedAt: recalledAt }),
});

/** If a root does not answer in time, the status there counts as unknown. */
async function askRoot(
  { host, app }: StatusParts,
  tag: string,
  key: Uint8Array,
  { seq, first }: BroadcastStatus,
): Promise<BroadcastStatus | null> {
  const root = host.node(rootObjectName(app, tag));
  try {
    return await host.withTimeout(STATUS_MS, root.broadcastStatus(key, seq));
  } catch (error) {
    host.reportError(error);
    return unknownStatus(seq, first);
  }
}

function ownStatus(parts: StatusParts, header: LogHeader): BroadcastStatus {
  const { recalledAt, recalls } = header;
  const state = parts.log.state(header.position);
  return {
    ...(state === null ? statusOfJob(parts, header) : statusOfOutcome(parts, header, state)),
    ...(recalledAt === undefined ? {} : { recalledAt }),
    ...(recalls === undefined ? {} : { isRecall: true }),
  };
}

/** Of a broadcast that was served. */
function statusOfOutcome(
  { tag, otherTags, debts }: StatusParts,
  { position, seq, cover }: LogHeader,
  state: LogState,
): BroadcastStatus {
  const outcome: TreeOutcome = JSON.parse(state.outcome);
  const { counts, nodes, listeners, startedAt, finishedAt, unreached = 0 } = outcome;
  const owed = (counts.owed ?? 0) + debts.owed(position) + otherTags.owed(position).length;
  return {
    ...counts,
    status: owed === 0 ? "sent" : "sending",
    ...{ seq, first: cover[0] ?? tag },
    ...{ nodes, listeners, owed, unreached },
    finishedAt: owed === 0 ? finishedAt : null,
    rate: rateOf(counts, finishedAt - startedAt),
    remaining: 0,
  };
}

/** Of a broadcast that waits, or is being served. */
function statusOfJob(
  { host, tag, queue, otherTags, liveNodes }: StatusParts,
  { position, seq, cover }: LogHeader,
): BroadcastStatus {
  const job = queue.job(position);
  const { counts, nodes, remaining } = job?.progress ?? {
    ...{ counts: noCounts(), nodes: 0, remaining: 0 },
  };
  return {
    ...counts,
    status: job === undefined ? "accepted" : "sending",
    ...{ seq, first: cover[0] ?? tag },
    ...{ nodes, remaining },
    owed: counts.owed + (job?.owedNodes.length ?? 0) + otherTags.owed(position).length,
    unreached: otherTags.missed(position).length,
    listeners: liveNodes.sentTo(position),
    rate: job === undefined ? 0 : rateOf(counts, host.now() - job.startedAt),
    finishedAt: null,
  };
}
