/** The Durable Object of one node of a tag's tree: a thin shell that gives core/tag a database, an alarm and other objects. */
import { DurableObject } from "cloudflare:workers";
import { backoffMs } from "../core/backoff.ts";
import { alarmOf, writeNode } from "../core/move/node.ts";
import { TagNode } from "../core/tag/node.ts";
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
} from "../core/tag/types.ts";
import type { NodePart } from "../schema/export.ts";
import { countOf } from "./count.ts";
import { DurableAlarm } from "./durable/alarm.ts";
import { openRows } from "./durable/runtime.ts";
import type { TagImportRpc, TagRpc } from "./interfaces/rpc.ts";
import { Memory } from "./memory.ts";
import type { Stored } from "./runtime.ts";
import { SqlTagStore } from "./storage/tag-store.ts";
import { type TagEnv, tagHost } from "./tag-host.ts";

/** How often it looks whether an import is over. */
const IMPORT_MS = 2_000;
/** How long one alarm may take: the platform ends it after 15 min, and a paced broadcast may run for hours. */
const ALARM_MS = 600_000;
/** How often an alarm that takes its time looks whether the next is due, which would wait for it. */
const LOOK_MS = 1_000;

export class TagObject extends DurableObject<TagEnv> implements TagRpc, TagImportRpc {
  readonly #memory: Memory<SqlTagStore, { readonly stored: SqlTagStore; readonly node: TagNode }>;
  readonly #name: string;
  readonly #alarm: DurableAlarm;
  /** Alarms in a row that failed. */
  #failures = 0;

  constructor(ctx: DurableObjectState, env: TagEnv) {
    super(ctx, env);
    const { name } = ctx.id;
    if (name === undefined) throw new Error("TagObject must be addressed by name");
    this.#name = name;
    this.#alarm = new DurableAlarm(ctx.storage, env.MAX_LINKS);
    const open = () => openRows(ctx, (rows) => new SqlTagStore(rows, this.#name));
    this.#memory = new Memory({ open }, (stored) => this.#load(stored));
    // The core sets its alarm without waiting, and so has to know from the start which one stands.
    ctx.blockConcurrencyWhile(() => this.#alarm.load());
  }

  async join(request: JoinRequest): Promise<JoinAnswer> {
    return this.#memory.call(({ node }) => node.join(request));
  }

  async leave(request: LeaveRequest): Promise<boolean> {
    return this.#memory.call(({ node }) => node.leave(request));
  }

  async attach(request: AttachRequest): Promise<AttachAnswer> {
    return this.#memory.call(({ node }) => node.attach(request));
  }

  async fanOut(request: FanOutRequest): Promise<FanOutAnswer> {
    return this.#memory.call(({ node }) => node.fanOut(request));
  }

  async countChild(report: CountReport): Promise<CountAnswer> {
    return this.#memory.call(({ node }) => node.countChild(report));
  }

  async go(): Promise<GoAnswer> {
    const answer = await this.#memory.call(({ node }) => node.go());
    if (answer.gone) await this.#free();
    return answer;
  }

  async broadcast(request: BroadcastRequest): Promise<BroadcastAnswer> {
    return this.#memory.call(({ node }) => node.broadcast(request));
  }

  async broadcastStatus(key: Uint8Array, seq?: number): Promise<BroadcastStatus | null> {
    return this.#memory.call(({ node }) => node.broadcastStatus(key, seq));
  }

  async info(): Promise<TagInfo | null> {
    return this.#memory.call(({ node }) => node.info());
  }

  async setLive(tag: string, access: LiveAccess): Promise<void> {
    return this.#memory.call(({ node }) => node.setLive(tag, access));
  }

  async reportLive(report: LiveReport): Promise<LiveReportAnswer> {
    return this.#memory.call(({ node }) => node.reportLive(report));
  }

  async entriesAfter(position: number): Promise<readonly LogEntry[]> {
    return this.#memory.call(({ node }) => node.entriesAfter(position));
  }

  async write(parts: readonly NodePart[]): Promise<void> {
    this.#memory.run(({ stored }) => writeNode(this.#name, stored, parts));
    // What is in memory was read before.
    this.#memory.reload();
    this.#expectImported(Date.now());
  }

  /**
   * Lasts as long as the work, and no longer than until the next alarm is due; what is unfinished then goes on, and the
   * next one waits for it. Throws only where not even another alarm can be set: the platform gives up one that failed six times,
   * and a broadcast would stand still for good.
   */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    if (this.env.IMPORTING !== undefined) {
      // Members whose devices are not here yet would be taken for gone.
      this.#expectImported(Date.now() + IMPORT_MS);
      return;
    }
    const until = Date.now() + ALARM_MS;
    let isDone = false;
    const work = this.#work().then(() => {
      isDone = true;
    });
    while (!isDone && !this.#isDue && Date.now() < until) {
      await Promise.race([work, scheduler.wait(LOOK_MS)]);
    }
    if (!isDone) this.#setAlarm(Date.now());
    else await this.#free().catch((error) => console.error(error));
    await this.#alarm.stands;
  }

  /** Whether another alarm is set, and its time has come. */
  get #isDue(): boolean {
    return (this.#alarm.at ?? Number.POSITIVE_INFINITY) <= Date.now();
  }

  #setAlarm(at: number): void {
    this.#alarm.set(at)?.catch((error: unknown) => this.#memory.fail(error));
  }

  /** @param from milliseconds since 1970 */
  #expectImported(from: number): void {
    this.#setAlarm(alarmOf(this.#name, this.#memory.loaded.stored, from));
  }

  /** Frees the database of a node that is not there (any more): empty, it is 12 KB and more for ever. */
  async #free(): Promise<void> {
    if (this.#memory.loaded.stored.exists) return;
    this.#alarm.clear();
    await this.ctx.storage.deleteAll();
  }

  /** The node as it is stored. */
  #load({ store: stored, storage }: Stored<SqlTagStore>) {
    const nodeMembers = countOf(this.env.NODE_MEMBERS);
    const node = new TagNode({
      name: this.#name,
      store: stored,
      host: tagHost(this.env, storage, (at) => this.#setAlarm(at)),
      ...(nodeMembers === undefined ? {} : { nodeMembers }),
    });
    return { stored, node };
  }

  async #work(): Promise<void> {
    try {
      await this.#memory.call(({ node }) => node.alarm());
      this.#failures = 0;
    } catch (error) {
      console.error(error);
      this.#setAlarm(Date.now() + backoffMs(++this.#failures, Math.random()));
    }
  }
}
