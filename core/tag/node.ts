/**
 * One node of a tag's tree. Every node holds members and serves them; the root also takes broadcasts (see root.ts). The calls
 * are those of `TagRpc`, which says what they mean; all of them may be repeated.
 */
import { LIMITS } from "../../schema/limits.ts";
import { seqTimeMs } from "../device/clock.ts";
import { noCounts } from "./counts.ts";
import { Doors, isClosed } from "./doors.ts";
import { Fleet } from "./fleet.ts";
import type { TagHost } from "./host.ts";
import { Leaves } from "./leaves.ts";
import { Log } from "./log.ts";
import { type Member, Members } from "./members.ts";
import { deviceDigit, type NodeName, nodeObjectName, parseNodeName } from "./name.ts";
import { Reporter } from "./reporter.ts";
import { Root } from "./root.ts";
import type { NodeRecord, SubtreeCount, TagStore } from "./store.ts";
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
}

/** What there is of a node that was made. */
interface Made {
  record: NodeRecord;
  readonly log: Log;
  readonly members: Members;
  readonly fleet: Fleet;
  readonly doors: Doors;
  /** Null for a node that is not the root. */
  readonly root: Root | null;
}

export class TagNode {
  readonly #name: NodeName;
  readonly #store: TagStore;
  readonly #host: TagHost;
  readonly #capacity: number;
  readonly #reporter: Reporter;
  readonly #leaves = new Leaves();
  #made: Made | null = null;

  constructor({ name, store, host, nodeMembers = LIMITS.NODE_MEMBERS }: TagNodeOptions) {
    this.#name = parseNodeName(name);
    this.#store = store;
    this.#host = host;
    this.#capacity = nodeMembers;
    this.#reporter = new Reporter(host, () => this.#tell());
    const record = store.readNode();
    if (record !== null) this.#made = this.#load(record);
  }

  /** Whether something is under way that only memory knows. */
  get isBusy(): boolean {
    return this.#made?.fleet.isBusy === true || this.#made?.root?.isBusy === true;
  }

  async join(request: JoinRequest): Promise<JoinAnswer> {
    const now = this.#host.now();
    if (request.until !== undefined && request.until <= now) return { kind: "late" };
    const made = this.#made ?? this.#makeFor(request);
    if (made === null) return { kind: "unborn" };
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
      this.#bear(made, digit);
      await this.#host.durable();
      return { kind: "child", digit, born: made.log.head };
    }
    if (isClosed(made.record)) {
      await made.doors.open();
      // Others came in meanwhile.
      return this.join(request);
    }
    // It came late, and nobody waits for the answer; or who leaves looks for itself, and is not here.
    if (this.#leaves.has(request, now)) return { kind: "joined", head: made.log.head };
    const { joined } = made.members.join(request, made.log.head);
    this.#reporter.expect();
    await this.#host.durable();
    return { kind: "joined", head: joined };
  }

  async leave(request: LeaveRequest): Promise<boolean> {
    const { device, epoch = 0 } = request;
    this.#leaves.add(request, this.#host.now());
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
      made.members.attach(member, head);
      made.fleet.attached(member);
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
    return isSince || called.includes(position) || made.fleet.isAhead(position, device);
  }

  async fanOut(request: FanOutRequest): Promise<FanOutAnswer> {
    // A child that its parent knows, and that nobody has joined yet.
    if (this.#made === null) return NOBODY;
    return this.#made.fleet.fanOut(request);
  }

  async countChild({ digit, ...count }: CountReport): Promise<CountAnswer> {
    const made = this.#made;
    if (made === null) return { head: 0 };
    // Whom this node is told of is to be found by those above, too.
    if (!isClosed(count)) await made.doors.open();
    const { head } = made.log;
    const known = made.record.children[digit];
    const isLate = (known?.turns ?? 0) > (count.turns ?? 0);
    if (!isLate && !sameCount(known, count)) {
      this.#write(made, { children: { ...made.record.children, [digit]: count } });
      this.#reporter.expect();
    }
    await this.#host.durable();
    return { head };
  }

  async broadcast(request: BroadcastRequest): Promise<BroadcastAnswer> {
    const root = this.#made?.root ?? null;
    if (root === null) return { ok: false, code: "tag_unknown" };
    const answer = root.broadcast(request);
    await this.#host.durable();
    if (answer.ok) root.begin();
    return answer;
  }

  async broadcastStatus(key: Uint8Array): Promise<BroadcastStatus | null> {
    return (await this.#made?.root?.status(key)) ?? null;
  }

  async info(): Promise<TagInfo | null> {
    const made = this.#made;
    if (made?.root == null) return null;
    const { tag, live } = made.record;
    const listeners = await made.root.listeners();
    const { members, nodes, depth } = subtreeOf(made);
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
      this.#made?.fleet.alarm(),
      this.#made?.root?.alarm(),
    ]);
    this.#eraseIfVoid();
  }

  /**
   * A tag that everybody has left, and that never had a broadcast, a child or a listener, leaves nothing: else a device could fill
   * the disk with tags that it makes up, joins and leaves. Positions begin anew then, which nobody has seen.
   */
  #eraseIfVoid(): void {
    const made = this.#made;
    if (made === null || made.root === null || this.#reporter.isExpecting || this.isBusy) return;
    const { record, members, log } = made;
    const { children, live, liveNodes } = record;
    const isVoid =
      members.count === 0 &&
      log.head === 0 &&
      Object.keys(children).length === 0 &&
      live === "token" &&
      liveNodes.length === 0;
    if (!isVoid) return;
    this.#store.erase();
    this.#made = null;
  }

  /** A node comes to be by its first join: the root by itself, another where its parent sent the join here. */
  #makeFor({ tag, born }: JoinRequest): Made | null {
    if (this.#isRoot) return this.#makeRoot(tag);
    return born === null ? null : this.#make(tag, born);
  }

  #makeRoot(tag: string): Made {
    return this.#made ?? this.#make(tag, 0);
  }

  get #isRoot(): boolean {
    return this.#name.path === "";
  }

  #make(tag: string, born: number): Made {
    const record: NodeRecord = { tag, born, children: {}, live: "token", liveNodes: [] };
    this.#store.writeNode(record);
    this.#made = this.#load(record);
    return this.#made;
  }

  #load(record: NodeRecord): Made {
    const { app, tagId, path } = this.#name;
    const host = this.#host;
    const size = this.#isRoot ? LIMITS.ROOT_LOG_ENTRIES : LIMITS.LOG_ENTRIES;
    const log = new Log(this.#store, size, record.born);
    const members = new Members(this.#store);
    members.load(log.lastServed);
    const parts = {
      ...{ host, log, members, app, tagId, path },
      tag: record.tag,
      record: () => made.record,
      change: (change: Partial<NodeRecord>) => this.#write(made, change),
      children: () => calledOf(made.record),
      onUnknown: (member: Member) => this.#remove(made, member),
      onChange: () => this.#reporter.expect(),
    };
    const fleet = new Fleet(parts);
    const root = this.#isRoot ? new Root({ ...parts, fleet }) : null;
    const doors = new Doors({
      ...{ record: parts.record, change: parts.change },
      count: () => subtreeOf(made),
      members: () => members.count,
      durable: () => host.durable(),
      report: this.#isRoot ? null : (count) => this.#report(count),
      onSkipped: (position) => log.skipTo(position),
      onFailed: () => this.#reporter.expect(),
    });
    const made: Made = { record, log, members, fleet, doors, root };
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
    const record = { ...made.record, ...change };
    this.#store.writeNode(record);
    made.record = record;
  }

  /** The child is known before anybody joins it, so that no fan-out can miss it. */
  #bear(made: Made, digit: string): void {
    const { children } = made.record;
    if (children[digit] !== undefined) return;
    this.#write(made, { children: { ...children, [digit]: { members: 0, nodes: 1, depth: 1 } } });
  }

  #remove(made: Made, member: Member): void {
    made.members.leave(member);
    this.#reporter.expect();
  }

  /** Tells whoever is above how many members there are. */
  async #tell(): Promise<void> {
    const made = this.#made;
    if (made === null) return;
    const { app } = this.#name;
    const count = subtreeOf(made);
    if (made.root === null) await made.doors.tell();
    else {
      await made.root.tellListeners();
      const listeners = await made.root.listeners();
      const { lastBroadcastAt } = made.root;
      const { tag } = made.record;
      const report = { tag, members: count.members, listeners, lastBroadcastAt };
      await this.#host.withTimeout(LIMITS.CALL_MS, this.#host.report(app, report));
    }
  }
}

const NOBODY: FanOutAnswer = {
  kind: "progress",
  done: true,
  waiting: false,
  counts: noCounts(),
  nodes: 1,
  remaining: 0,
  children: "",
};

/** Digits of the children that are called: whose subtree may have a member. */
const calledOf = ({ children }: NodeRecord): string =>
  Object.keys(children)
    .filter((digit) => !isClosed(children[digit] ?? {}))
    .sort()
    .join("");

function subtreeOf({ record, members }: Made): SubtreeCount {
  const children = Object.values(record.children);
  return {
    members: children.reduce((sum, child) => sum + child.members, members.count),
    nodes: children.reduce((sum, child) => sum + child.nodes, 1),
    depth: 1 + Math.max(0, ...children.map(({ depth }) => depth)),
    ...(record.turns === undefined ? {} : { turns: record.turns }),
  };
}

const sameCount = (a: SubtreeCount | undefined, b: SubtreeCount): boolean =>
  a !== undefined &&
  a.members === b.members &&
  a.nodes === b.nodes &&
  a.depth === b.depth &&
  a.turns === b.turns;
