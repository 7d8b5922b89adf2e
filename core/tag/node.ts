/**
 * One node of a tag's tree. Every node holds members and serves them; the root also takes broadcasts (see root/root.ts). The calls
 * are those of `TagRpc`, which says what they mean; all of them may be repeated.
 */
import { LIMITS } from "../../schema/limits.ts";
import { seqTimeMs } from "../message/clock.ts";
import { LatestEpochs } from "../message/latest-epochs.ts";
import { CountReporter } from "./directory/count-reporter.ts";
import type { TagReport } from "./directory/directory.ts";
import type { TagHost } from "./host.ts";
import { deviceDigit, type NodeName, nodeObjectName, parseNodeName } from "./name.ts";
import { NodeState } from "./node-state.ts";
import type { NodeRecord, SubtreeCount, TagStore } from "./store.ts";
import { firstPosition, firstTurn, NodeCreation } from "./tree/creation.ts";
import { isClosed } from "./tree/open-state.ts";
import { EMPTY_SUBTREE, sameCount } from "./tree/subtree.ts";
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
} from "./types.ts";

export interface TagNodeOptions {
  /** Of the node's object: see `nodeObjectName`. */
  readonly name: string;
  readonly store: TagStore;
  readonly host: TagHost;
  /** Members that it takes before it sends joins on; `LIMITS.NODE_MEMBERS` unless told. */
  readonly nodeMembers?: number;
  /** Position before the first of a new root; `firstPosition` unless told. */
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
  readonly #creation = new NodeCreation((count) => this.#report(count));

  constructor(options: TagNodeOptions) {
    const { name, store, host, nodeMembers = LIMITS.NODE_MEMBERS, born = firstPosition } = options;
    this.#name = parseNodeName(name);
    this.#store = store;
    this.#host = host;
    this.#capacity = nodeMembers;
    this.#born = born;
    this.#reporter = new CountReporter(host, () => this.#tell());
    const record = store.readNode();
    if (record !== null) this.#state = this.#load(record);
  }

  /** Whether something is under way that only memory knows. */
  get isBusy(): boolean {
    return this.#state?.isBusy === true;
  }

  async join(request: JoinRequest): Promise<JoinAnswer> {
    const now = this.#host.now();
    if (request.until !== undefined && request.until <= now) return { kind: "late" };
    const state = this.#isRoot ? this.#makeRoot(request.tag) : this.#state;
    if (state === null) {
      return (await this.#create(request)) ? this.join(request) : { kind: "unborn" };
    }
    const { device, find, epoch = 0 } = request;
    const standing = state.members.of(device);
    if (standing !== undefined && standing.epoch < epoch) {
      // It has ended, and its leave has not come, or will come late: what was sent to it is not for the one that begins.
      state.members.leave(standing);
      const { joined } = state.members.join(request, state.log.head);
      await this.#host.durable();
      return { kind: "joined", head: joined };
    }
    if (standing !== undefined) {
      await this.#host.durable();
      // It may not know what it has: everything since it joined is to be had again.
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
    if (isClosed(state.record)) {
      await state.openState.open();
      // Others came in meanwhile.
      return this.join(request);
    }
    // It came late, and nobody waits for the answer; or who leaves looks for itself, and is not here.
    const left = this.#leaves.of(device, now);
    if (left > 0 && epoch <= left) return { kind: "joined", head: state.log.head };
    const { joined } = state.members.join(request, state.log.head);
    this.#reporter.schedule();
    await this.#host.durable();
    return { kind: "joined", head: joined };
  }

  async leave(request: LeaveRequest): Promise<boolean> {
    const { device, epoch = 0 } = request;
    // Devices that knew no epochs join anew with the one that they left.
    if (epoch > 0) this.#leaves.add(device, epoch, this.#host.now());
    const state = this.#state;
    const member = state?.members.of(device);
    if (state === null || member === undefined) return false;
    // A later membership stands: of this one there is nothing left.
    if (member.epoch > epoch) return true;
    state.remove(member);
    await this.#host.durable();
    return true;
  }

  async attach(request: AttachRequest): Promise<AttachAnswer> {
    const { device, epoch = 0, after } = request;
    const state = this.#state;
    if (after !== null) state?.log.expectHead(after);
    const member = state?.members.of(device);
    if (state === null || member?.epoch !== epoch) return { kind: "unknown" };
    const { head } = state.log;
    const from = Math.min(after ?? member.joined, head);
    const { entries, upTo, replacements } = state.log.page(
      from,
      this.#host.now(),
      ({ position, seq }) => this.#isForNow(state, request, position, seq),
    );
    const more = upTo < head;
    if (!more) {
      const isOwed = member.served === null;
      state.members.attach(member, head);
      state.fanOut.attached(member, isOwed);
    }
    await this.#host.durable();
    const replacing = replacements.length === 0 ? {} : { replacements };
    return { kind: "attached", upTo, more, entries, ...replacing };
  }

  /** Whether a ttl 0 broadcast is for a device that attaches: it was there in time, or the turn of it is still to come. */
  #isForNow(state: NodeState, request: AttachRequest, position: number, seq: number): boolean {
    const { device, since, called = [] } = request;
    const lately = this.#host.now() - LIMITS.NOW_MS;
    const isSince = since !== undefined && seqTimeMs(seq) >= Math.max(since, lately);
    return isSince || called.includes(position) || state.fanOut.isAhead(position, device);
  }

  async fanOut(request: FanOutRequest): Promise<FanOutAnswer> {
    if (this.#state === null) return EMPTY_SUBTREE;
    return this.#state.fanOut.fanOut(request);
  }

  async countChild({ digit, ...count }: CountReport): Promise<CountAnswer> {
    const state = this.#state;
    if (state === null) return { head: 0, isUnborn: true };
    // Whom this node is told of is to be found by those above, too.
    if (isClosed(state.record) && !isClosed(count)) {
      await state.openState.open();
      return this.countChild({ digit, ...count });
    }
    const { head } = state.log;
    const known = state.record.children[digit];
    // It is gone, and its report comes late; or it says so anew before somebody is in it.
    if (known === undefined && isClosed(count)) return { head };
    // Of one that is not known, an old turn may be what a life that has ended said: if the node is there, it says so anew.
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
    const root = this.#state?.root ?? null;
    if (root === null) return { ok: false, code: "tag_unknown" };
    const answer = root.broadcast(request);
    await this.#host.durable();
    if (answer.ok) root.begin();
    return answer;
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

  async setLive(tag: string, access: LiveAccess): Promise<void> {
    const state = this.#makeRoot(tag);
    if (state.record.live !== access) state.change({ live: access });
    this.#reporter.schedule();
    await this.#host.durable();
  }

  async reportLive(report: LiveReport): Promise<LiveReportAnswer> {
    const state = this.#makeRoot(report.tag);
    this.#reporter.schedule();
    await state.root?.countListeners(report);
    await this.#host.durable();
    return { listeners: (await state.root?.listeners()) ?? 0, head: state.log.head };
  }

  async entriesAfter(position: number): Promise<readonly LogEntry[]> {
    const state = this.#state;
    return state === null ? [] : state.log.page(position, this.#host.now()).entries;
  }

  /** The alarm has come: reports what is due, and serves the broadcasts that wait; resolves when none does. */
  async alarm(): Promise<void> {
    await Promise.all([
      this.#reporter.alarm(),
      this.#state?.fanOut.alarm(),
      this.#state?.root?.alarm(),
      this.#state?.erasing.alarm(),
    ]);
    await this.#endIfVoid();
  }

  /** The root of a tag that nobody needs any more leaves nothing: else anybody could fill the disk with tags that he makes up. */
  async #endIfVoid(): Promise<void> {
    const state = this.#state;
    if (state === null || state.root === null) return;
    const isIdle = () => this.#state === state && !this.#reporter.isScheduled && !this.isBusy;
    const forget = async () => {
      if (state.root?.lastBroadcastAt == null) return;
      await this.#tellDirectory(state.record.tag, NOTHING);
    };
    if (await state.erasing.tryEnd(forget, isIdle)) this.#erase(state);
  }

  #erase(state: NodeState): void {
    state.erase();
    this.#state = null;
  }

  /** A node comes to be where its parent sent a join here. */
  #create({ tag, born }: JoinRequest): Promise<boolean> {
    if (born === null) return Promise.resolve(false);
    return this.#creation.run(this.#host.now(), ({ turns, head }) => {
      if (this.#state === null) this.#make(tag, Math.max(born, head), { turns });
    });
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
      report: (count: SubtreeCount) => this.#report(count),
    };
    return new NodeState(parts, record);
  }

  /** Tells the parent. */
  #report(count: SubtreeCount): Promise<CountAnswer> {
    const { app, tagId, path } = this.#name;
    const parent = nodeObjectName({ app, tagId, path: path.slice(0, -1) });
    const report = { digit: path.slice(-1), ...count };
    return this.#host.withTimeout(LIMITS.CALL_MS, this.#host.node(parent).countChild(report));
  }

  /** Tells whoever is above how many members there are. */
  async #tell(): Promise<void> {
    const state = this.#state;
    if (state === null) return;
    // What an older version wrote is read whole until its record says that it need not be.
    if (state.log.gaplessFrom !== null && state.record.isGapless !== true) state.change({});
    const count = state.count;
    if (state.root === null) await state.openState.tellParent();
    else {
      const areKnown = await state.root.tellLiveNodes();
      const listeners = await state.root.listeners();
      const { lastBroadcastAt } = state.root;
      const { tag } = state.record;
      await this.#tellDirectory(tag, { members: count.members, listeners, lastBroadcastAt });
      // Later, and ever more seldom: a tag stays for as long as somebody may listen.
      if (!areKnown) throw new Error("a live node does not say how many listen");
    }
  }

  #tellDirectory(tag: string, report: Omit<TagReport, "tag">): Promise<void> {
    const { app } = this.#name;
    return this.#host.withTimeout(
      LIMITS.CALL_MS,
      this.#host.updateDirectory(app, { tag, ...report }),
    );
  }
}

/** What the directory is told of a tag that it is to forget. */
const NOTHING = { members: 0, listeners: 0, lastBroadcastAt: null } as const;
