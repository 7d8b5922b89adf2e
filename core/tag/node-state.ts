/** The state of a node that exists: its record, and the parts that work on it. */
import { LIMITS } from "../../schema/limits.ts";
import type { CountAnswer } from "./calls/tree.ts";
import { NodeFanOut } from "./fan-out/node-fan-out.ts";
import { NodeTrust } from "./fan-out/node-trust.ts";
import type { TagHost } from "./host.ts";
import { Log } from "./log/log.ts";
import { type Member, Members } from "./members/members.ts";
import { type NodeName, nodeObjectName } from "./name.ts";
import { Root } from "./root/root.ts";
import { Schedule } from "./root/schedule.ts";
import type { NodeRecord, SubtreeCount, TagStore } from "./store.ts";
import { Erasing } from "./tree/erasing.ts";
import { isClosed, OpenState } from "./tree/open-state.ts";
import { countSubtree, openChildren } from "./tree/subtree.ts";

interface NodeStateParts {
  readonly name: NodeName;
  readonly store: TagStore;
  readonly host: TagHost;
  /** Members that it takes before it sends joins to its children. */
  readonly capacity: number;
  /** A count changed that is reported to the parent or the directory. */
  readonly onChange: () => void;
  /** Reports to the parent. */
  readonly report: (count: SubtreeCount) => Promise<CountAnswer>;
}

export class NodeState {
  readonly log: Log;
  readonly members: Members;
  readonly fanOut: NodeFanOut;
  readonly trust: NodeTrust;
  readonly openState: OpenState;
  readonly erasing: Erasing;
  readonly #parts: NodeStateParts;
  readonly #makeRoot: (() => Root) | null;
  #root: Root | null = null;
  #record: NodeRecord;
  #isErased = false;

  constructor(parts: NodeStateParts, record: NodeRecord) {
    const { name, store, host, capacity, onChange, report } = parts;
    const { app, tagId, path } = name;
    const isRoot = path === "";
    this.#parts = parts;
    this.#record = record;
    const log = new Log({
      ...{ store, born: record.born, isGapless: record.isGapless === true },
      size: isRoot ? LIMITS.ROOT_LOG_ENTRIES : LIMITS.LOG_ENTRIES,
      onGap: (born) => this.change({ born }),
    });
    const members = new Members(store, () => log.lastServed, capacity);
    const trust = new NodeTrust(host);
    const shared = {
      ...{ host, log, members, trust, app, tagId, path, onChange },
      tag: record.tag,
      record: () => this.#record,
      change: (change: Partial<NodeRecord>) => this.change(change),
      children: () => openChildren(this.#record),
      onUnknown: (member: Member) => this.remove(member),
    };
    const fanOut = new NodeFanOut(shared);
    const schedule = isRoot ? new Schedule(store) : null;
    this.log = log;
    this.members = members;
    this.fanOut = fanOut;
    this.trust = trust;
    this.openState = new OpenState({
      ...{ record: shared.record, change: shared.change },
      count: () => this.count,
      members: () => members.count,
      durable: () => host.durable(),
      report: isRoot ? null : report,
      onSkipped: (position) => log.skipTo(position),
      onFailed: onChange,
    });
    this.erasing = new Erasing({
      ...{ host, log, record: shared.record, change: shared.change },
      members: () => members.count,
      isScheduled: () => schedule?.isEmpty === false,
      ask: (digit) => host.node(nodeObjectName({ app, tagId, path: path + digit })).go(),
      onGone: onChange,
    });
    this.#makeRoot = schedule && (() => new Root({ ...shared, fanOut, schedule }));
  }

  get record(): NodeRecord {
    return this.#record;
  }

  /** Null for a node that is not the root. Made at the first use, which reads the log. */
  get root(): Root | null {
    if (this.#makeRoot !== null) this.#root ??= this.#makeRoot();
    return this.#root;
  }

  /** Whether work is under way that exists in memory only. */
  get isBusy(): boolean {
    return this.fanOut.isBusy || this.#root?.isBusy === true || this.erasing.isBusy;
  }

  /** What is reported to the parent. */
  get count(): SubtreeCount {
    const neededUntil = isClosed(this.#record) ? this.erasing.neededUntil : null;
    return countSubtree(this.#record, this.members.count, neededUntil);
  }

  /** Writes the record: one row. Work that is still under way when the node is erased writes nothing. */
  change(change: Partial<NodeRecord>): void {
    if (this.#isErased) return;
    const changed = { ...this.#record, ...change };
    const { gaplessFrom } = this.log;
    // Upgrades the record of an older version: from now on it says where the log has no gaps.
    const born = Math.max(changed.born, gaplessFrom ?? 0);
    const record: NodeRecord =
      gaplessFrom === null ? changed : { ...changed, born, isGapless: true };
    this.#parts.store.writeNode(record);
    this.#record = record;
  }

  remove(member: Member): void {
    this.members.leave(member);
    this.#parts.onChange();
  }

  erase(): void {
    this.#isErased = true;
    this.#parts.store.erase();
  }
}
