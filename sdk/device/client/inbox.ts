/** What arrives for one app: four lanes, the duplicate windows, cursors, the app's handler, acknowledgements. */
import { BoundedMap } from "../../../schema/bounded-map.ts";
import type { Message } from "../../../schema/generated/link.ts";
import { toBase64Url } from "../../../schema/text.ts";
import {
  HANDLER_STUCK_MS,
  QUEUE_MESSAGES,
  RETRY_BASE_MS,
  RETRY_MAX_MS,
  TIMES_KEPT,
} from "../constants.ts";
import { PushError, type PushErrorData, toErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import type { BatchedStorage } from "../storage/batched.ts";
import type { Encryption } from "./encryption.ts";
import { type Delivery, Lane } from "./lane.ts";
import { type Incoming, idOf, isExpired, type PushMessage, toPushMessage } from "./message.ts";
import { type MessageHandler, NOT_HANDLED } from "./message-handler.ts";
import type { StoredRegistration } from "./registration.ts";

interface InboxOwner {
  /** The clock of the mesh, milliseconds since 1970. */
  meshNow(): number;
  /** @param discarded The app did not get it: its time is over, or it was withdrawn. */
  acknowledge(link: number, message: Incoming, discarded: boolean): void;
  /** A message that waits behind others of its lane was withdrawn. */
  discard(link: number, message: Message): void;
  /** The registration is to end, as another client of the storage has asked. */
  end(): void;
  report(error: PushError): void;
  readonly encryption: Encryption | undefined;
}

export class Inbox {
  readonly #host: Host;
  readonly #storage: BatchedStorage;
  readonly #registration: StoredRegistration;
  readonly #owner: InboxOwner;
  /** By priority. The first one, for broadcasts, is independent of the others. */
  readonly #lanes: readonly Lane[];
  /** By key: when the app had the message, on the clock of `Host.elapsed`. */
  readonly #taken = new BoundedMap<string, number>(TIMES_KEPT);
  #handler: MessageHandler | undefined;
  #isPaused = false;
  /** The registration that incoming messages are for. */
  #epoch = 0;

  /** @param storage The storage of the registration. */
  constructor(
    host: Host,
    storage: BatchedStorage,
    registration: StoredRegistration,
    owner: InboxOwner,
  ) {
    this.#host = host;
    this.#storage = storage;
    this.#registration = registration;
    this.#owner = owner;
    this.#lanes = [0, 1, 2, 3].map(() => new Lane(host, (delivery) => this.#take(delivery)));
  }

  get handler(): MessageHandler | undefined {
    return this.#handler;
  }

  /**
   * Passes messages to `handler` from now on. Without one, waiting messages are dropped: while nobody listens they may end in the
   * mesh, which sends the others again on a new attach.
   */
  set handler(handler: MessageHandler | undefined) {
    this.#handler = handler;
    if (handler === undefined) this.clear();
    this.#setOpen();
  }

  /** While it is true, no message is passed on: what is here waits, and what is handled goes on. */
  get paused(): boolean {
    return this.#isPaused;
  }

  set paused(paused: boolean) {
    this.#isPaused = paused;
    this.#setOpen();
  }

  #setOpen(): void {
    for (const lane of this.#lanes) lane.setOpen(this.#handler !== undefined && !this.#isPaused);
  }

  /** Accepts a message of link number `link`; returns false if more wait than any mesh may send. */
  push(link: number, message: Incoming): boolean {
    const waiting = this.#lanes.reduce((sum, lane) => sum + lane.waiting.length, 0);
    if (waiting >= QUEUE_MESSAGES) return false;
    const { remainingMs } = message;
    // From the receipt on, on a monotonic clock: the clocks of the mesh and of this device may be changed.
    const until = remainingMs === undefined ? undefined : this.#host.elapsed() + remainingMs;
    const lane = this.#lanes["tag" in message ? 0 : message.priority];
    lane?.push({ link, message, failures: 0, until });
    return true;
  }

  /**
   * Do not show the message with this key, if it was not shown yet.
   *
   * @param source of a broadcast
   * @returns `taken` if the app has it, or is at work on it, `failed` if its handler has failed before, `dropped` if it waited
   */
  withdraw(key: Uint8Array, source?: string): "taken" | "failed" | "dropped" | "unknown" {
    const withdrawn = toBase64Url(key);
    let found: "taken" | "failed" | "dropped" | "unknown" = "unknown";
    for (const lane of this.#lanes) {
      const { current, waiting } = lane;
      for (const delivery of current === undefined ? waiting : [current, ...waiting]) {
        const { link, message } = delivery;
        const from = "tag" in message ? message.source : undefined;
        if (from !== source || toBase64Url(message.key) !== withdrawn) continue;
        delivery.withdrawn = true;
        found = delivery === current ? "taken" : delivery.failures > 0 ? "failed" : "dropped";
        // Its handler is running: if it succeeds, that counts; if it fails, the withdrawal does.
        if (delivery === current) continue;
        // Otherwise before its turn, because a sender waits for the answer.
        const isNext = lane.retryNow(delivery);
        if (!isNext && !("tag" in message) && !this.#registration.windows.has(message))
          this.#owner.discard(link, message);
      }
    }
    return this.#registration.windows.hasKey(withdrawn) ? "taken" : found;
  }

  /** How long ago the app had the message with this key, milliseconds; undefined if that is not known. */
  takenAgoMs(key: Uint8Array): number | undefined {
    const at = this.#taken.get(toBase64Url(key));
    return at === undefined ? undefined : Math.round(this.#host.elapsed() - at);
  }

  /** The link is gone: waiting messages are dropped, and come again on the next one. */
  clear(): void {
    for (const lane of this.#lanes) lane.clear();
  }

  /**
   * The messages here no longer belong to this client: the registration is another one, or another client has taken over the link.
   * A message whose handler is running is neither remembered nor acknowledged.
   */
  abandon(): void {
    this.#epoch++;
    this.clear();
  }

  /** Resolves when no handler runs and all handled messages are acknowledged. */
  async idle(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.idle()));
    await this.#storage.settled();
  }

  /** Passes one message to the handler; see `Take`. */
  async #take(delivery: Delivery): Promise<number | null> {
    const { message } = delivery;
    const life = this.#epoch;
    // Another tab or process may have signed the app out. If the storage cannot say, it cannot store that either.
    const ends = async () => this.#registration.regId && this.#registration.isEndingElsewhere();
    if (await ends().catch(() => false)) this.#owner.end();
    const regId = this.#registration.regId;
    // Without a handler the lanes are closed, and without a registration nothing arrives.
    if (this.#handler === undefined || regId === undefined || life !== this.#epoch) return null;
    if (
      this.#registration.windows.has(message) ||
      ("tag" in message && this.#registration.cursors.has(message))
    ) {
      this.#acknowledge(delivery, false);
      return null;
    }
    if (this.#dropIfOver(delivery)) return null;
    let view: PushMessage;
    try {
      const { encryption } = this.#owner;
      const content = encryption && (await encryption.read(message));
      if (life !== this.#epoch) return null;
      view = toPushMessage(message, regId, content);
    } catch (cause) {
      if (life !== this.#epoch) return null;
      const id = idOf(message, regId);
      // The storage may give the key the next time.
      if (cause instanceof PushError && cause.retry === "later")
        return this.#failed(delivery, id, toErrorData(cause, "storage_failed"));
      this.#drop(delivery, id, cause);
      return null;
    }
    // What may have changed while it was decrypted.
    const handler = this.#handler;
    if (handler === undefined || this.#dropIfOver(delivery)) return null;
    const cancel = this.#host.after(HANDLER_STUCK_MS, () => this.#stuck(view.id));
    try {
      await handler(view);
    } catch (cause) {
      if (cause === NOT_HANDLED) return null;
      const text = "The message handler failed.";
      return this.#failed(delivery, view.id, { code: "handler_failed", message: text, cause });
    } finally {
      cancel();
    }
    if (life !== this.#epoch) return null;
    this.#registration.windows.add(message);
    this.#taken.set(toBase64Url(message.key), this.#host.elapsed());
    this.#acknowledge(delivery, false);
    return null;
  }

  /** The app cannot get it: it is acknowledged, so that it holds up no other. */
  #drop(delivery: Delivery, messageId: string, cause: unknown): void {
    const message = "The data does not fit its content type.";
    const invalid = { code: "data_invalid", message, retry: "never", cause } as const;
    const error = cause instanceof PushError ? toErrorData(cause, "data_invalid") : invalid;
    this.#owner.report(new PushError({ ...error, messageId }));
    this.#acknowledge(delivery, true);
  }

  #dropIfOver(delivery: Delivery): boolean {
    const isOver = delivery.withdrawn || this.#isOver(delivery);
    if (isOver) this.#acknowledge(delivery, true);
    return isOver;
  }

  #stuck(messageId: string): void {
    const message = "The message handler has not ended for 30 s.";
    const retry = "later";
    this.#owner.report(new PushError({ code: "handler_stuck", message, retry, messageId }));
  }

  #isOver({ until, message }: Delivery): boolean {
    if (until === undefined) return isExpired(message, this.#owner.meshNow());
    return this.#host.elapsed() >= until;
  }

  #failed(
    delivery: Delivery,
    messageId: string,
    error: Pick<PushErrorData, "code" | "message" | "cause">,
  ): number {
    const waitMs = RETRY_BASE_MS * 2 ** delivery.failures;
    const retryAfterMs = Math.min(RETRY_MAX_MS, waitMs);
    const attempt = ++delivery.failures;
    this.#owner.report(
      new PushError({ ...error, retry: "later", retryAfterMs, messageId, attempt }),
    );
    const { until = Number.POSITIVE_INFINITY, withdrawn } = delivery;
    if (withdrawn) return 0;
    // At the latest when its time is over: then it is dropped, and its sender is told.
    return Math.max(0, Math.min(retryAfterMs, until - this.#host.elapsed()));
  }

  /**
   * Acknowledges a message once everything handled before it is stored, in the windows and the cursors, because an
   * acknowledgement covers its lane up to it. If that cannot be stored, it acknowledges anyway: blocking mail forever is worse
   * than a possible duplicate after a crash.
   */
  #acknowledge({ link, message }: Delivery, discarded: boolean): void {
    if ("tag" in message && !this.#registration.cursors.has(message))
      this.#registration.cursors.set(message);
    const life = this.#epoch;
    void this.#storage.settled().then(() => {
      if (life === this.#epoch) this.#owner.acknowledge(link, message, discarded);
    });
  }
}
