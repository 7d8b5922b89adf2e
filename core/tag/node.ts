/**
 * One node of a tag's tree. Every node holds members and serves them; the root also takes broadcasts (see root.ts). The calls
 * are those of `TagRpc`, which says what they mean; all of them may be repeated.
 */
import { LIMITS } from "../../schema/limits.ts";
import { seqTimeMs } from "../message/clock.ts";
import { LatestEpochs } from "../message/latest-epochs.ts";
import type { TagReport } from "./directory/directory.ts";
import { Reporter } from "./directory/reporter.ts";
import { NodeFanOut } from "./fan-out/node-fan-out.ts";
import type { TagHost } from "./host.ts";
import { Log } from "./log/log.ts";
import { type Member, Members } from "./members/members.ts";
import { deviceDigit, type NodeName, nodeObjectName, parseNodeName } from "./name.ts";
import { Root } from "./root.ts";
import type { NodeRecord, SubtreeCount, TagStore } from "./store.ts";
import { Birth, firstPosition, firstTurn } from "./tree/birth.ts";
import { Doors, isClosed } from "./tree/doors.ts";
import { Erasing } from "./tree/erasing.ts";
import { calledOf, EMPTY_SUBTREE, sameCount, subtreeOf } from "./tree/subtree.ts";
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

/** What there is of a node that was made. */
interface Made {
  record: NodeRecord;
  readonly log: Log;
  readonly members: Members;
  readonly fanOut: NodeFanOut;
  readonly doors: Doors;
  readonly erasing: Erasing;
  /** Null for a node that is not the root. It reads its log when it is first asked for. */
  readonly root: Root | null;
  readonly isRootBusy: () => boolean;
  /** What is under way with it writes nothing any more. */
  isErased: boolean;
}

export class TagNode {
  readonly #name: NodeName;
  readonly #store: TagStore;
  readonly #host: TagHost;
  readonly #capacity: number;
  readonly #reporter: Reporter;
  readonly #leaves = new LatestEpochs(LIMITS.NODE_LEAVES);
  readonly #born: (now: number) => number;
  #made: Made | null = null;
  readonly #birth = new Birth((count) => this.#report(count));

  constructor(options: TagNodeOptions) {
    const { name, store, host, nodeMembers = LIMITS.NODE_MEMBERS, born = firstPosition } = options;
    this.#name = parseNodeName(name);
    this.#store = store;
    this.#host = host;
    this.#capacity = nodeMembers;
    this.#born = born;
    this.#reporter = new Reporter(host, () => this.#tell());
    const record = store.readNode();
    if (record !== null) this.#made = this.#load(record);
  }

  /** Whether something is under way that only memory knows. */
  get isBusy(): boolean {
    const { fanOut, isRootBusy, erasing } = this.#made ?? {};
    return fanOut?.isBusy === true || isRootBusy?.() === true || erasing?.isBusy === true;
  }

  async join(request: JoinRequest): Promise<JoinAnswer> {
    const now = this.#host.now();
    if (request.until !== undefined && request.until <= now) return { kind: "late" };
    const made = this.#isRoot ? this.#makeRoot(request.tag) : this.#made;
    if (made === null) {
      return (await this.#bear(request)) ? this.join(request) : { kind: "unborn" };
    }
    const { device, find, epoch = 0 } = request;
    const standing = made.members.of(device);
    if (standing !== undefined && standing.epoch < epoch) {
      // It has ended, and its leave has not come, or will come late: what was sent to it is not for the one that begins.
      made.members.leave(standing);
      const { joined } = made.members.join(request, made.log.head);
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
    const isFull = made.members.count >= this.#capacity;
    const isDeepest = this.#name.path.length >= LIMITS.NODE_DEPTH;
    const goesOn = find ? made.record.children[digit] !== undefined || isFull : isFull;
    if (goesOn && !isDeepest) {
      await this.#host.durable();
      return { kind: "child", digit, born: made.log.head };
    }
    if (isClosed(made.record)) {
      await made.doors.open();
      // Others came in meanwhile.
      return this.join(request);
    }
    // It came late, and nobody waits for the answer; or who leaves looks for itself, and is not here.
    const left = this.#leaves.of(device, now);
    if (left > 0 && epoch <= left) return { kind: "joined", head: made.log.head };
    const { joined } = made.members.join(request, made.log.head);
    this.#reporter.expect();
    await this.#host.durable();
    return { kind: "joined", head: joined };
  }

  async leave(request: LeaveRequest): Promise<boolean> {
    const { device, epoch = 0 } = request;
    // Devices that knew no epochs join anew with the one that they left.
    if (epoch > 0) this.#leaves.add(device, epoch, this.#host.now());
    const made = this.#made;
    const member = made?.members.of(device);
    if (made === null || member === undefined) return false;
    // A later membership stands: of this one there is nothing left.
    if (member.epoch > epoch) return true;
    this.#remove(made, member);
    await this.#host.durable();
    return true;
  }

  async attach(request: AttachRequest): Promise<AttachAnswer> {
    const { device, epoch = 0, after } = request;
    const made = this.#made;
    if (after !== null) made?.log.expectHead(after);
    const member = made?.members.of(device);
    if (made === null || member?.epoch !== epoch) return { kind: "unknown" };
    const { head } = made.log;
    const from = Math.min(after ?? member.joined, head);
    const { entries, upTo, replacements } = made.log.page(
      from,
      this.#host.now(),
      ({ position, seq }) => this.#isForNow(made, request, position, seq),
    );
    const more = upTo < head;
    if (!more) {
      const isOwed = member.served === null;
      made.members.attach(member, head);
      made.fanOut.attached(member, isOwed);
    }
    await this.#host.durable();
    const replacing = replacements.length === 0 ? {} : { replacements };
    return { kind: "attached", upTo, more, entries, ...replacing };
  }

  /** Whether a ttl 0 broadcast is for a device that attaches: it was there in time, or the turn of it is still to come. */
  #isForNow(made: Made, request: AttachRequest, position: number, seq: number): boolean {
    const { device, since, called = [] } = request;
    const lately = this.#host.now() - LIMITS.NOW_MS;
    const isSince = since !== undefined && seqTimeMs(seq) >= Math.max(since, lately);
    return isSince || called.includes(position) || made.fanOut.isAhead(position, device);
  }

  async fanOut(request: FanOutRequest): Promise<FanOutAnswer> {
    if (this.#made === null) return EMPTY_SUBTREE;
    return this.#made.fanOut.fanOut(request);
  }

  async countChild({ digit, ...count }: CountReport): Promise<CountAnswer> {
    const made = this.#made;
    if (made === null) return { head: 0, isUnborn: true };
    // Whom this node is told of is to be found by those above, too.
    if (isClosed(made.record) && !isClosed(count)) {
      await made.doors.open();
      return this.countChild({ digit, ...count });
    }
    const { head } = made.log;
    const known = made.record.children[digit];
    // It is gone, and its report comes late; or it says so anew before somebody is in it.
    if (known === undefined && isClosed(count)) return { head };
    // Of one that is not known, an old turn may be what a life that has ended said: if the node is there, it says so anew.
    const unknown = firstTurn(this.#host.now() - LIMITS.COUNT_DELAY_MS);
    const turns = known === undefined ? unknown : (known.turns ?? 0);
    const isLate = turns > (count.turns ?? 0);
    if (!isLate && !sameCount(known, count)) {
      this.#write(made, { children: { ...made.record.children, [digit]: count } });
      this.#reporter.expect();
    }
    await this.#host.durable();
    return { head, ...(isLate ? { turns } : {}) };
  }

  async go(): Promise<GoAnswer> {
    const made = this.#made;
    if (made === null && !this.#birth.isUnderWay) return { gone: true };
    const isClosedNode = made !== null && isClosed(made.record) && !made.doors.isOpening;
    if (isClosedNode && made.erasing.canGo && !this.isBusy) {
      this.#erase(made);
      await this.#host.durable();
      return { gone: true };
    }
    const soon = this.#host.now() + LIMITS.COUNT_DELAY_MS;
    return { gone: false, neededUntil: Math.max(made?.erasing.neededUntil ?? 0, soon) };
  }

  async broadcast(request: BroadcastRequest): Promise<BroadcastAnswer> {
    const root = this.#made?.root ?? null;
    if (root === null) return { ok: false, code: "tag_unknown" };
    const answer = root.broadcast(request);
    await this.#host.durable();
    if (answer.ok) root.begin();
    return answer;
  }

  async broadcastStatus(key: Uint8Array, seq?: number): Promise<BroadcastStatus | null> {
    return (await this.#made?.root?.status(key, seq)) ?? null;
  }

  async info(): Promise<TagInfo | null> {
    const made = this.#made;
    if (made?.root == null) return null;
    const { tag, live } = made.record;
    const listeners = await made.root.listeners();
    const { members, nodes, depth } = this.#countOf(made);
    const { lastBroadcastAt } = made.root;
    return { tag, members, nodes, depth, lastBroadcastAt, listeners, live, head: made.log.head };
  }

  async setLive(tag: string, access: LiveAccess): Promise<void> {
    const made = this.#makeRoot(tag);
    if (made.record.live !== access) this.#write(made, { live: access });
    this.#reporter.expect();
    await this.#host.durable();
  }

  async reportLive(report: LiveReport): Promise<LiveReportAnswer> {
    const made = this.#makeRoot(report.tag);
    this.#reporter.expect();
    await made.root?.countListeners(report);
    await this.#host.durable();
    return { listeners: (await made.root?.listeners()) ?? 0, head: made.log.head };
  }

  async entriesAfter(position: number): Promise<readonly LogEntry[]> {
    const made = this.#made;
    return made === null ? [] : made.log.page(position, this.#host.now()).entries;
  }

  /** The alarm has come: reports what is due, and serves the broadcasts that wait; resolves when none does. */
  async alarm(): Promise<void> {
    await Promise.all([
      this.#reporter.alarm(),
      this.#made?.fanOut.alarm(),
      this.#made?.root?.alarm(),
      this.#made?.erasing.alarm(),
    ]);
    await this.#endIfVoid();
  }

  /** The root of a tag that nobody needs any more leaves nothing: else anybody could fill the disk with tags that he makes up. */
  async #endIfVoid(): Promise<void> {
    const made = this.#made;
    if (made === null || made.root === null) return;
    const isIdle = () => this.#made === made && !this.#reporter.isExpecting && !this.isBusy;
    const forget = async () => {
      if (made.root?.lastBroadcastAt == null) return;
      await this.#tellDirectory(made.record.tag, NOTHING);
    };
    if (await made.erasing.ends(forget, isIdle)) this.#erase(made);
  }

  #erase(made: Made): void {
    made.isErased = true;
    this.#store.erase();
    this.#made = null;
  }

  /** A node comes to be where its parent sent a join here. */
  #bear({ tag, born }: JoinRequest): Promise<boolean> {
    if (born === null) return Promise.resolve(false);
    return this.#birth.tell(this.#host.now(), ({ turns, head }) => {
      if (this.#made === null) this.#make(tag, Math.max(born, head), { turns });
    });
  }

  #makeRoot(tag: string): Made {
    return this.#made ?? this.#make(tag, this.#born(this.#host.now()));
  }

  get #isRoot(): boolean {
    return this.#name.path === "";
  }

  #make(tag: string, born: number, change: Partial<NodeRecord> = {}): Made {
    const nothing = { children: {}, live: "token", liveNodes: [], isGapless: true } as const;
    const record: NodeRecord = { tag, born, ...nothing, ...change };
    this.#store.writeNode(record);
    this.#made = this.#load(record);
    return this.#made;
  }

  #load(record: NodeRecord): Made {
    const { app, tagId, path } = this.#name;
    const host = this.#host;
    const size = this.#isRoot ? LIMITS.ROOT_LOG_ENTRIES : LIMITS.LOG_ENTRIES;
    const log = new Log({
      ...{ store: this.#store, size, born: record.born },
      isGapless: record.isGapless === true,
      onGap: (born) => this.#write(made, { born }),
    });
    const members = new Members(this.#store, () => log.lastServed, this.#capacity);
    const parts = {
      ...{ host, log, members, app, tagId, path },
      tag: record.tag,
      record: () => made.record,
      change: (change: Partial<NodeRecord>) => this.#write(made, change),
      children: () => calledOf(made.record),
      onUnknown: (member: Member) => this.#remove(made, member),
      onChange: () => this.#reporter.expect(),
    };
    const fanOut = new NodeFanOut(parts);
    const isRoot = this.#isRoot;
    let root: Root | null = null;
    const doors = new Doors({
      ...{ record: parts.record, change: parts.change },
      count: () => this.#countOf(made),
      members: () => members.count,
      durable: () => host.durable(),
      report: this.#isRoot ? null : (count) => this.#report(count),
      onSkipped: (position) => log.skipTo(position),
      onFailed: () => this.#reporter.expect(),
    });
    const erasing = new Erasing({
      ...{ host, log, record: parts.record, change: parts.change },
      members: () => members.count,
      ask: (digit) => host.node(nodeObjectName({ app, tagId, path: path + digit })).go(),
      onGone: () => this.#reporter.expect(),
    });
    const made: Made = {
      ...{ record, log, members, fanOut, doors, erasing, isErased: false },
      get root() {
        if (isRoot) root ??= new Root({ ...parts, fanOut });
        return root;
      },
      isRootBusy: () => root?.isBusy === true,
    };
    return made;
  }

  /** Tells the parent. */
  #report(count: SubtreeCount): Promise<CountAnswer> {
    const { app, tagId, path } = this.#name;
    const parent = nodeObjectName({ app, tagId, path: path.slice(0, -1) });
    const report = { digit: path.slice(-1), ...count };
    return this.#host.withTimeout(LIMITS.CALL_MS, this.#host.node(parent).countChild(report));
  }

  #write(made: Made, change: Partial<NodeRecord>): void {
    if (made.isErased) return;
    const changed = { ...made.record, ...change };
    const { gaplessFrom } = made.log;
    // What an older version wrote tells from now on, too.
    const born = Math.max(changed.born, gaplessFrom ?? 0);
    const record: NodeRecord =
      gaplessFrom === null ? changed : { ...changed, born, isGapless: true };
    this.#store.writeNode(record);
    made.record = record;
  }

  #countOf({ record, members, erasing }: Made): SubtreeCount {
    const neededUntil = isClosed(record) ? erasing.neededUntil : null;
    return subtreeOf(record, members.count, neededUntil);
  }

  #remove(made: Made, member: Member): void {
    made.members.leave(member);
    this.#reporter.expect();
  }

  /** Tells whoever is above how many members there are. */
  async #tell(): Promise<void> {
    const made = this.#made;
    if (made === null) return;
    // What an older version wrote is read whole until its record says that it need not be.
    if (made.log.gaplessFrom !== null && made.record.isGapless !== true) this.#write(made, {});
    const count = this.#countOf(made);
    if (made.root === null) await made.doors.tell();
    else {
      const areKnown = await made.root.tellListeners();
      const listeners = await made.root.listeners();
      const { lastBroadcastAt } = made.root;
      const { tag } = made.record;
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
