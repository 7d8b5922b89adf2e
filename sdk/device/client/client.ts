/** The public layer: one app on this device. */
import { CLOSED, PushError, toErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import type { ClientPort, LinkStateName, ToClient } from "../port.ts";
import { guardStorage, type Storage } from "../storage/storage.ts";
import { Listeners } from "./events.ts";
import { Inbox, type MessageHandler } from "./inbox.ts";
import { Requests } from "./requests.ts";
import { DuplicateWindow } from "./window.ts";

/** A change of the link's state. */
export interface StateChange {
  readonly state: LinkStateName;
  /** Why the link ended, with `waiting` and with a `closed` that the app did not ask for. */
  readonly error?: PushError | undefined;
  /** With `waiting`: milliseconds until the next attempt. */
  readonly retryInMs?: number | undefined;
}

export interface ClientOptions {
  /** The appId that `pushmesh app create` printed. */
  readonly appId: string;
  /** A port to the device's push service. */
  readonly port: ClientPort;
  /** Keeps the regId and the duplicate window. */
  readonly storage: Storage;
  readonly host: Host;
  /** Called once when the client has left. */
  readonly onClosed?: () => void;
}

/**
 * One app's view of push on this device: registers, receives, acknowledges. Made by `connect`, or by `openClient`
 * where several apps share a push service.
 */
export class PushClient {
  readonly #host: Host;
  readonly #storage: Storage;
  readonly #port: ClientPort;
  readonly #regIdKey: string;
  readonly #window: DuplicateWindow;
  readonly #requests = new Requests();
  readonly #states = new Listeners<StateChange>();
  readonly #errors = new Listeners<PushError>();
  readonly #regIds = new Listeners<string>();
  readonly #inbox: Inbox;
  #regId: string | undefined;
  #unregistering = false;
  #change: StateChange = { state: "idle" };
  #clockOffsetMs = 0;
  #closed: Promise<void> | undefined;
  readonly #onClosed: (() => void) | undefined;

  private constructor(options: ClientOptions) {
    const { appId, port, storage, host, onClosed } = options;
    this.#host = host;
    this.#storage = guardStorage(storage);
    this.#port = port;
    this.#onClosed = onClosed;
    this.#regIdKey = `app/${appId}/regId`;
    this.#window = new DuplicateWindow(this.#storage, `app/${appId}/window/`, this.#report);
    this.#inbox = new Inbox(host, this.#window, {
      regId: () => this.#regId,
      meshNow: () => host.now() + this.#clockOffsetMs,
      acknowledge: (link, { priority, seq }) =>
        port.postMessage({ kind: "ack", link, priority, seq }),
      report: this.#report,
    });
  }

  /**
   * Reads what is stored for the app and joins the push service.
   *
   * @throws PushError `option_invalid` for an appId that cannot be one, `storage_failed`
   */
  static async open(options: ClientOptions): Promise<PushClient> {
    const { appId, port } = options;
    // Also what keeps an appId from being a path in a file storage.
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(appId)) {
      const message = `appId: 1 to 64 of A-Z a-z 0-9 - _; got ${JSON.stringify(appId)}.`;
      throw new PushError({ code: "option_invalid", message, retry: "never" });
    }
    const client = new PushClient(options);
    await client.#window.load();
    const regId = await client.#storage.get(client.#regIdKey);
    if (typeof regId === "string") client.#regId = regId;
    port.onmessage = ({ data }) => client.#receive(data);
    port.postMessage({ kind: "open", appId, lastSeq: client.#window.lastSeq });
    return client;
  }

  /** The regId to hand to the app server; undefined until the first `register`. Known again after a restart. */
  get regId(): string | undefined {
    return this.#regId;
  }

  /** Where the link stands now. */
  get state(): LinkStateName {
    return this.#change.state;
  }

  /**
   * Registers the app on this device and resolves with its regId; asks nothing where it is registered. Without a
   * network it waits for one.
   *
   * @param options.signal Ends the wait; the promise rejects with its reason.
   * @throws PushError `app_unknown`, `too_many_registrations`, `app_in_use`, `client_closed`, or why the link closed
   */
  async register(options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    const regId = await this.#request("register", options.signal);
    return String(regId);
  }

  /**
   * Ends the registration: its regId answers `unregistered` from then on, and what was queued is dropped. No error
   * where the app is not registered.
   *
   * @param options.signal Ends the wait; the promise rejects with its reason.
   */
  async unregister(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#unregistering = true;
    try {
      await this.#request("unregister", options.signal);
    } finally {
      this.#unregistering = false;
    }
    await this.#window.settled();
  }

  /**
   * Takes messages with `handler`, in place of the handler before; until there is one they wait in the mesh.
   * Messages of one priority are handed over one after another, in the order in which the mesh accepted them; of
   * different priorities, side by side. A message ID comes once, also across restarts where the storage outlives
   * them; only a crash while the handler runs, or right after it, makes it come again.
   *
   * A handler that throws or rejects leaves its message unacknowledged: an `handler_failed` error is reported, and
   * the message is handed over again after 1 s, doubling to 60 s, until it is taken, expires or is recalled. The
   * messages behind it in its priority wait meanwhile. So catch what cannot succeed later.
   *
   * @returns a function that stops taking messages; the ones to come wait in the mesh
   */
  onMessage(handler: MessageHandler): () => void {
    this.#listen(handler);
    return () => {
      if (this.#inbox.handler === handler) this.#listen(undefined);
    };
  }

  /**
   * Fires on every change of the link's state, not with the state at the time of the call. `connecting` comes with
   * each attempt, `connected` when the mesh has welcomed the device, `waiting` with the reason and the time to the
   * next attempt, `closed` once: with an error where the mesh said that reconnecting cannot help, without one after
   * `close`. Heartbeats fire nothing.
   *
   * @returns a function that removes the listener
   */
  onState(listener: (change: StateChange) => void): () => void {
    return this.#states.add(listener);
  }

  /**
   * Fires with errors that no call rejects with: `handler_failed`, `data_invalid`, `storage_failed` of the
   * duplicate window, and refusals of the mesh that answer no call. Not with the end of a link: see `onState`.
   * Without a listener they go to the console.
   *
   * @returns a function that removes the listener
   */
  onError(listener: (error: PushError) => void): () => void {
    return this.#errors.add(listener);
  }

  /**
   * Fires when the regId becomes another than the last one known: after the first `register`, and when the mesh
   * issued a new one because the device's account was made anew. Hand it to the app server.
   *
   * @returns a function that removes the listener
   */
  onRegId(listener: (regId: string) => void): () => void {
    return this.#regIds.add(listener);
  }

  /**
   * Measures the link: the time in milliseconds until the mesh's device object echoed a frame.
   *
   * @throws PushError `link_lost` where the link does not stand, or ends; `timeout` after 10 s
   */
  async ping(): Promise<number> {
    return Number(await this.#request("ping", undefined));
  }

  /**
   * For a change of network, or a device that woke up: ends a wait for the next attempt, and probes a link that
   * stands, which ends within 10 s if it is dead. In browsers the `online` event does this by itself.
   */
  reconnectNow(): void {
    this.#port.postMessage({ kind: "wake" });
  }

  /**
   * Stops taking messages, waits for handlers that run, acknowledges what they took, and leaves the push service.
   * The registration stays: messages wait in the mesh for the next start.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#inbox.handler = undefined;
    this.#requests.failAll(CLOSED);
    await this.#inbox.idle();
    this.#inbox.clear();
    this.#port.postMessage({ kind: "leave" });
    this.#port.close();
    this.#onClosed?.();
    this.#setState({ state: "closed" });
  }

  #request(
    kind: "register" | "unregister" | "ping",
    signal: AbortSignal | undefined,
  ): Promise<string | number> {
    if (this.#closed !== undefined) return Promise.reject(new PushError(CLOSED));
    return this.#requests.make((request) => this.#port.postMessage({ kind, request }), signal);
  }

  #listen(handler: MessageHandler | undefined): void {
    if (this.#closed !== undefined) return;
    this.#inbox.handler = handler;
    this.#port.postMessage({ kind: "listen", on: handler !== undefined });
  }

  #receive(event: ToClient): void {
    switch (event.kind) {
      case "deliver":
        if (!this.#inbox.push(event.link, event.message)) {
          const message = "too many unacknowledged messages";
          this.#port.postMessage({ kind: "fault", message });
        }
        return;
      case "done":
        // Of a register it is the regId, of an unregister it is empty.
        if (typeof event.value === "string") this.#setRegId(event.value || undefined);
        this.#requests.done(event.request, event.value);
        return;
      case "failed":
        if (event.request === undefined) this.#report(new PushError(event.error));
        else this.#requests.failed(event.request, event.error);
        return;
      case "registration":
        this.#reconcile(event.regId);
        return;
      case "state":
        this.#clockOffsetMs = event.clockOffsetMs;
        if (event.state !== "connected") this.#inbox.clear();
        this.#setState({
          state: event.state,
          error: event.error && new PushError(event.error),
          retryInMs: event.retryInMs,
        });
    }
  }

  #setState(change: StateChange): void {
    if (change.state === this.#change.state) return;
    this.#change = change;
    this.#states.emit(change, this.#host.report);
  }

  /** The mesh said what it holds for this app. */
  #reconcile(regId: string | null): void {
    if (regId !== null) this.#setRegId(regId);
    // The account was made anew since this app registered: the app still wants its messages.
    else if (this.#regId !== undefined && !this.#unregistering) {
      this.register().catch(this.#report);
    }
  }

  #setRegId(regId: string | undefined): void {
    if (regId === this.#regId) return;
    // Keys tell messages apart within one registration only.
    if (this.#regId !== undefined) this.#window.clear();
    this.#regId = regId;
    const key = this.#regIdKey;
    const write = regId === undefined ? this.#storage.delete(key) : this.#storage.set(key, regId);
    write.catch(this.#report);
    if (regId !== undefined) this.#regIds.emit(regId, this.#host.report);
  }

  readonly #report = (error: unknown): void => {
    const pushError = new PushError(toErrorData(error, "storage_failed"));
    if (!this.#errors.emit(pushError, this.#host.report)) this.#host.report(pushError);
  };
}

/** See `PushClient.open`. */
export const openClient = (options: ClientOptions): Promise<PushClient> => PushClient.open(options);
