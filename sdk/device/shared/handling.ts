/** The messages of one client that shares an engine: its handler, and what it has handled, whichever engine brings it again. */
import { dataHash } from "../../../schema/data-hash.ts";
import { parseMessageId, toBase64Url } from "../../../schema/text.ts";
import type { PushMessage } from "../client/message.ts";
import { type MessageHandler, NOT_HANDLED } from "../client/message-handler.ts";
import { HANDLED_MESSAGES } from "../constants.ts";
import type { Outcome } from "./protocol.ts";

export class Handling {
  handler: MessageHandler | undefined;
  /** As `entryOf`, oldest first. */
  readonly #handled = new Set<string>();
  /** By entry: an engine may bring a message again while the handler is at work on it. */
  readonly #running = new Map<string, Promise<Outcome>>();

  /** Passes the message to the handler, unless it has been, or is. Never rejects. */
  take(message: PushMessage): Promise<Outcome> {
    const entry = entryOf(message);
    const running = this.#running.get(entry);
    if (running !== undefined) return running;
    const { handler } = this;
    if (this.#handled.has(entry)) return Promise.resolve({ kind: "handled" });
    if (handler === undefined) return Promise.resolve({ kind: "skipped" });
    const outcome = this.#call(handler, message, entry).finally(() => {
      if (this.#running.get(entry) === outcome) this.#running.delete(entry);
    });
    this.#running.set(entry, outcome);
    return outcome;
  }

  /** The messages belong to another registration from now on. */
  forget(): void {
    this.#handled.clear();
    this.#running.clear();
  }

  /** Resolves when no handler runs. */
  async idle(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  async #call(handler: MessageHandler, message: PushMessage, entry: string): Promise<Outcome> {
    try {
      await handler(message);
    } catch (cause) {
      return cause === NOT_HANDLED ? { kind: "skipped" } : { kind: "failed", cause };
    }
    this.#handled.add(entry);
    const [oldest] = this.#handled;
    if (this.#handled.size > HANDLED_MESSAGES && oldest !== undefined) this.#handled.delete(oldest);
    return { kind: "handled" };
  }
}

const utf8 = new TextEncoder();

/** The key of the message and a hash of its content, as in the stored window: a repeat may have another ID. */
function entryOf({ id, data, json, notification }: PushMessage): string {
  const { key } = parseMessageId(id) ?? {};
  const bytes = data instanceof Uint8Array ? data : utf8.encode(json ?? String(data));
  return `${key ? toBase64Url(key) : id} ${dataHash(bytes, notification)}`;
}
