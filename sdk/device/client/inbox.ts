/** What arrives for one app: three lanes, the duplicate window, the app's handler, acknowledgements. */
import type { Message, Priority } from "../../../schema/generated/link.ts";
import { HANDLER_RETRY_BASE_MS, HANDLER_RETRY_MAX_MS, QUEUE_MESSAGES } from "../constants.ts";
import { PushError } from "../errors.ts";
import type { Host } from "../host.ts";
import { type Delivery, Lane } from "./lane.ts";
import { isExpired, type PushMessage, toPushMessage } from "./message.ts";
import type { DuplicateWindow } from "./window.ts";

/** Takes one message. It is acknowledged, and its sender told `delivered`, when the handler returns or resolves. */
export type MessageHandler = (message: PushMessage) => void | Promise<void>;

export interface InboxOwner {
  /** The app's regId; undefined while it is not registered. */
  regId(): string | undefined;
  /** The mesh's clock, milliseconds since 1970. */
  meshNow(): number;
  acknowledge(link: number, message: Message): void;
  report(error: PushError): void;
}

export class Inbox {
  readonly #window: DuplicateWindow;
  readonly #owner: InboxOwner;
  readonly #lanes: Readonly<Record<Priority, Lane>>;
  #handler: MessageHandler | undefined;

  constructor(host: Host, window: DuplicateWindow, owner: InboxOwner) {
    this.#window = window;
    this.#owner = owner;
    const lane = (): Lane => new Lane(host, (delivery) => this.#take(delivery));
    this.#lanes = { 1: lane(), 2: lane(), 3: lane() };
  }

  get #all(): readonly Lane[] {
    return Object.values(this.#lanes);
  }

  get handler(): MessageHandler | undefined {
    return this.#handler;
  }

  /**
   * Hands messages to `handler` from now on. Without one, what is here waits here: it comes before whatever follows
   * a new attach.
   */
  set handler(handler: MessageHandler | undefined) {
    this.#handler = handler;
    for (const lane of this.#all) lane.setOpen(handler !== undefined);
  }

  /** Takes a message of link number `link`; false where more wait than any mesh may send. */
  push(link: number, message: Message): boolean {
    if (this.#all.reduce((sum, lane) => sum + lane.length, 0) >= QUEUE_MESSAGES) return false;
    this.#lanes[message.priority].push({ link, message, failures: 0 });
    return true;
  }

  /** The link is gone: what waits is dropped, and comes again on the next one. */
  clear(): void {
    for (const lane of this.#all) lane.clear();
  }

  /** Resolves when no handler runs and what the app has taken is acknowledged. */
  async idle(): Promise<void> {
    await Promise.all(this.#all.map((lane) => lane.idle()));
    await this.#window.settled();
  }

  /** Hands one message over; see `Take`. */
  async #take(delivery: Delivery): Promise<number | null> {
    const { message } = delivery;
    const handler = this.#handler;
    const regId = this.#owner.regId();
    // Without a handler the lanes are closed, and without a registration nothing comes.
    if (handler === undefined || regId === undefined) return null;
    if (this.#window.has(message.key) || isExpired(message, this.#owner.meshNow())) {
      this.#acknowledge(delivery);
      return null;
    }
    let view: PushMessage;
    try {
      view = toPushMessage(message, regId);
    } catch (cause) {
      const text = "The data does not fit its content type.";
      this.#owner.report(
        new PushError({ code: "data_invalid", message: text, retry: "never", cause }),
      );
      this.#acknowledge(delivery);
      return null;
    }
    try {
      await handler(view);
    } catch (cause) {
      return this.#failed(delivery, view.id, cause);
    }
    this.#window.add(message.key, message.seq);
    this.#acknowledge(delivery);
    return null;
  }

  #failed(delivery: Delivery, messageId: string, cause: unknown): number {
    const waitMs = HANDLER_RETRY_BASE_MS * 2 ** delivery.failures;
    const retryAfterMs = Math.min(HANDLER_RETRY_MAX_MS, waitMs);
    const attempt = ++delivery.failures;
    this.#owner.report(
      new PushError({
        code: "handler_failed",
        message: "The message handler failed.",
        retry: "later",
        retryAfterMs,
        messageId,
        attempt,
        cause,
      }),
    );
    return retryAfterMs;
  }

  /**
   * Acknowledges a message when everything taken before it is in the stored window, because an acknowledgement
   * covers its lane up to it. Where the window cannot be stored it acknowledges all the same: holding mail back for
   * good is worse than the chance of a double after a crash.
   */
  #acknowledge({ link, message }: Delivery): void {
    void this.#window.settled().then(() => this.#owner.acknowledge(link, message));
  }
}
