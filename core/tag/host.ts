/** What a node of a tag needs from its host, as a port. */
import type { AppTrust } from "../trust/app-trust.ts";
import type { BroadcastAnswer, BroadcastRequest, BroadcastStatus } from "./calls/broadcast.ts";
import type {
  DeliverAnswer,
  DeliverRequest,
  FanOutAnswer,
  FanOutRequest,
} from "./calls/fan-out.ts";
import type { LiveAccess, LivePublish, LivePublishAnswer, TagInfo } from "./calls/live.ts";
import type { CountAnswer, CountReport, GoAnswer } from "./calls/tree.ts";
import type { TagReport } from "./directory/directory.ts";
import type { CallLimiter } from "./fan-out/call-limiter.ts";

export interface TagDevice {
  deliver(request: DeliverRequest): Promise<DeliverAnswer>;
}

export interface TagPeer {
  fanOut(request: FanOutRequest): Promise<FanOutAnswer>;
  countChild(report: CountReport): Promise<CountAnswer>;
  go(): Promise<GoAnswer>;
  broadcast(request: BroadcastRequest): Promise<BroadcastAnswer>;
  broadcastStatus(key: Uint8Array, seq?: number): Promise<BroadcastStatus | null>;
  info(): Promise<TagInfo | null>;
}

export interface TagLive {
  publish(request: LivePublish): Promise<LivePublishAnswer>;
  presence(listeners: number): Promise<void>;
  listeners(): Promise<number>;
  access(access: LiveAccess): Promise<void>;
}

export interface TagHost {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves when everything written so far is durable. On Workers it resolves at once, because the output gate holds answers back. */
  durable(): Promise<void>;
  sleep(ms: number): Promise<void>;
  /** Settles like the call, or rejects after `ms`; a later answer is dropped. */
  withTimeout<Value>(ms: number, call: Promise<Value>): Promise<Value>;
  /** From 0 up to but not including 1. */
  random(): number;
  /** Lets other work run first. Called between devices of a fan-out. */
  yield(): Promise<void>;
  /** Leaves the thread to single sends for a moment, if there are any. Called after each batch of calls of a fan-out. */
  rest(): Promise<void>;
  /** Has `TagNode.alarm` called at this time or soon after, at least once, even after a restart. Keeps an earlier alarm. */
  setAlarm(at: number): void;
  /** @param name of the device's object */
  device(name: string): TagDevice;
  /** @param name of the object of a node, of any tag */
  node(name: string): TagPeer;
  /** @param name of the live node's object */
  live(name: string): TagLive;
  /** Asks the object of the tag's app what the app trusts; null if it was deleted. */
  trust(): Promise<AppTrust | null>;
  /** @param app base64url of the app's 8 bytes */
  updateDirectory(app: string, report: TagReport): Promise<void>;
  /** Logs a failure that no caller sees. */
  reportError(error: unknown): void;
  /** Shared by all nodes of this process. */
  readonly calls: CallLimiter;
  /** Nodes called in parallel. Where all nodes share a thread, `calls` limits what they do to single sends. */
  readonly parallelNodes: number;
}
