/** The message handlers of a client. To the client they are one, with one rule for when a message counts as handled. */
import { messageOf } from "../errors.ts";
import type { PushMessage } from "./message.ts";
import { type MessageHandler, NOT_HANDLED } from "./message-handler.ts";

/** One call of `add`: a function that was added twice is called twice. */
interface Entry {
  readonly handler: MessageHandler;
}

/** A message that some have handled, perhaps, and that others could not. */
interface Partly {
  readonly id: string;
  readonly done: Set<Entry>;
  readonly failed: ReadonlySet<Entry>;
}

export class Handlers {
  readonly #entries = new Set<Entry>();
  /** By lane, the message that some could not handle. Messages of a lane come one after another, so there is one at a time. */
  readonly #partial = new Map<string, Partly>();
  #isCalling = false;

  get size(): number {
    return this.#entries.size;
  }

  /** Whether a handler is being called: true until its first await. */
  get isCalling(): boolean {
    return this.#isCalling;
  }

  /** @returns what removes it */
  add(handler: MessageHandler): () => boolean {
    const entry = { handler };
    this.#entries.add(entry);
    return () => this.#entries.delete(entry);
  }

  clear(): void {
    this.#entries.clear();
  }

  /**
   * Resolves when every handler has handled the message. Rejects when all have ended with what some have thrown: if the message is given again, only
   * those get it; one that was added since does if one of those has left, whose place it takes. Rejects with `NOT_HANDLED` if there was none that could handle it; those who say so do not count.
   */
  async handle(message: PushMessage): Promise<void> {
    const { id, tag, priority } = message;
    const lane = tag === undefined ? priority : "broadcasts";
    const earlier = this.#partial.get(lane);
    const { done, failed: again } =
      earlier?.id === id ? earlier : { done: new Set<Entry>(), failed: new Set<Entry>() };
    const called = new Set(done);
    const failed = new Set<Entry>();
    const failures: unknown[] = [];
    let entries: Entry[];
    do {
      const areThere = again.size > 0 && [...again].every((entry) => this.#entries.has(entry));
      entries = [...(areThere ? again : this.#entries)].filter((entry) => !called.has(entry));
      await Promise.all(
        entries.map(async (entry) => {
          called.add(entry);
          try {
            await this.#call(entry, message);
            done.add(entry);
          } catch (cause) {
            if (cause === NOT_HANDLED) return;
            failed.add(entry);
            failures.push(cause);
          }
        }),
      );
      // A handler that was added meanwhile takes the place of one that left.
    } while (entries.length > 0 && done.size + failures.length === 0);
    this.#partial.delete(lane);
    if (failures.length === 0) {
      if (done.size === 0) throw NOT_HANDLED;
      return;
    }
    this.#partial.set(lane, { id, done, failed });
    throw failures.length === 1
      ? failures[0]
      : new AggregateError(failures, failures.map(messageOf).join("; "));
  }

  #call({ handler }: Entry, message: PushMessage): unknown {
    this.#isCalling = true;
    try {
      return handler(message);
    } finally {
      this.#isCalling = false;
    }
  }
}
