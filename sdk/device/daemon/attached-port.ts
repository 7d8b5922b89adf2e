/**
 * The port of an app to the push service of its user, in another process, which may end at any time. The port then attaches to the
 * next service, and says there what the app has said: that it is open and listens, how far it is, and the commands that were not answered.
 * To the client it is a service whose link is lost for a while.
 */
import { BoundedMap } from "../../../schema/bounded-map.ts";
import type { Cursor } from "../../../schema/generated/link.ts";
import { HELLO_CURSORS } from "../constants.ts";
import { type PushError, type PushErrorData, toErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import type { ClientPort, ToClient, ToService } from "../port.ts";
import { ATTACH_BASE_MS, ATTACH_MAX_MS, ATTACH_WAIT_MS, IN_USE_ATTEMPTS } from "./constants.ts";
import { type Dialed, dial } from "./dial.ts";
import type { ServiceHello } from "./greeting.ts";

type Said<K extends ToService["kind"]> = Extract<ToService, { readonly kind: K }>;
type Heard<K extends ToClient["kind"]> = Extract<ToClient, { readonly kind: K }>;

interface AttachOptions {
  /** Of the socket. */
  readonly path: string;
  readonly host: Pick<Host, "after" | "random" | "report">;
  /** @throws PushError if the app cannot use this service */
  readonly check: (service: ServiceHello) => void;
}

const makeCursors = () => new BoundedMap<string, Cursor>(HELLO_CURSORS);

const LINK_LOST: PushErrorData = {
  code: "link_lost",
  message: "The push service has ended.",
  retry: "later",
};

export class AttachedPort implements ClientPort {
  onmessage: ClientPort["onmessage"] = null;
  readonly #options: AttachOptions;
  #dialed: Dialed | undefined;
  /** Counts connections: what a former one says is ignored. */
  #attachment = 0;
  /** Consecutive attempts without success. */
  #failures = 0;
  #refusals = 0;
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;
  #clockOffsetMs = 0;

  // What the next service has to know.
  #opening: Said<"open"> | undefined;
  /** The service has taken or refused the app: what it was told before is not repeated. */
  #isOpen = false;
  #listens = false;
  /** By request, in the order of the calls. */
  readonly #unanswered = new Map<number, ToService>();
  #lastSeq = 0;
  /** By slot and tagRef. */
  #cursors = makeCursors();
  #identity: string | undefined;
  /** Questions of this service: only it can use the answers. */
  readonly #asked = new Set<string>();
  /** Links of former services have numbers up to this one. */
  #linkBase = 0;
  #lastLink = 0;

  private constructor(options: AttachOptions) {
    this.#options = options;
  }

  /**
   * Attaches to a push service. Waits up to three seconds for one that is not there: it may be restarting.
   *
   * @throws PushError as `dial` and `check`
   */
  static async open(options: AttachOptions): Promise<AttachedPort> {
    const port = new AttachedPort(options);
    let left = ATTACH_WAIT_MS;
    for (;;) {
      try {
        await port.#dial();
        return port;
      } catch (error) {
        const { code } = error as PushError;
        if (code !== "service_unavailable" || left <= 0) throw error;
      }
      const wait = port.#nextWait();
      left -= wait;
      await new Promise<void>((resolve) => options.host.after(wait, resolve));
    }
  }

  postMessage(message: ToService): void {
    switch (message.kind) {
      case "open":
        this.#opening = message;
        this.#lastSeq = message.lastSeq;
        for (const cursor of message.cursors) this.#advance(cursor);
        this.#sayOpen();
        return;
      case "listen":
        this.#listens = message.on;
        break;
      case "ack":
        if (message.link > this.#linkBase)
          this.#say({ ...message, link: message.link - this.#linkBase });
        return;
      case "cursor":
        this.#advance(message.cursor);
        // A service has no link with the number 0: it only keeps the position.
        this.#say({ ...message, link: Math.max(0, message.link - this.#linkBase) });
        return;
      case "granted":
        if (this.#asked.has(`grant ${message.request}`)) this.#say(message);
        return;
      case "sealed":
        if (this.#asked.has(`seal ${message.wireRequest}`)) this.#say(message);
        return;
      case "cancel":
        this.#unanswered.delete(message.request);
        break;
      case "wake":
        if (this.#cancelRetry !== undefined) this.#attach();
        break;
      case "ping":
        if (this.#dialed === undefined) {
          this.#tell({ kind: "failed", request: message.request, error: LINK_LOST });
          return;
        }
    }
    if ("request" in message && message.kind !== "cancel")
      this.#unanswered.set(message.request, message);
    this.#say(message);
  }

  close(): void {
    this.#isClosed = true;
    this.onmessage = null;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#dialed?.close();
    this.#dialed = undefined;
  }

  /** Says it now, or `#resume` does, or it is of no use to another service. */
  #say(message: ToService): void {
    if (this.#isOpen) this.#dialed?.send(message);
  }

  #tell(message: ToClient): void {
    // Never in the caller's own turn, like any port.
    queueMicrotask(() => this.onmessage?.({ data: message }));
  }

  async #dial(): Promise<void> {
    const attachment = ++this.#attachment;
    const { path, check } = this.#options;
    const isCurrent = () => attachment === this.#attachment;
    const dialed = await dial(path, {
      received: (message) => {
        if (isCurrent()) this.#receive(message);
      },
      ended: (error) => {
        if (isCurrent()) this.#lost(error);
      },
    });
    if (this.#isClosed || !isCurrent()) {
      dialed.close();
      return;
    }
    try {
      check(dialed.hello);
    } catch (error) {
      dialed.close();
      throw error;
    }
    this.#failures = 0;
    this.#dialed = dialed;
    this.#sayOpen();
  }

  /** Attaches to whichever service is there now. */
  #attach(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#tellState("connecting");
    this.#dial().catch((error: unknown) => this.#waitAfter(toErrorData(error, "network_failed")));
  }

  #lost(error: PushErrorData): void {
    this.#dialed?.close();
    this.#dialed = undefined;
    this.#isOpen = false;
    this.#asked.clear();
    this.#linkBase = this.#lastLink;
    for (const [request, { kind }] of this.#unanswered) {
      // It measures a link that is gone.
      if (kind === "ping") this.#receive({ kind: "failed", request, error: LINK_LOST });
    }
    this.#waitAfter(error);
  }

  #waitAfter(error: PushErrorData): void {
    if (this.#isClosed) return;
    const retryInMs = this.#nextWait();
    this.#tellState("waiting", error, retryInMs);
    this.#cancelRetry = this.#options.host.after(retryInMs, () => this.#attach());
  }

  #nextWait(): number {
    const waitMs = Math.min(ATTACH_MAX_MS, ATTACH_BASE_MS * 2 ** this.#failures++);
    return waitMs * (1 - this.#options.host.random() / 2);
  }

  #tellState(
    state: Heard<"state">["state"],
    error?: PushErrorData,
    retryInMs?: number | undefined,
  ): void {
    const clockOffsetMs = this.#clockOffsetMs;
    this.#tell({ kind: "state", state, error, retryInMs, clockOffsetMs });
  }

  #sayOpen(): void {
    if (this.#opening === undefined) return;
    const cursors = [...this.#cursors].map(([, cursor]) => cursor);
    this.#dialed?.send({ ...this.#opening, lastSeq: this.#lastSeq, cursors });
  }

  /** The service has taken the app, or refused it, and answers its commands so. */
  #resume(): void {
    this.#isOpen = true;
    if (this.#listens) this.#say({ kind: "listen", on: true });
    for (const message of this.#unanswered.values()) this.#say(message);
  }

  #advance(cursor: Cursor): void {
    this.#cursors.set(`${cursor.slot} ${cursor.tagRef}`, cursor);
  }

  /** The registration of the app, as the service says. Cursors of another one are of no use. */
  #locate({ identity }: { readonly identity?: string | undefined }): void {
    if (identity !== this.#identity && this.#identity !== undefined) this.#cursors = makeCursors();
    this.#identity = identity;
  }

  #receive(message: ToClient): void {
    if (!this.#isOpen) {
      if (message.kind === "failed" && this.#triesAgain(message.error)) return;
      this.#resume();
    }
    let told = message;
    switch (message.kind) {
      case "state":
        this.#refusals = 0;
        this.#clockOffsetMs = message.clockOffsetMs;
        break;
      case "deliver":
        if (!("tag" in message.message))
          this.#lastSeq = Math.max(this.#lastSeq, message.message.seq);
        told = { ...message, link: this.#linkOf(message.link) };
        break;
      case "sealed":
        this.#lastSeq = Math.max(this.#lastSeq, message.number);
        told = { ...message, link: this.#linkOf(message.link) };
        break;
      case "grant":
        this.#asked.add(`grant ${message.request}`);
        break;
      case "seal":
        this.#asked.add(`seal ${message.wireRequest}`);
        break;
      case "registration":
        this.#locate(message);
        break;
      case "done":
        if (typeof message.value === "string") this.#locate(message);
        this.#unanswered.delete(message.request);
        break;
      case "failed":
        if (message.request !== undefined) this.#unanswered.delete(message.request);
    }
    this.#tell(told);
  }

  /** Numbers of links begin anew in each service; to the client they go on. */
  #linkOf(link: number): number {
    this.#lastLink = this.#linkBase + link;
    return this.#lastLink;
  }

  /** The service may not have noticed yet that this app, in a process that was killed, is gone. */
  #triesAgain({ code }: PushErrorData): boolean {
    if (code !== "app_in_use" || this.#refusals >= IN_USE_ATTEMPTS) return false;
    this.#refusals++;
    this.#dialed?.close();
    this.#dialed = undefined;
    this.#attachment++;
    this.#cancelRetry = this.#options.host.after(this.#nextWait(), () => this.#attach());
    return true;
  }
}
