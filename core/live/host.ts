/** What a live node needs of its host. */
import type { ErrorCode } from "../../schema/errors.ts";
import type { LiveReport, LiveReportAnswer, LogEntry } from "../tag/types.ts";
import type { LiveText } from "./text.ts";

/** The root of the tag. */
interface LiveRoot {
  reportLive(report: LiveReport): Promise<LiveReportAnswer>;
  entriesAfter(position: number): Promise<readonly LogEntry[]>;
}

/** The connection of one listener. Nothing here throws: one that is gone takes nothing, and its end is told by `leave`. */
export interface Sink {
  /** Bytes that the listener has not read yet. */
  readonly bufferedBytes: number;
  send(text: LiveText): void;
  close(code: ErrorCode): void;
  /** The listener lags behind from this position on, or does not any more: what a host keeps of a socket over a sleep. */
  lag(position: number | null): void;
}

export interface LiveHost {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves when all that the node wrote so far is durable; on Workers the output gate sees to it. */
  durable(): Promise<void>;
  /** Resolves after some time. */
  sleep(ms: number): Promise<void>;
  /** Settles as the call does; rejects where that takes longer. What the call answers later is dropped. */
  withTimeout<Value>(ms: number, call: Promise<Value>): Promise<Value>;
  /** Lets whatever else waits run first. */
  yield(): Promise<void>;
  readonly root: LiveRoot;
  /** The public ID of a broadcast. */
  messageId(entry: LogEntry): string;
  readonly appId: string;
  /** Signs by the app's live key; null where the app was deleted. */
  sign(bytes: Uint8Array): Promise<Uint8Array | null>;
  /** A failure that no caller sees. */
  reportError(error: unknown): void;
}
