/** What a live node needs from its host, as ports. */
import type { ErrorCode } from "../../schema/errors.ts";
import type { LogEntry } from "../tag/calls/broadcast.ts";
import type { LiveReport, LiveReportAnswer } from "../tag/calls/live.ts";
import type { Pass, TrustedKeys } from "./access.ts";
import type { LiveText } from "./text.ts";

/** The root of the tag. */
interface LiveRoot {
  reportLive(report: LiveReport): Promise<LiveReportAnswer>;
  entriesAfter(position: number): Promise<readonly LogEntry[]>;
}

/** The connection of one listener. Its methods never throw: on a closed connection they do nothing, and the host calls `leave`. */
export interface Sink {
  /** Bytes that were sent and not read yet. */
  readonly bufferedBytes: number;
  send(text: LiveText): void;
  close(code: ErrorCode): void;
  /** Stores with the connection, so that it survives a sleep, the position after which the listener lags; null if it has everything. */
  lag(position: number | null): void;
  /** Stores with the connection what it may hear, for the same reason. */
  keep(pass: Pass): void;
}

export interface LiveHost {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves when everything written so far is durable. */
  durable(): Promise<void>;
  sleep(ms: number): Promise<void>;
  /** Settles like the call, or rejects after `ms`; a later answer is dropped. */
  withTimeout<Value>(ms: number, call: Promise<Value>): Promise<Value>;
  /** Lets other work run first. */
  yield(): Promise<void>;
  readonly root: LiveRoot;
  /** The public ID of a broadcast. */
  messageId(entry: LogEntry): string;
  readonly appId: string;
  /** The keys of the app that may sign listen tokens now; null if the app was deleted. */
  trust(): Promise<TrustedKeys | null>;
  /** Calls `expire` of the node at about this time, even if the node sleeps. Milliseconds since 1970. */
  expireAt(at: number): void;
  /** Signs with the app's live key; null if the app was deleted. */
  sign(bytes: Uint8Array): Promise<Uint8Array | null>;
  /** Logs a failure that no caller sees. */
  reportError(error: unknown): void;
}
