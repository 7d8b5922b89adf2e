/** The connections of a link: opens one after the other, and tells why the mesh takes none. */
import { closeVerdict, FIRST_MESH_CLOSE } from "../../../schema/errors.ts";
import type { SenderWelcome, SendResult } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { optionError, PushServerError, RefusedError, UnreachableError } from "../errors.ts";
import type { SignedCalls } from "../signed-calls.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";

/** `connecting`, `open`; `waiting` for the next attempt to connect; `closed` for good. */
export type ServerLinkState = "connecting" | "open" | "waiting" | "closed";

export interface ConnectionsOwner {
  results(results: readonly SendResult[]): void;
  /** The current connection may take more sends than before. */
  mayFlush(): void;
  /** What was under way on it has to be sent again. */
  lost(connection: Connection): void;
  /** @param error that closed it, or for which it waits */
  became(state: ServerLinkState, error: PushServerError | undefined): void;
}

const PATH = "/v1/messages/link";

export class Connections implements ConnectionOwner {
  readonly #calls: SignedCalls;
  readonly #owner: ConnectionsOwner;
  #state: ServerLinkState = "connecting";
  #current: Connection | null = null;
  /** Those that take no more sends, and still have results to give. */
  readonly leaving = new Set<Connection>();
  #failures = 0;
  #reconnect: { readonly baseMs: number; readonly maxMs: number } = {
    baseMs: LIMITS.RECONNECT_BASE_MS,
    maxMs: LIMITS.RECONNECT_MAX_MS,
  };
  #isOpening = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(calls: SignedCalls, owner: ConnectionsOwner) {
    this.#calls = calls;
    this.#owner = owner;
  }

  get state(): ServerLinkState {
    return this.#state;
  }

  /** Takes new sends; null if none does now. */
  get current(): Connection | null {
    return this.#current?.isOpen ? this.#current : null;
  }

  async open(): Promise<void> {
    if (this.#isOpening || this.#isClosed()) return;
    this.#isOpening = true;
    this.#stopTimer();
    if (this.#state === "waiting") this.#become("connecting");
    const url = this.#calls.origin + PATH;
    try {
      const headers = await this.#calls.sign("GET", url, undefined, null);
      if (this.#isClosed()) return;
      this.#current = new Connection(this.#calls.host, url.replace(/^http/, "ws"), headers, this);
    } catch (error) {
      this.#isOpening = false;
      this.close(error instanceof PushServerError ? error : optionError(`${error}`, error));
    }
  }

  /** @param error undefined: it is closed on this side */
  close(error?: PushServerError): void {
    if (this.#isClosed()) return;
    this.#stopTimer();
    this.#become("closed", error);
    this.#current?.close();
    for (const connection of [...this.leaving]) connection.close();
  }

  unreachable(reason: string): UnreachableError {
    const message = `The link to ${this.#calls.origin} is lost (${reason || "closed"}).`;
    return new UnreachableError({ code: "network_failed", message, retry: "later" });
  }

  welcomed(connection: Connection, welcome: SenderWelcome): void {
    if (connection !== this.#current) return;
    this.#isOpening = false;
    this.#failures = 0;
    this.#reconnect = { baseMs: welcome.reconnectBaseMs, maxMs: welcome.reconnectMaxMs };
    this.#become("open");
    this.#owner.mayFlush();
  }

  results(_connection: Connection, results: readonly SendResult[]): void {
    this.#owner.results(results);
  }

  credited(): void {
    this.#owner.mayFlush();
  }

  /** The state stays `open`: the next connection takes over before this one ends. */
  left(connection: Connection, withinMs: number): void {
    if (connection !== this.#current) return;
    this.leaving.add(connection);
    this.#current = null;
    this.#openIn(this.#calls.host.random() * withinMs);
  }

  closed(connection: Connection, code: number, reason: string): void {
    this.leaving.delete(connection);
    const isCurrent = connection === this.#current;
    if (isCurrent) {
      this.#current = null;
      this.#isOpening = false;
    }
    if (this.#isClosed()) return;
    this.#owner.lost(connection);
    if (!isCurrent) return;
    if (code >= FIRST_MESH_CLOSE && closeVerdict(code) === "stop") {
      const [name = "", ...detail] = reason.split(": ");
      this.close(
        new RefusedError({ code: name, message: detail.join(": ") || name, retry: "never" }),
      );
      return;
    }
    void this.#retry(connection.isWelcome, reason);
  }

  async #retry(wasOpen: boolean, reason: string): Promise<void> {
    const error = wasOpen ? this.unreachable(reason) : await this.#whyRefused(reason);
    if (this.#isClosed() || this.#current !== null) return;
    // Each attempt is signed anew, and a clock may be set meanwhile.
    if (error.retry !== "later" && error.code !== "signature_expired") {
      this.close(error);
      return;
    }
    const { baseMs, maxMs } = this.#reconnect;
    const window = Math.min(maxMs, baseMs * 2 ** this.#failures++);
    const pauseMs = Math.max(error.retryAfterMs ?? 0, this.#calls.host.random() * window);
    this.#become("waiting", error);
    this.#openIn(pauseMs);
  }

  /** A WebSocket does not show why it was refused. The same request without an upgrade does. */
  async #whyRefused(reason: string): Promise<PushServerError> {
    try {
      await this.#calls.callOnce<"openSenderLink">("GET", PATH);
    } catch (error) {
      if (error instanceof PushServerError && error.code !== "upgrade_required") return error;
    }
    return this.unreachable(reason);
  }

  #openIn(ms: number): void {
    this.#stopTimer();
    this.#timer = setTimeout(() => void this.open(), ms);
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }

  #become(state: ServerLinkState, error?: PushServerError): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#owner.became(state, error);
  }
}
