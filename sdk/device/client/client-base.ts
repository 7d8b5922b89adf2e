/// <reference lib="esnext.disposable" preserve="true" />
/** What every client has, wherever its engine is: its state, its handlers, and ways to wait for messages. */
import { type Log, type LogEntry, notify } from "../../log.ts";
import { issuesOf, type SchemaResult, type StandardSchema } from "../../standard-schema.ts";
import { CLOSED, optionInvalid, PushError, type PushErrorData, toErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import type { LinkStateName } from "../port.ts";
import { ClientEvents, type RecalledMessage } from "./client-events.ts";
import { Handlers } from "./handlers.ts";
import type { PushMessage } from "./message.ts";
import { type MessageHandler, NOT_HANDLED } from "./message-handler.ts";
import { streamOf } from "./message-stream.ts";
import { type CallOptions, callError, type OnceOptions, type StateChange } from "./options.ts";

interface BaseOptions {
  readonly host: Host;
  readonly schema?: StandardSchema<unknown, unknown> | undefined;
  readonly log?: Log | undefined;
}

/** `Symbol.asyncDispose`, or what compilers of `await using` take where a runtime lacks it. */
const ASYNC_DISPOSE: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

export abstract class ClientBase extends ClientEvents {
  protected readonly handlers = new Handlers();
  readonly #options: BaseOptions;
  #status: StateChange = { state: "idle" };
  /** Of those who wait for messages: what ends the wait. */
  readonly #waits = new Set<(error: PushError) => void>();
  /** `close` was called. */
  #isOver = false;

  constructor(options: BaseOptions) {
    super();
    this.#options = options;
  }

  get state(): LinkStateName {
    return this.#status.state;
  }

  get status(): StateChange {
    return this.#status;
  }

  onMessage(handler: MessageHandler): () => void {
    if (typeof handler !== "function") throw optionInvalid("onMessage: must be given a function");
    if (this.#isOver) return () => {};
    const remove = this.handlers.add(handler);
    if (this.handlers.size === 1) this.listen(true);
    return () => {
      if (remove() && this.handlers.size === 0) this.listen(false);
    };
  }

  once(options: OnceOptions = {}): Promise<PushMessage> {
    const invalid = callError(options);
    if (invalid !== undefined) return Promise.reject(invalid);
    const { signal, filter = () => true } = options;
    const { promise, resolve, reject } = Promise.withResolvers<PushMessage>();
    const settle = (act: () => void): void => {
      remove();
      forget();
      act();
    };
    const forget = this.#wait(signal, (error) => settle(() => reject(error)));
    const remove = this.onMessage((message) => {
      try {
        if (filter(message)) settle(() => resolve(message));
      } catch (error) {
        settle(() => reject(error));
        throw NOT_HANDLED;
      }
    });
    return promise;
  }

  messages(options: CallOptions = {}): AsyncGenerator<PushMessage, void, undefined> {
    const invalid = callError(options);
    if (invalid !== undefined) throw invalid;
    const { signal } = options;
    return streamOf(
      (handler) => this.onMessage(handler),
      (end) => this.#wait(signal, end),
    );
  }

  abstract close(): Promise<void>;

  [ASYNC_DISPOSE](): Promise<void> {
    return this.close();
  }

  /** Whether there are handlers, from now on. */
  protected abstract listen(on: boolean): void;

  /** Passes a message to the handlers. Throws or rejects as `Handlers.handle`. */
  protected readonly deliver = (message: PushMessage): unknown => {
    const { id, priority, tag } = message;
    const about = { messageId: id, priority, isBroadcast: tag !== undefined };
    this.log({ level: "debug", event: "message", ...about });
    const { schema } = this.#options;
    if (schema === undefined) return this.#handle(message);
    const result = schema["~standard"].validate(message.data);
    // At once if it can be: a handler may close the client in its first turn.
    return result instanceof Promise
      ? result.then((late) => this.#validated(message, late))
      : this.#validated(message, result);
  };

  /** Removes all handlers, for good, and ends all waits for messages. */
  protected endHandling(): void {
    this.#isOver = true;
    this.handlers.clear();
    this.#endWaits();
  }

  protected setStatus(change: StateChange): void {
    const { state, error, retryInMs } = change;
    if (state === this.state) return;
    this.#status = change;
    const level = error === undefined ? "info" : state === "closed" ? "error" : "warn";
    const { code, closeCode } = error ?? {};
    this.log({ level, event: "state", state, code, closeCode, retryInMs });
    if (state === "closed") this.#endWaits(error);
    this.listeners.state.emit([change], this.#options.host.report);
  }

  protected tellRegId(regId: string, isNew: boolean): void {
    this.log({ level: "info", event: "regId", isNew });
    this.listeners.regId.emit([regId, isNew], this.#options.host.report);
  }

  protected tellAliasLost(alias: string): void {
    this.log({ level: "info", event: "aliasLost" });
    this.listeners.lostAlias.emit([alias], this.#options.host.report);
  }

  protected tellRecalled(message: RecalledMessage): void {
    this.log({ level: "info", event: "recalled", messageId: message.id });
    this.listeners.recalled.emit([message], this.#options.host.report);
  }

  protected tellRemoved(data: PushErrorData): void {
    const error = new PushError(data);
    const { code, retryAfterMs } = error;
    this.log({ level: "warn", event: "removed", code, retryAfterMs });
    if (!this.listeners.removed.emit([error], this.#options.host.report)) this.report(error);
  }

  protected readonly report = (thrown: unknown): void => {
    const { report } = this.#options.host;
    const error = new PushError(toErrorData(thrown, "storage_failed"));
    const { code, retry, messageId, attempt, retryAfterMs } = error;
    const level = retry === "never" ? "error" : "warn";
    this.log({ level, event: "error", code, messageId, attempt, retryAfterMs });
    if (!this.listeners.error.emit([error], report)) report(error);
  };

  protected log(entry: LogEntry): void {
    const { log, host } = this.#options;
    notify(log, host.report, entry);
  }

  #endWaits(error = new PushError(CLOSED)): void {
    for (const end of [...this.#waits]) end(error);
  }

  async #handle(message: PushMessage): Promise<void> {
    await this.handlers.handle(message);
    this.log({ level: "debug", event: "handled", messageId: message.id });
  }

  /** What does not fit is reported, and counts as handled: it would hold up those behind it until it expires. */
  #validated(message: PushMessage, result: SchemaResult<unknown>): unknown {
    // A transformed value is of the schema's type, which is that of the client.
    if (!result.issues)
      return this.#handle({ ...message, data: result.value as PushMessage["data"] });
    this.report(
      new PushError({
        ...{ code: "message_invalid", message: "The data does not fit the schema." },
        ...{ retry: "never", messageId: message.id },
        ...{ issues: issuesOf(result.issues), received: message },
      }),
    );
    return undefined;
  }

  /** Calls `end` once, when the signal fires or the client is closed. @returns what forgets it */
  #wait(signal: AbortSignal | undefined, end: (error: unknown) => void): () => void {
    const onAbort = (): void => end(signal?.reason);
    this.#waits.add(end);
    signal?.addEventListener("abort", onAbort);
    const { state, error = new PushError(CLOSED) } = this.#status;
    // Not before the caller has what this returns.
    if (signal?.aborted) queueMicrotask(onAbort);
    else if (this.#isOver || state === "closed") queueMicrotask(() => end(error));
    return () => {
      this.#waits.delete(end);
      signal?.removeEventListener("abort", onAbort);
    };
  }
}
