/** Calls another node of the tree, to bring its members up to one entry of the log. */
import { LIMITS } from "../../../schema/limits.ts";
import type { LogEntry } from "../calls/broadcast.ts";
import type { FanOutAnswer } from "../calls/fan-out.ts";
import type { TagHost, TagPeer } from "../host.ts";
import type { Log } from "../log/log.ts";
import { nodeObjectName } from "../name.ts";

export interface NodeCallParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly app: string;
  readonly tagId: string;
  readonly tag: string;
}

export interface NodeCallOptions {
  /** Devices a second at this node; null for no limit. */
  readonly pace: () => number | null;
  readonly settle: boolean;
  readonly drive: boolean;
  /** Awaited before each slice: serves more urgent broadcasts. */
  readonly before?: (() => Promise<void>) | undefined;
}

export type NodeProgress = Extract<FanOutAnswer, { kind: "progress" }>;

/**
 * Calls a node until its members are called, or with `settle` until they have answered.
 *
 * @param onProgress called after each slice
 * @returns false if a call failed, or was not answered in time
 */
export async function callNode(
  parts: NodeCallParts,
  path: string,
  entry: LogEntry,
  options: NodeCallOptions,
  onProgress: (progress: NodeProgress) => void,
): Promise<boolean> {
  const { host, app, tagId } = parts;
  const node = host.node(nodeObjectName({ app, tagId, path }));
  for (let from = entry.position; ; ) {
    await options.before?.();
    const answer = await callSlice(parts, node, entry, from, options);
    if (answer === null) return false;
    if (answer.kind === "behind") {
      // It was sent everything that it lacks.
      if (answer.head + 1 >= from) return false;
      from = answer.head + 1;
      continue;
    }
    onProgress(answer);
    if (answer.done || (answer.waiting && !options.settle)) return true;
  }
}

/** Null if the call failed. */
async function callSlice(
  { host, log, tag }: NodeCallParts,
  node: TagPeer,
  entry: LogEntry,
  from: number,
  { pace, settle, drive }: NodeCallOptions,
): Promise<Exclude<FanOutAnswer, { ok: false }> | null> {
  const { position } = entry;
  const first = Math.max(from, position + 1 - LIMITS.LOG_ENTRIES);
  // It may have been recalled since its fan-out began.
  const last = log.entry(position) ?? entry;
  const entries = [...log.slice(first, position - 1), last];
  const gap = from < (entries[0]?.position ?? 0);
  const sliceMs = LIMITS.SLICE_MS;
  const request = { tag, entries, gap, pace: pace(), sliceMs, settle, drive };
  try {
    const answer = await host.withTimeout(sliceMs + LIMITS.CALL_MS, node.fanOut(request));
    if (!("ok" in answer)) return answer;
    host.reportError(answer.code);
  } catch (error) {
    host.reportError(error);
  }
  return null;
}
