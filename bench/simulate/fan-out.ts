/**
 * A broadcast through a tree of any size. Each driver is simulated by itself, with as many calls of nodes under way as it
 * may have; what a node takes for its own members is drawn from passes of the core's own code (passes.ts), and what a
 * subtree takes that has a driver of its own is simulated in turn. No member is held anywhere.
 */
import { LIMITS } from "../../schema/limits.ts";
import type { Passes } from "./passes.ts";
import type { Profile } from "./profile.ts";
import { Random } from "./random.ts";
import type { SimulatedNode } from "./trie.ts";

/** What a broadcast took, all in all. */
export interface FanOut {
  /** Until the last frame was on its socket. */
  readonly lastDeviceMs: number;
  /** Until the root had counted all. */
  readonly finishedMs: number;
  readonly nodes: number;
  readonly levels: number;
  readonly attached: number;
  /** Calls of nodes by drivers, one for each slice. */
  readonly nodeCalls: number;
  /** Time that nodes were in memory for it, s. */
  readonly nodeSeconds: number;
}

export interface FanOutOptions {
  readonly profile: Profile;
  readonly passes: Passes;
  readonly seed: number;
  /** Share of the members that are attached. */
  readonly online: number;
  /** Devices a second; null for as fast as it goes. */
  readonly pace: number | null;
}

/** Moments of one node or subtree, ms from when its driver called it. */
interface Span {
  readonly lastDevice: number;
  /** All were called: its driver goes on to the next. */
  readonly called: number;
  /** All have answered, or were waited for. */
  readonly finished: number;
}

/** A call of a node that is under way. */
interface Open {
  readonly node: SimulatedNode;
  readonly calledAt: number;
}

export async function simulateFanOut(
  root: SimulatedNode,
  { profile, passes, seed, online, pace }: FanOutOptions,
): Promise<FanOut> {
  const random = new Random(seed);
  const total = { nodes: 0, levels: 0, attached: 0, nodeCalls: 0, nodeSeconds: 0 };
  const callMs = profile.hopMs + profile.nodeUs / 1_000;
  // Nodes that share a thread and the window of calls are no sooner done together than one after another.
  const lanes = profile.oneThread ? 1 : profile.parallelNodes;

  /** The node's own members. */
  async function pass(node: SimulatedNode, share: number | null): Promise<Span> {
    const attached = random.binomial(node.members, online);
    total.nodes++;
    total.levels = Math.max(total.levels, node.path.length + 1);
    total.attached += attached;
    if (attached === 0) return { lastDevice: 0, called: 0, finished: 0 };
    const drawn = await passes.draw(attached, random);
    // The call to the node is counted where it is made.
    const first = Math.max(0, drawn.lastDeviceMs - callMs);
    const paced = share === null ? 0 : ((attached - 1) * 1_000) / share;
    const lastDevice = Math.max(first, paced);
    const called = lastDevice + Math.max(0, drawn.calledMs - drawn.lastDeviceMs);
    const finished = lastDevice + Math.max(0, drawn.finishedMs - drawn.lastDeviceMs);
    total.nodeSeconds += finished / 1_000;
    return { lastDevice, called, finished };
  }

  /** The node's own members, and beside them all nodes below it. */
  async function drive(node: SimulatedNode, share: number | null): Promise<Span> {
    const own = await pass(node, share);
    const queue = node.children();
    const open: Open[] = [];
    let { lastDevice, finished } = own;
    // On one thread they are no sooner done beside each other, and a pace is shared.
    let now = profile.oneThread || share !== null ? own.called : 0;
    let waiting = 0;
    while (queue.length > 0 || open.length > 0) {
      while (queue.length > 0 && open.length < lanes) {
        const next = queue.shift();
        if (next === undefined) break;
        const together = Math.min(lanes, open.length + queue.length + 1);
        const part = share === null ? null : share / together;
        const span = isLast(node, next) ? await drive(next, part) : await pass(next, part);
        const at = now + callMs;
        total.nodeCalls += Math.max(1, Math.ceil(span.called / LIMITS.SLICE_MS));
        if (span.finished > span.called) waiting++;
        lastDevice = Math.max(lastDevice, at + span.lastDevice);
        finished = Math.max(finished, at + span.finished);
        open.push({ node: next, calledAt: at + span.called });
      }
      const first = takeFirst(open);
      now = first.calledAt;
      if (!isLast(node, first.node)) queue.push(...first.node.children());
    }
    // Those of which not all had answered are asked once more, all at once.
    total.nodeCalls += waiting;
    finished = waiting > 0 ? Math.max(finished, now + callMs) : Math.max(finished, now);
    // It waits for the nodes below it, and that is charged.
    total.nodeSeconds += (finished - own.finished) / 1_000;
    return { lastDevice, called: Math.max(now, own.called), finished };
  }

  const { lastDevice, finished } = await drive(root, pace);
  const { startMs } = profile;
  return { ...total, lastDeviceMs: startMs + lastDevice, finishedMs: startMs + finished };
}

/** Whether a driver leaves the nodes below this one to it. */
const isLast = (driver: SimulatedNode, node: SimulatedNode): boolean =>
  node.path.length - driver.path.length >= LIMITS.DRIVE_LEVELS;

function takeFirst(open: Open[]): Open {
  let at = 0;
  for (const [index, { calledAt }] of open.entries()) {
    if (calledAt < (open[at]?.calledAt ?? 0)) at = index;
  }
  const [first] = open.splice(at, 1);
  if (first === undefined) throw new Error("nothing is under way");
  return first;
}
