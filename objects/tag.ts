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
import { EarliestAlarm } from "./earliest-alarm.ts";
import type { TagImportRpc, TagRpc } from "./interfaces/rpc.ts";
import { SqlTagStore } from "./storage/tag-store.ts";
import { type TagEnv, tagHost } from "./tag-host.ts";

/** How often it looks whether an import is over. */
const IMPORT_MS = 2_000;
/** How long one alarm may take: the platform ends it after 15 min, and a paced broadcast may run for hours. */
const ALARM_MS = 600_000;
/** How often an alarm that takes its time looks whether the next is due, which would wait for it. */
const LOOK_MS = 1_000;

export class TagObject extends DurableObject<TagEnv> implements TagRpc, TagImportRpc {
  #stored: SqlTagStore;
  #node: TagNode;
  readonly #name: string;
  readonly #alarm: EarliestAlarm;
  /** Alarms in a row that failed. */
  #failures = 0;

  constructor(ctx: DurableObjectState, env: TagEnv) {
    super(ctx, env);
    const { name } = ctx.id;
    if (name === undefined) throw new Error("TagObject must be addressed by name");
    this.#name = name;
    this.#alarm = new EarliestAlarm(ctx.storage);
    this.#stored = this.#store();
    this.#node = this.#load();
    // The core sets its alarm without waiting, and so has to know from the start which one stands.
    ctx.blockConcurrencyWhile(() => this.#alarm.load());
  }

  async join(request: JoinRequest): Promise<JoinAnswer> {
    return this.#node.join(request);
  }

  async leave(request: LeaveRequest): Promise<boolean> {
    return this.#node.leave(request);
  }

  async attach(request: AttachRequest): Promise<AttachAnswer> {
    return this.#node.attach(request);
  }

  async fanOut(request: FanOutRequest): Promise<FanOutAnswer> {
    return this.#node.fanOut(request);
  }

  async countChild(report: CountReport): Promise<CountAnswer> {
    return this.#node.countChild(report);
  }

  async go(): Promise<GoAnswer> {
    const answer = await this.#node.go();
    if (answer.gone) await this.#free();
    return answer;
  }

  async broadcast(request: BroadcastRequest): Promise<BroadcastAnswer> {
    return this.#node.broadcast(request);
  }

  async broadcastStatus(key: Uint8Array, seq?: number): Promise<BroadcastStatus | null> {
    return this.#node.broadcastStatus(key, seq);
  }

  async info(): Promise<TagInfo | null> {
    return this.#node.info();
  }

  async setLive(tag: string, access: LiveAccess): Promise<void> {
    return this.#node.setLive(tag, access);
  }

  async reportLive(report: LiveReport): Promise<LiveReportAnswer> {
    return this.#node.reportLive(report);
  }

  async entriesAfter(position: number): Promise<readonly LogEntry[]> {
    return this.#node.entriesAfter(position);
  }

  async write(parts: readonly NodePart[]): Promise<void> {
    const store = this.#store();
    writeNode(this.#name, store, parts);
    // What is in memory was read before.
    this.#stored = this.#store();
    this.#node = this.#load();
    this.#alarm.set(alarmOf(this.#name, store, Date.now()));
  }

  /**
   * Lasts as long as the work, and no longer than until the next alarm is due; what is unfinished then goes on, and the
   * next one waits for it. Never throws: the platform gives up an alarm that failed six times, and a broadcast would
   * stand still for good.
   */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    if (this.env.IMPORTING !== undefined) {
      // Members whose devices are not here yet would be taken for gone.
      this.#alarm.set(alarmOf(this.#name, this.#store(), Date.now() + IMPORT_MS));
      return;
    }
    const until = Date.now() + ALARM_MS;
    let isDone = false;
    const work = this.#work().then(() => {
      isDone = true;
    });
    while (!isDone && !this.#alarm.isDue && Date.now() < until) {
      await Promise.race([work, scheduler.wait(LOOK_MS)]);
    }
    if (!isDone) this.#alarm.set(Date.now());
    else await this.#free();
  }

  /** Frees the database of a node that is not there (any more): empty, it is 12 KB and more for ever. */
  async #free(): Promise<void> {
    if (this.#stored.exists) return;
    this.#alarm.clear();
    await this.ctx.storage.deleteAll();
  }

  #store(): SqlTagStore {
    return new SqlTagStore(this.ctx.storage.sql, this.#name);
  }

  /** The node as it is stored. */
  #load(): TagNode {
    const nodeMembers = countOf(this.env.NODE_MEMBERS);
    return new TagNode({
      name: this.#name,
      store: this.#stored,
      host: tagHost(this.env, this.#alarm),
      ...(nodeMembers === undefined ? {} : { nodeMembers }),
    });
  }

  async #work(): Promise<void> {
    try {
      await this.#node.alarm();
      this.#failures = 0;
    } catch (error) {
      console.error(error);
      this.#alarm.set(Date.now() + backoffMs(++this.#failures, Math.random()));
    }
  }
}
