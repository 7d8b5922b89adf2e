/** What a node of a tag needs of its host. */
import type { TagReport } from "./directory/directory.ts";
import type { CallLimiter } from "./fan-out/call-limiter.ts";
import type {
  BroadcastAnswer,
  BroadcastRequest,
  BroadcastStatus,
  CountAnswer,
  CountReport,
  DeliverAnswer,
  DeliverRequest,
  FanOutAnswer,
  FanOutRequest,
  GoAnswer,
  LivePublish,
  LivePublishAnswer,
  TagInfo,
} from "./types.ts";

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
}

export interface TagHost {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves when all that the node wrote so far is durable; on Workers the output gate sees to it. */
  durable(): Promise<void>;
  /** Resolves after some time. */
  sleep(ms: number): Promise<void>;
  /** Settles as the call does; rejects where that takes longer. What the call answers later is dropped. */
  withTimeout<Value>(ms: number, call: Promise<Value>): Promise<Value>;
  /** From 0 up to 1. */
  random(): number;
  /** Lets whatever else waits run first: called between devices of a fan-out. */
  yield(): Promise<void>;
  /** Leaves the thread to single sends for a moment, where there are any; after each turn of a fan-out. */
  rest(): Promise<void>;
  /** `TagNode.alarm` is called at this time or soon after, at least once, also over a restart. An earlier one stands. */
  setAlarm(at: number): void;
  /** A device's object, by name. */
  device(name: string): TagDevice;
  /** A node of any tag, by name of its object. */
  node(name: string): TagPeer;
  /** A live node, by name of its object. */
  live(name: string): TagLive;
  /** Tells the app's directory; `app` is its object's name. */
  updateDirectory(app: string, report: TagReport): Promise<void>;
  /** A failure that no caller sees. */
  reportError(error: unknown): void;
  /** Of this process, shared by all its nodes. */
  readonly calls: CallLimiter;
  /** Nodes called at once; `LIMITS.FAN_OUT_NODES` unless told. Where they share a thread, `calls` sees to single sends. */
  readonly parallelNodes: number;
}
