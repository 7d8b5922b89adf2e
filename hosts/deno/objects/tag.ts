/** One node of a tag in a process that holds them all: gives core/tag its part of the shared database, an alarm and peers. */

import { CallLimiter } from "../../../core/tag/fan-out/call-limiter.ts";
import type { TagHost } from "../../../core/tag/host.ts";
import { TagNode } from "../../../core/tag/node.ts";
import type {
  AttachAnswer,
  AttachRequest,
  BroadcastAnswer,
  BroadcastRequest,
  BroadcastStatus,
  CountAnswer,
  CountReport,
  FanOutAnswer,
  FanOutRequest,
  GoAnswer,
  JoinAnswer,
  JoinRequest,
  LeaveRequest,
  LiveAccess,
  LiveReport,
  LiveReportAnswer,
  LogEntry,
  TagInfo,
} from "../../../core/tag/types.ts";
import type { TagRpc } from "../../../objects/interfaces/rpc.ts";
import { isMistake } from "../../../objects/mistake.ts";
import { sends } from "../../../objects/sends.ts";
import { withTimeout } from "../../../objects/timeout.ts";
import { SharedTagStore } from "../store/tag-store.ts";
import type { Mesh } from "./mesh.ts";
import type { Pooled } from "./pool.ts";

/** All objects share a thread; beside each other only so that a node whose devices are slow to answer holds up nobody. */
const PARALLEL_NODES = 8;
/** A device is called within a turn: what is older waits for its network, and phones take 100 ms and more. */
const CALLED_MS = 4;
/** Longer than a turn of a fan-out, since Deno's timers fire 1 ms late: most of the thread is left to single sends. */
const REST_MS = 1;
/** Of all fan-outs of this process. */
const calls = new CallLimiter(CALLED_MS);

/** How often a ring that takes its time (a paced broadcast may run for hours) looks whether the next is due. */
const LOOK_MS = 1_000;

/** The alarm that is set while one rings: that one's row stays until its ring is over, so that a kill brings it again. */
interface Ringing {
  next: number | null;
}

/** What is in memory while the node has something to do. */
interface Awake {
  readonly node: TagNode;
  readonly store: SharedTagStore;
  /** Calls that are not answered. */
  calls: number;
  ringing: Ringing | null;
  /** By `Mesh.sweeps`. */
  usedAt: number;
}

export class TagNodeHost implements TagRpc, Pooled {
  readonly #mesh: Mesh;
  readonly name: string;
  #awake: Awake | null = null;

  constructor(mesh: Mesh, name: string) {
    this.#mesh = mesh;
    this.name = name;
  }

  /** Nothing but memory makes it what it is. */
  get isNeeded(): boolean {
    return this.#awake !== null;
  }

  join(request: JoinRequest): Promise<JoinAnswer> {
    return this.#run(({ node }) => node.join(request));
  }

  leave(request: LeaveRequest): Promise<boolean> {
    return this.#run(({ node }) => node.leave(request));
  }

  attach(request: AttachRequest): Promise<AttachAnswer> {
    return this.#run(({ node }) => node.attach(request));
  }

  fanOut(request: FanOutRequest): Promise<FanOutAnswer> {
    return this.#run(({ node }) => node.fanOut(request));
  }

  countChild(report: CountReport): Promise<CountAnswer> {
    return this.#run(({ node }) => node.countChild(report));
  }

  go(): Promise<GoAnswer> {
    return this.#run(({ node }) => node.go());
  }

  broadcast(request: BroadcastRequest): Promise<BroadcastAnswer> {
    return this.#run(({ node }) => node.broadcast(request));
  }

  broadcastStatus(key: Uint8Array, seq?: number): Promise<BroadcastStatus | null> {
    return this.#run(({ node }) => node.broadcastStatus(key, seq));
  }

  info(): Promise<TagInfo | null> {
    return this.#run(({ node }) => node.info());
  }

  setLive(tag: string, access: LiveAccess): Promise<void> {
    return this.#run(({ node }) => node.setLive(tag, access));
  }

  reportLive(report: LiveReport): Promise<LiveReportAnswer> {
    return this.#run(({ node }) => node.reportLive(report));
  }

  entriesAfter(position: number): Promise<readonly LogEntry[]> {
    return this.#run(({ node }) => node.entriesAfter(position));
  }

  /** The alarm has come. It is there until all is done that it came for; the next one may be due before. */
  onDeadline(): Promise<void> {
    return this.#run(async (awake) => {
      const { node, store } = awake;
      const ringing: Ringing = { next: null };
      awake.ringing = ringing;
      try {
        for (let work = node.alarm(); !(await this.#endsSoon(work)); ) {
          if (ringing.next === null || ringing.next > Date.now()) continue;
          ringing.next = null;
          work = Promise.all([work, node.alarm()]).then(() => {});
        }
      } finally {
        awake.ringing = null;
      }
      if (ringing.next === null) store.clearAlarm();
      else store.setAlarm(ringing.next);
    });
  }

  /** False where it does not end for some time. */
  #endsSoon(work: Promise<void>): Promise<boolean> {
    return Promise.race([work.then(() => true), this.#mesh.turns.sleep(LOOK_MS).then(() => false)]);
  }

  /**
   * Leaves memory if there is nothing to do.
   *
   * @returns false where there is, or it was used after `idleSince`, by `Mesh.sweeps`
   */
  sleep(idleSince: number): boolean {
    const awake = this.#awake;
    if (awake === null) return true;
    if (awake.usedAt > idleSince || awake.calls > 0 || awake.node.isBusy) return false;
    this.#awake = null;
    return true;
  }

  /** Runs a call; what it answers is on disk, whatever the core says. */
  async #run<Answer>(call: (awake: Awake) => Promise<Answer>): Promise<Answer> {
    const awake = this.#wake();
    awake.calls++;
    try {
      const answer = await call(awake);
      await awake.store.writer.durable();
      return answer;
    } catch (error) {
      if (isMistake(error)) awake.store.writer.end(error as Error);
      throw error;
    } finally {
      awake.calls--;
      awake.usedAt = this.#mesh.sweeps;
    }
  }

  #wake(): Awake {
    // Its memory is ahead of the disk: whoever is in there is refused, and what is stored begins anew.
    if (this.#awake?.store.writer.failure != null) this.#awake = null;
    if (this.#awake === null) {
      const store = new SharedTagStore(this.#mesh.db, this.name);
      const host = this.#host(store, () => awake);
      const { nodeMembers } = this.#mesh;
      const node = new TagNode({
        name: this.name,
        store,
        host,
        ...(nodeMembers === undefined ? {} : { nodeMembers }),
      });
      const awake: Awake = { node, store, calls: 0, ringing: null, usedAt: this.#mesh.sweeps };
      this.#awake = awake;
      this.#mesh.nodes.woke(this);
    }
    return this.#awake;
  }

  #host(store: SharedTagStore, awake: () => Awake): TagHost {
    const mesh = this.#mesh;
    return {
      now: Date.now,
      durable: () => store.writer.durable(),
      sleep: (ms) => mesh.turns.sleep(ms),
      withTimeout,
      random: Math.random,
      yield: () => mesh.turns.yield(),
      rest: () => (sends.isActive(Date.now()) ? mesh.turns.rest(REST_MS) : Promise.resolve()),
      setAlarm(at) {
        const { ringing } = awake();
        if (ringing === null) mesh.nodeAlarms.expect(store, at);
        else ringing.next = Math.min(ringing.next ?? at, at);
      },
      device: (name) => mesh.device(name),
      node: (name) => mesh.nodes.get(name),
      live: (name) => mesh.live(name),
      updateDirectory: (app, entry) => mesh.tagDirectory(app).report(entry),
      reportError: (error) => mesh.report(error),
      calls,
      parallelNodes: PARALLEL_NODES,
    };
  }
}
