/** The object of one node of a tag's tree: gives core/tag its rows, its alarm and other objects. */
import { nodeAlarmOf, writeNode } from "../../core/move/node.ts";
import type {
  BroadcastAnswer,
  BroadcastRecallAnswer,
  BroadcastRecallRequest,
  BroadcastRequest,
  BroadcastStatus,
  LogEntry,
} from "../../core/tag/calls/broadcast.ts";
import type { FanOutAnswer, FanOutRequest } from "../../core/tag/calls/fan-out.ts";
import type {
  LiveAccess,
  LiveReport,
  LiveReportAnswer,
  TagInfo,
} from "../../core/tag/calls/live.ts";
import type {
  AttachAnswer,
  AttachRequest,
  JoinAnswer,
  JoinRequest,
  LeaveRequest,
  NodeMembers,
} from "../../core/tag/calls/membership.ts";
import type { CountAnswer, CountReport, GoAnswer } from "../../core/tag/calls/tree.ts";
import { directoryNameOf } from "../../core/tag/directory/directory-shards.ts";
import type { CallLimiter } from "../../core/tag/fan-out/call-limiter.ts";
import type { TagDevice, TagHost } from "../../core/tag/host.ts";
import { parseNodeName } from "../../core/tag/name.ts";
import { TagNode } from "../../core/tag/node.ts";
import type { TagStore } from "../../core/tag/store.ts";
import type { AppTrust } from "../../core/trust/app-trust.ts";
import type { NodePart } from "../../schema/export.ts";
import { AlarmRetry } from "../alarm-retry.ts";
import { appTrust } from "../app/app-record.ts";
import { sends } from "../capacity/sends.ts";
import type { Peers } from "../interfaces/peers.ts";
import type { TagImportRpc, TagRpc } from "../interfaces/rpc.ts";
import { durable, Memory } from "../memory.ts";
import type { Erasable, ObjectRuntime, StoragePort, Stored } from "../runtime.ts";
import { Stay } from "../stay.ts";
import { within } from "../timeout.ts";

/** How often a node checks whether an import has ended. */
const IMPORT_MS = 2_000;
/** How often a long alarm (a paced broadcast may run for hours) checks whether the next one is due. */
const LOOK_MS = 1_000;

/** What differs between hosts. */
export interface TagSettings {
  /** Members of one node; undefined for the core's own bound. */
  readonly nodeMembers: number | undefined;
  /** As of `TagNodeOptions`. */
  readonly born?: (now: number) => number;
  /** Nodes called at once. */
  readonly parallelNodes: number;
  /** Shared by all nodes of the process. */
  readonly calls: CallLimiter;
  /** The appId of an app's 8 bytes, in base64url. */
  readonly appId: (app: string) => string;
  /** How many objects the directory of an app is spread over. */
  readonly directoryShards: number;
  /**
   * How long one alarm may take, in ms; unfinished work goes on in the next one. Null if an alarm lasts as long as its work, and the host rings
   * again after one that failed or was cut short.
   */
  readonly sliceMs: number | null;
  /** Whether a mesh is being imported, and not all of it is there yet. */
  readonly isImporting: boolean;
  /** Whether a device may be woken only to learn that it has no link; null if every device may. */
  readonly mayWake: ((device: string) => boolean) | null;
}

type Store = TagStore & Erasable;
type TagPeers = Pick<Peers, "device" | "node" | "live" | "tagDirectory" | "app">;

interface Loaded {
  readonly node: TagNode;
  readonly store: Store;
}

export class TagShell implements TagRpc, TagImportRpc {
  readonly #runtime: ObjectRuntime<Store>;
  readonly #peers: TagPeers;
  readonly #settings: TagSettings;
  readonly #memory: Memory<Store, Loaded>;
  readonly #stay: Stay;
  /** Setting of the last alarm. */
  #setting: Promise<void> | null = null;
  /** Holds the next alarm while one without a time limit rings. That one stays set until its work is done, to ring again after a kill. */
  #ringing: { next: number | null } | null = null;
  readonly #retry: AlarmRetry;

  constructor(runtime: ObjectRuntime<Store>, peers: TagPeers, settings: TagSettings) {
    this.#runtime = runtime;
    this.#peers = peers;
    this.#settings = settings;
    this.#stay = new Stay(runtime.residence);
    this.#retry = new AlarmRetry(runtime, (at) => {
      this.#setAlarm(at);
      // The end of the slice waits for it.
      return null;
    });
    this.#memory = new Memory(runtime, (stored) => this.#load(stored));
  }

  get name(): string {
    return this.#runtime.name;
  }

  join(request: JoinRequest): Promise<JoinAnswer> {
    return this.#call((node) => node.join(request));
  }

  leave(request: LeaveRequest): Promise<boolean> {
    return this.#call((node) => node.leave(request));
  }

  attach(request: AttachRequest): Promise<AttachAnswer> {
    return this.#call((node) => node.attach(request));
  }

  members(): Promise<NodeMembers | null> {
    return this.#call((node) => node.members());
  }

  fanOut(request: FanOutRequest): Promise<FanOutAnswer> {
    return this.#call((node) => node.fanOut(request));
  }

  countChild(report: CountReport): Promise<CountAnswer> {
    return this.#call((node) => node.countChild(report));
  }

  async go(): Promise<GoAnswer> {
    const answer = await this.#call((node) => node.go());
    if (answer.gone) await this.#free();
    return answer;
  }

  broadcast(request: BroadcastRequest): Promise<BroadcastAnswer> {
    return this.#call((node) => node.broadcast(request));
  }

  recall(request: BroadcastRecallRequest): Promise<BroadcastRecallAnswer> {
    return this.#call((node) => node.recall(request));
  }

  broadcastStatus(key: Uint8Array, seq?: number): Promise<BroadcastStatus | null> {
    return this.#call((node) => node.broadcastStatus(key, seq));
  }

  info(): Promise<TagInfo | null> {
    return this.#call((node) => node.info());
  }

  setLive(tag: string, access: LiveAccess): Promise<boolean> {
    return this.#call((node) => node.setLive(tag, access));
  }

  reportLive(report: LiveReport): Promise<LiveReportAnswer> {
    return this.#call((node) => node.reportLive(report));
  }

  entriesAfter(position: number): Promise<readonly LogEntry[]> {
    return this.#call((node) => node.entriesAfter(position));
  }

  async write(parts: readonly NodePart[]): Promise<void> {
    await this.#memory.answer(({ store }) => writeNode(this.name, store, parts));
    // Memory was loaded before these rows.
    this.#memory.reload();
    this.#expectImported(this.#runtime.now());
  }

  /** The alarm has come. Lasts as long as its work, or as `TagSettings.sliceMs` says. */
  async alarm(): Promise<void> {
    const { sliceMs, isImporting } = this.#settings;
    if (isImporting) {
      this.#runtime.alarm.fired();
      // Members whose devices were not imported yet would be taken for gone.
      this.#expectImported(this.#runtime.now() + IMPORT_MS);
    } else if (sliceMs === null) await this.#stay.during(() => this.#ringOut());
    else await this.#ringSlice(sliceMs);
  }

  /**
   * Leaves memory if there is nothing to do.
   *
   * @returns false if there is, or if it was used after `idleSince`, by `Residence.sweeps`
   */
  sleep(idleSince: number): boolean {
    return this.#stay.end(
      idleSince,
      () => this.#memory.standing?.node.isBusy === true,
      () => this.#memory.reload(),
    );
  }

  #call<Answer>(call: (node: TagNode) => Promise<Answer>): Promise<Answer> {
    return this.#stay.during(() => this.#memory.call(({ node }) => call(node)));
  }

  /** Rings until all work is done. */
  async #ringOut(): Promise<void> {
    const runtime = this.#runtime;
    const ringing: { next: number | null } = { next: null };
    this.#ringing = ringing;
    const endsSoon = (work: Promise<void>): Promise<boolean> =>
      Promise.race([work.then(() => true), runtime.scheduler.sleep(LOOK_MS).then(() => false)]);
    try {
      for (let work = this.#work(); !(await endsSoon(work)); ) {
        if (ringing.next === null || ringing.next > runtime.now()) continue;
        ringing.next = null;
        work = Promise.all([work, this.#work()]).then(() => {});
      }
    } finally {
      this.#ringing = null;
    }
    await this.#memory.answer(() => {
      runtime.alarm.fired();
      if (ringing.next !== null) this.#setAlarm(ringing.next);
    });
  }

  /**
   * Ends when the next alarm is due, because that waits for this one. A failure sets another alarm (`AlarmRetry`); throws only if that cannot be
   * set.
   */
  async #ringSlice(sliceMs: number): Promise<void> {
    const runtime = this.#runtime;
    const until = runtime.now() + sliceMs;
    let isDone = false;
    const work = this.#retry
      .ring(() => this.#work())
      .then(() => {
        isDone = true;
      });
    while (!isDone && !this.#isAlarmDue && runtime.now() < until) {
      await Promise.race([work, runtime.scheduler.sleep(LOOK_MS)]);
    }
    if (!isDone) this.#setAlarm(runtime.now());
    else await this.#free().catch((error: unknown) => runtime.reportError(error));
    await this.#setting;
  }

  #work(): Promise<void> {
    return this.#memory.call(({ node }) => node.alarm());
  }

  get #isAlarmDue(): boolean {
    return (this.#runtime.alarm.at ?? Number.POSITIVE_INFINITY) <= this.#runtime.now();
  }

  #setAlarm(at: number): void {
    if (this.#ringing !== null) {
      this.#ringing.next = Math.min(this.#ringing.next ?? at, at);
      return;
    }
    const setting = this.#runtime.alarm.set(at);
    if (setting === null) return;
    this.#setting = setting;
    setting.catch((error: unknown) => this.#memory.fail(error));
  }

  /** @param from milliseconds since 1970 */
  #expectImported(from: number): void {
    this.#setAlarm(nodeAlarmOf(this.name, this.#memory.loaded.store, from));
  }

  /** Frees the storage of a node that was erased, or never made. */
  async #free(): Promise<void> {
    if (this.#memory.loaded.store.exists) return;
    this.#runtime.alarm.clear();
    await this.#runtime.free();
  }

  /** Loads the node. */
  #load({ store, storage }: Stored<Store>): Loaded {
    const { nodeMembers, born } = this.#settings;
    const node = new TagNode({
      name: this.name,
      store,
      host: this.#host(storage),
      ...(nodeMembers === undefined ? {} : { nodeMembers }),
      ...(born === undefined ? {} : { born }),
    });
    return { node, store };
  }

  #host(storage: StoragePort): TagHost {
    const runtime = this.#runtime;
    const peers = this.#peers;
    const { scheduler } = runtime;
    const { calls, parallelNodes, directoryShards } = this.#settings;
    return {
      now: () => runtime.now(),
      durable: () => durable(storage),
      sleep: (ms) => scheduler.sleep(ms),
      withTimeout: (ms, call) => within(scheduler, ms, call),
      random: () => runtime.random(),
      yield: () => scheduler.yield(),
      rest: () => (sends.isActive(runtime.now()) ? scheduler.rest() : Promise.resolve()),
      setAlarm: (at) => this.#setAlarm(at),
      device: (name) => this.#device(name),
      trust: () => this.#trust(),
      node: (name) => peers.node(name),
      live: (name) => peers.live(name),
      updateDirectory: (app, entry) =>
        peers.tagDirectory(directoryNameOf(app, entry.tag, directoryShards)).report(entry),
      reportError: (error) => runtime.reportError(error),
      calls,
      parallelNodes,
    };
  }

  async #trust(): Promise<AppTrust | null> {
    const { app } = parseNodeName(this.name);
    const record = await this.#peers.app(this.#settings.appId(app)).record();
    return record && appTrust(record, this.#runtime.now());
  }

  #device(name: string): TagDevice {
    const { mayWake } = this.#settings;
    if (mayWake === null) return this.#peers.device(name);
    return {
      deliver: async (request) =>
        mayWake(name)
          ? this.#peers.device(name).deliver(request)
          : { ok: true, outcome: "offline" },
    };
  }
}
