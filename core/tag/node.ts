/**
 * One node of a tag's tree. Every node has members and serves them; the root also accepts broadcasts (see root/root.ts). Its methods are
 * those of `TagRpc`, which documents them; all of them can be repeated.
 */
import { LIMITS } from "../../schema/limits.ts";
import { EVERYONE } from "../condition/types.ts";
import { seqTimeMs } from "../message/clock.ts";
import { LatestEpochs } from "../message/latest-epochs.ts";
import {
  type BroadcastAnswer,
  type BroadcastRecallAnswer,
  type BroadcastRecallRequest,
  type BroadcastRequest,
  type BroadcastStatus,
  endsApp,
  type LogEntry,
  newestTrust,
} from "./calls/broadcast.ts";
import type { FanOutAnswer, FanOutRequest } from "./calls/fan-out.ts";
import type { LiveAccess, LiveReport, LiveReportAnswer, TagInfo } from "./calls/live.ts";
import type {
  AttachAnswer,
  AttachRequest,
  JoinAnswer,
  JoinRequest,
  LeaveRequest,
  NodeMembers,
} from "./calls/membership.ts";
import type { CountAnswer, CountReport, GoAnswer } from "./calls/tree.ts";
import { CountReporter } from "./directory/count-reporter.ts";
import type { TagReport } from "./directory/directory.ts";
import type { NodeTrustAnswer } from "./fan-out/node-trust.ts";
import type { TagHost } from "./host.ts";
import { deviceDigit, type NodeName, nodeObjectName, parseNodeName } from "./name.ts";
import { NodeState } from "./node-state.ts";
import type { NodeRecord, SubtreeCount, TagStore } from "./store.ts";
import { type CreationAnswer, firstPosition, firstTurn, NodeCreation } from "./tree/creation.ts";
import { isClosed } from "./tree/open-state.ts";
import { EMPTY_SUBTREE, openChildren, sameCount } from "./tree/subtree.ts";

interface TagNodeOptions {
  /** Name of the node's object: see `nodeObjectName`. */
  readonly name: string;
  readonly store: TagStore;
  readonly host: TagHost;
  /** Members that it takes before it sends joins to its children. Default: `LIMITS.NODE_MEMBERS`. */
  readonly nodeMembers?: number;
  /** Position at which a new root starts. Default: `firstPosition`. */
  readonly born?: (now: number) => number;
}

export class TagNode {
  readonly #name: NodeName;
  readonly #store: TagStore;
  readonly #host: TagHost;
  readonly #capacity: number;
  readonly #reporter: CountReporter;
  readonly #leaves = new LatestEpochs(LIMITS.NODE_LEAVES);
  readonly #born: (now: number) => number;
  #state: NodeState | null = null;
  readonly #creation = new NodeCreation((count) => this.#reportToParent(count));

  constructor(options: TagNodeOptions) {
    const { name, store, host, nodeMembers = LIMITS.NODE_MEMBERS, born = firstPosition } = options;
    this.#name = parseNodeName(name);
    this.#store = store;
    this.#host = host;
    this.#capacity = nodeMembers;
    this.#born = born;
    this.#reporter = new CountReporter(host, () => this.#reportCounts());
    const record = store.readNode();
    if (record !== null) this.#state = this.#load(record);
  }

  /** Whether work is under way that exists in memory only. */
  get isBusy(): boolean {
    return this.#state?.isBusy === true;
  }

  async join(request: JoinRequest): Promise<JoinAnswer> {
    const now = this.#host.now();
    if (request.until !== undefined && request.until <= now) return { kind: "late" };
    const state = this.#isRoot ? this.#rootFor(request, now) : this.#state;
    if (state === null) {
      if (this.#isRoot) return { kind: "joined", head: 0 };
      const created = await this.#create(request);
      if (created === "ended") return ENDED;
      return created === "made" ? this.join(request) : { kind: "unborn" };
    }
    const { device, find, epoch = 0 } = request;
    const standing = state.members.of(device);
    if (standing !== undefined && standing.epoch < epoch) {
      if (state.log.isEnded) return ENDED;
      // The earlier membership has ended, and its leave was lost or is late. What was sent to it is not for the new one.
      state.members.leave(standing);
      const { joined } = state.members.join(request, state.log.head);
      await this.#host.durable();
      return { kind: "joined", head: joined };
    }
    if (standing !== undefined) {
      await this.#host.durable();
      // The device may not know what it has, so it gets everything since it joined.
      const later = standing.epoch > epoch ? { epoch: standing.epoch } : {};
      return { kind: "joined", head: standing.joined, ...later };
    }
    const digit = deviceDigit(device, this.#name.path.length);
    const isFull = state.members.count >= this.#capacity;
    const isDeepest = this.#name.path.length >= LIMITS.NODE_DEPTH;
    const goesOn = find ? state.record.children[digit] !== undefined || isFull : isFull;
    if (goesOn && !isDeepest) {
      await this.#host.durable();
      return { kind: "child", digit, born: state.log.head };
    }
    // Its registration was admitted before the app was deleted, and would be told by nobody.
    if (state.log.isEnded) return ENDED;
    if (isClosed(state.record)) {
      // Others may have joined meanwhile.
      return (await state.openState.open()) ? this.join(request) : ENDED;
    }
    // The device has left since: the join is late and nobody waits for the answer, or it is the search of a device that leaves.
    const left = this.#leaves.of(device, now);
    if (left > 0 && epoch <= left) return { kind: "joined", head: state.log.head };
    const { joined } = state.members.join(request, state.log.head);
    this.#reporter.schedule();
    await this.#host.durable();
    return { kind: "joined", head: joined };
  }

  async leave(request: LeaveRequest): Promise<boolean> {
    const { device, epoch = 0 } = request;
    // Devices of a version without epochs join again with epoch 0.
    if (epoch > 0) this.#leaves.add(device, epoch, this.#host.now());
    const state = this.#state;
    const member = state?.members.of(device);
    if (state === null || member === undefined) return false;
    // A later membership has replaced the one that ends.
    if (member.epoch > epoch) return true;
    state.remove(member);
    await this.#host.durable();
    return true;
  }

  /** @param known what the device has to know before it takes the entries, once it was asked for */
  async attach(request: AttachRequest, known?: NodeTrustAnswer): Promise<AttachAnswer> {
    const { device, epoch = 0, after, generation, trustVersion = 0 } = request;
    const state = this.#state;
    if (after !== null) state?.log.expectHead(after);
    const member = state?.members.of(device);
    if (state === null || member?.epoch !== epoch) return { kind: "unknown" };
    const { head } = state.log;
    const from = Math.min(after ?? member.joined, head);
    const page = state.log.page(from, this.#host.now(), ({ position, seq }) =>
      this.#isForNow(state, request, position, seq),
    );
    const { upTo, replacements } = page;
    const trust = known === "deleted" ? undefined : known;
    const entries = known === "deleted" ? page.entries.filter(endsApp) : page.entries;
    const newest = newestTrust(entries);
    if (newest > Math.max(trustVersion, trust?.version ?? 0))
      return this.attach(request, await state.trust.of(newest));
    const more = upTo < head;
    if (!more) {
      const isOwed = member.served === null;
      state.members.attach(member, head, generation);
      state.fanOut.attached(member, isOwed);
    }
    await this.#host.durable();
    const replacing = replacements.length === 0 ? {} : { replacements };
    const trusting = trust === undefined ? {} : { trust };
    return { kind: "attached", upTo, more, entries, ...replacing, ...trusting };
  }

  async members(): Promise<NodeMembers | null> {
    const state = this.#state;
    if (state === null) return null;
    const members: [string, number][] = [];
    let unknown = 0;
    for (const { device, generation } of state.members.all()) {
      if (generation === undefined) unknown++;
      else members.push([device, generation]);
    }
    return { members, unknown, children: openChildren(state.record) };
  }

  /** Whether a ttl 0 broadcast is for a device that attaches: it was connected in time, or the fan-out has yet to reach it. */
  #isForNow(state: NodeState, request: AttachRequest, position: number, seq: number): boolean {
    const { device, since, called = [] } = request;
    const lately = this.#host.now() - LIMITS.NOW_MS;
    const isSince = since !== undefined && seqTimeMs(seq) >= Math.max(since, lately);
    return isSince || called.includes(position) || state.fanOut.willReach(position, device);
  }

  async fanOut(request: FanOutRequest): Promise<FanOutAnswer> {
    if (this.#state === null) return EMPTY_SUBTREE;
    return this.#state.fanOut.fanOut(request);
  }

  async countChild({ digit, ...count }: CountReport): Promise<CountAnswer> {
    const state = this.#state;
    if (state === null) return { head: 0, isUnborn: true };
    // If the child has members, fan-outs must reach this node, too.
    if (isClosed(state.record) && !isClosed(count)) {
      if (await state.openState.open()) return this.countChild({ digit, ...count });
      return { head: state.log.head, isEnded: true };
    }
    const { head, isEnded } = state.log;
    const known = state.record.children[digit];
    if (isEnded && !isClosed(count) && (known === undefined || isClosed(known)))
      return { head, isEnded };
    // The child was erased, and its report is late; or it was created again, and reports again before it takes a member.
    if (known === undefined && isClosed(count)) return { head };
    // An old turn of an unknown child may be from an earlier life. If the child exists, it reports again.
    const unknown = firstTurn(this.#host.now() - LIMITS.COUNT_DELAY_MS);
    const turns = known === undefined ? unknown : (known.turns ?? 0);
    const isLate = turns > (count.turns ?? 0);
    if (!isLate && !sameCount(known, count)) {
      state.change({ children: { ...state.record.children, [digit]: count } });
      this.#reporter.schedule();
    }
    await this.#host.durable();
    return { head, ...(isLate ? { turns } : {}) };
  }

  async go(): Promise<GoAnswer> {
    const state = this.#state;
    if (state === null && !this.#creation.isRunning) return { gone: true };
    const isClosedNode = state !== null && isClosed(state.record) && !state.openState.isOpening;
    if (isClosedNode && state.erasing.canGo && !this.isBusy) {
      this.#erase(state);
      await this.#host.durable();
      return { gone: true };
    }
    const soon = this.#host.now() + LIMITS.COUNT_DELAY_MS;
    return { gone: false, neededUntil: Math.max(state?.erasing.neededUntil ?? 0, soon) };
  }

  async broadcast(request: BroadcastRequest): Promise<BroadcastAnswer> {
    // The end of an app is kept also if nobody joined yet: a registration may be under way.
    const state = this.#isRoot && endsApp(request) ? this.#makeRoot(EVERYONE) : this.#state;
    if (state?.root == null) return { ok: false, code: "tag_unknown" };
    return state.root.broadcast(request);
  }

  async recall(request: BroadcastRecallRequest): Promise<BroadcastRecallAnswer> {
    const { root } = this.#state ?? {};
    return root?.recall(request) ?? { ok: false, code: "message_not_found" };
  }

  async broadcastStatus(key: Uint8Array, seq?: number): Promise<BroadcastStatus | null> {
    return (await this.#state?.root?.status(key, seq)) ?? null;
  }

  async info(): Promise<TagInfo | null> {
    const state = this.#state;
    if (state?.root == null) return null;
    const { tag, live } = state.record;
    const listeners = await state.root.listeners();
    const { members, nodes, depth } = state.count;
    const { lastBroadcastAt } = state.root;
    return { tag, members, nodes, depth, lastBroadcastAt, listeners, live, head: state.log.head };
  }

  async setLive(tag: string, access: LiveAccess): Promise<boolean> {
    const state = this.#makeRoot(tag);
    const isOther = state.record.live !== access;
    if (isOther) state.change({ live: access });
    this.#reporter.schedule();
    await this.#host.durable();
    // Also for an access that it had before: a live node may not have been reached.
    state.root?.tellAccess();
    return isOther;
  }

  async reportLive(report: LiveReport): Promise<LiveReportAnswer> {
    const state = this.#makeRoot(report.tag);
    this.#reporter.schedule();
    await state.root?.countListeners(report);
    await this.#host.durable();
    return {
      listeners: (await state.root?.listeners()) ?? 0,
      head: state.log.head,
      access: state.record.live,
    };
  }

  async entriesAfter(position: number): Promise<readonly LogEntry[]> {
    const state = this.#state;
    return state === null ? [] : state.log.page(position, this.#host.now()).entries;
  }

  /** Sends due reports, and serves broadcasts; resolves when none waits. */
  async alarm(): Promise<void> {
    await Promise.all([
      this.#reporter.alarm(),
      this.#state?.fanOut.alarm(),
      this.#state?.root?.alarm(),
      this.#state?.erasing.alarm(),
    ]);
    await this.#eraseIfUnused();
  }

  /** Erases a root that is no longer needed. Otherwise anyone could fill the disk with made-up tags. */
  async #eraseIfUnused(): Promise<void> {
    const state = this.#state;
    if (state === null || state.root === null) return;
    const isIdle = () => this.#state === state && !this.#reporter.isScheduled && !this.isBusy;
    const forget = async () => {
      if (state.root?.lastBroadcastAt == null) return;
      await this.#reportToDirectory(state.record.tag, NOTHING);
    };
    if (await state.erasing.tryEnd(forget, isIdle)) this.#erase(state);
  }

  #erase(state: NodeState): void {
    state.erase();
    this.#state = null;
  }

  /** Creates the node if its parent sent the join here. */
  async #create({ tag, born }: JoinRequest): Promise<CreationAnswer> {
    if (born === null) return "unborn";
    return this.#creation.run(this.#host.now(), ({ turns, head }) => {
      if (this.#state === null) this.#make(tag, Math.max(born, head), { turns });
    });
  }

  /** @returns null for the search of a device that leaves a tag which is not there */
  #rootFor({ tag, device, epoch = 0 }: JoinRequest, now: number): NodeState | null {
    const left = this.#leaves.of(device, now);
    if (this.#state === null && left > 0 && epoch <= left) return null;
    return this.#makeRoot(tag);
  }

  #makeRoot(tag: string): NodeState {
    return this.#state ?? this.#make(tag, this.#born(this.#host.now()));
  }

  get #isRoot(): boolean {
    return this.#name.path === "";
  }

  #make(tag: string, born: number, change: Partial<NodeRecord> = {}): NodeState {
    const nothing = { children: {}, live: "token", liveNodes: [], isGapless: true } as const;
    const record: NodeRecord = { tag, born, ...nothing, ...change };
    this.#store.writeNode(record);
    this.#state = this.#load(record);
    return this.#state;
  }

  #load(record: NodeRecord): NodeState {
    const parts = {
      ...{ name: this.#name, store: this.#store, host: this.#host, capacity: this.#capacity },
      onChange: () => this.#reporter.schedule(),
      report: (count: SubtreeCount) => this.#reportToParent(count),
    };
    return new NodeState(parts, record);
  }

  /** Reports to the parent. */
  #reportToParent(count: SubtreeCount): Promise<CountAnswer> {
    const { app, tagId, path } = this.#name;
    const parent = nodeObjectName({ app, tagId, path: path.slice(0, -1) });
    const report = { digit: path.slice(-1), ...count };
    return this.#host.withTimeout(LIMITS.CALL_MS, this.#host.node(parent).countChild(report));
  }

  /** Reports the counts to the parent, or to the directory. */
  async #reportCounts(): Promise<void> {
    const state = this.#state;
    if (state === null) return;
    // Upgrades the record of an older version: until then, each start reads the whole log.
    if (state.log.gaplessFrom !== null && state.record.isGapless !== true) state.change({});
    const count = state.count;
    if (state.root === null) await state.openState.report();
    else {
      const areKnown = await state.root.tellLiveNodes();
      const listeners = await state.root.listeners();
      const { lastBroadcastAt } = state.root;
      const { tag } = state.record;
      await this.#reportToDirectory(tag, { members: count.members, listeners, lastBroadcastAt });
      // Retried with backoff: a tag is not erased while someone may listen.
      if (!areKnown) throw new Error("a live node did not say how many listen");
    }
  }

  #reportToDirectory(tag: string, report: Omit<TagReport, "tag">): Promise<void> {
    const { app } = this.#name;
    return this.#host.withTimeout(
      LIMITS.CALL_MS,
      this.#host.updateDirectory(app, { tag, ...report }),
    );
  }
}

/** The answer to who would be a member of a deleted app. */
const ENDED = { ok: false, code: "app_unknown" } as const;

/** A report that makes the directory forget a tag. */
const NOTHING = { members: 0, listeners: 0, lastBroadcastAt: null } as const;
