/** The public layer: one app on this device. */
import { CLOSE_WAIT_MS, SUBSCRIBE_TAGS } from "../constants.ts";
import { CLOSED, PushError, toErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Answer, ClientPort, Command, Description, LinkStateName, ToClient } from "../port.ts";
import { BatchedStorage } from "../storage/batched.ts";
import { guardStorage } from "../storage/storage.ts";
import { postAcknowledgement, postDiscard } from "./acknowledgements.ts";
import { Listeners } from "./events.ts";
import { Inbox, type MessageHandler } from "./inbox.ts";
import {
  type Attributes,
  type CallOptions,
  type ClientOptions,
  checkAppId,
  reportOf,
  requireOptions,
  type StateChange,
} from "./options.ts";
import { StoredRegistration } from "./registration.ts";
import { Requests } from "./requests.ts";

/**
 * One app's view of push on this device: registers, receives, acknowledges. Made by `connect`, or by `openClient`
 * where several apps share a push service.
 */
export class PushClient {
  readonly #host: Host;
  readonly #storage: BatchedStorage;
  readonly #port: ClientPort;
  readonly #registration: StoredRegistration;
  readonly #requests = new Requests();
  readonly #states = new Listeners<StateChange>();
  readonly #errors = new Listeners<PushError>();
  readonly #regIds = new Listeners<readonly [regId: string, isNew: boolean]>();
  readonly #lostAliases = new Listeners<string>();
  readonly #inbox: Inbox;
  #change: StateChange = { state: "idle" };
  #clockOffsetMs = 0;
  #closed: Promise<void> | undefined;
  #left = false;
  readonly #onClosed: (() => void) | undefined;

  private constructor(options: ClientOptions) {
    const { appId, port, storage, host, onClosed } = options;
    this.#host = host;
    this.#storage = new BatchedStorage(guardStorage(storage, host), this.#report, host);
    this.#port = port;
    this.#onClosed = onClosed;
    this.#registration = new StoredRegistration(this.#storage, appId);
    this.#inbox = new Inbox(host, this.#storage, this.#registration, {
      meshNow: () => host.now() + this.#clockOffsetMs,
      acknowledge: (...taken) => postAcknowledgement(port, ...taken),
      discard: (...dropped) => postDiscard(port, ...dropped),
      report: this.#report,
    });
  }

  /**
   * Reads what is stored for the app and joins the push service.
   *
   * @throws PushError `option_invalid` for an appId that cannot be one, or an option that is missing, `storage_failed`
   */
  static async open(options: ClientOptions): Promise<PushClient> {
    const { appId, port, storage, host } = options ?? {};
    checkAppId(appId);
    requireOptions({ port, storage, host });
    const client = new PushClient(options);
    const registration = client.#registration;
    await registration.load();
    port.onmessage = ({ data }) => client.#receive(data);
    const { windows, cursors } = registration;
    port.postMessage({ kind: "open", appId, lastSeq: windows.lastSeq, cursors: cursors.all });
    // The process ended before the mesh heard of it. Where it cannot be done now either, the next start asks again.
    if (registration.ending !== undefined) client.#end({}).catch(() => {});
    return client;
  }

  /** The regId to hand to the app server; undefined until the first `register`. Known again after a restart. */
  get regId(): string | undefined {
    return this.#registration.regId;
  }

  /** Where the link stands now. */
  get state(): LinkStateName {
    return this.#change.state;
  }

  /**
   * Registers the app on this device and resolves with its regId; asks nothing where it is registered. Without a
   * network it waits for one.
   *
   * @throws PushError `app_unknown`, `too_many_registrations`, `app_in_use`, `client_closed`, or why the link closed
   */
  async register(options: CallOptions = {}): Promise<string> {
    const regId = await this.#request({ kind: "register" }, options);
    return String(regId);
  }

  /**
   * Ends the registration: its regId answers `unregistered` from then on, and what was queued is dropped. No error
   * where the app is not registered. Its tags, aliases and attributes end with it. Without a network it waits for one;
   * that the registration is to end is stored meanwhile, and outlives the process: the next start asks the mesh before
   * anything else. Only `options.signal` takes it back, unless the mesh may have it.
   */
  async unregister(options: CallOptions = {}): Promise<void> {
    if (options.signal?.aborted) throw options.signal.reason;
    this.#registration.end(true);
    try {
      await this.#end(options);
    } catch (error) {
      if (options.signal?.aborted) {
        this.#registration.end(false);
        // What came meanwhile was dropped: it comes again.
        const { handler } = this.#inbox;
        this.#listen(undefined);
        this.#listen(handler);
      }
      throw error;
    } finally {
      await this.#storage.settled();
    }
  }

  /**
   * Joins tags: their broadcasts come from then on. Resolves when it is durable; without a network it waits for one.
   * Tags that are joined already stay as they are, so it is safe to ask for the same ones at each start. More than
   * 100 are asked for in several commands, each whole or not at all, of which the first that fails is the last.
   *
   * @param tags One or several; each 1 to 128 bytes of UTF-8. A registration may be in 2,000.
   * @throws PushError `tag_invalid`, `too_many_tags`, `not_registered`, `client_closed`, or why the link closed
   * @example await push.subscribe(["weather/berlin", "news"]);
   */
  subscribe(tags: string | readonly string[], options: CallOptions = {}): Promise<void> {
    return this.#changeTags(tags, (part) => ({ add: part, remove: [] }), options);
  }

  /**
   * Leaves tags; their broadcasts come no more. Tags that are not joined are no error. Else as `subscribe`.
   *
   * @throws PushError `tag_invalid`, `not_registered`, `client_closed`, or why the link closed
   */
  unsubscribe(tags: string | readonly string[], options: CallOptions = {}): Promise<void> {
    return this.#changeTags(tags, (part) => ({ add: [], remove: part }), options);
  }

  /**
   * Gives this registration an alias, such as a user's ID, that app servers can send to. Resolves when it is durable;
   * without a network it waits for one.
   *
   * @param alias 1 to 128 bytes of UTF-8. A registration may have 16.
   * @param options.shared False, the default: this registration has it alone, and whichever had it before loses it
   * (see `onAliasLost`). True: up to 128 registrations have it together, such as a user's devices.
   * @throws PushError `alias_invalid`, `too_many_aliases`, `alias_full`, `not_registered`, `client_closed`, or why the
   * link closed
   */
  async setAlias(
    alias: string,
    options: CallOptions & { readonly shared?: boolean | undefined } = {},
  ): Promise<void> {
    const { shared = false } = options;
    await this.#request({ kind: "setAlias", alias, held: true, shared }, options);
  }

  /**
   * Takes an alias away from this registration. That it is not held is no error.
   *
   * @throws PushError `alias_invalid`, `not_registered`, `client_closed`, or why the link closed
   */
  async removeAlias(alias: string, options: CallOptions = {}): Promise<void> {
    await this.#request({ kind: "setAlias", alias, held: false, shared: false }, options);
  }

  /**
   * Reports what broadcasts may be filtered by, in place of all that was reported before. Resolves when it is
   * durable; without a network it waits for one.
   *
   * @throws PushError `attributes_invalid`, `not_registered`, `client_closed`, or why the link closed
   * @example await push.setAttributes({ platform: "web", locale: navigator.language, custom: { plan: "pro" } });
   */
  async setAttributes(attributes: Attributes, options: CallOptions = {}): Promise<void> {
    await this.#request(reportOf(attributes), options);
  }

  /**
   * Asks the mesh for the tags and aliases of this registration, whoever set them: this app or its server.
   *
   * @throws PushError `not_registered`, `client_closed`, or why the link closed
   */
  async describe(options: CallOptions = {}): Promise<Description> {
    return (await this.#request({ kind: "describe" }, options)) as Description;
  }

  /**
   * Takes messages with `handler`, in place of the handler before; until there is one they wait in the mesh.
   * Messages of one priority are handed over one after another, in the order in which the mesh accepted them; of
   * different priorities, side by side. Broadcasts (`message.tag`) come one after another beside them, in order within
   * a tag. A message ID comes once, also across restarts where the storage outlives
   * them; only a crash while the handler runs, or right after it, makes it come again, or another client of the same storage (a
   * second tab) that takes the link over meanwhile.
   *
   * A handler that throws or rejects leaves its message unacknowledged: an `handler_failed` error is reported, and
   * the message is handed over again after 1 s, doubling to 60 s, until it is taken, expires or is recalled. The
   * messages behind it in its priority, or the broadcasts behind it, wait meanwhile. So catch what cannot succeed later.
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
   * Fires with errors that no call rejects with: `handler_failed`, `handler_stuck` (once for a message, when its handler has
   * not ended for 30 s; what is behind it waits, and the message stays unacknowledged), `data_invalid`, `storage_failed` of the
   * duplicate window, at each try of the write (after up to 1 s, doubling to 60 s), and refusals of the mesh that answer no call. Not with the end of a link: see `onState`.
   * Without a listener they go to the console.
   *
   * @returns a function that removes the listener
   */
  onError(listener: (error: PushError) => void): () => void {
    return this.#errors.add(listener);
  }

  /**
   * Fires when the regId becomes another than the last one known: after the first `register`, when the mesh issued a new one
   * because the device's account was made anew, and when the mesh's keys were changed. Hand it to the app server.
   *
   * `isNew` is true for a new registration: set tags, aliases and attributes again, for they ended with the one before. It is
   * false where only the keys changed: the registration is the same, with all that it has, and its regId of before
   * works on as long as the mesh keeps its old key.
   *
   * @returns a function that removes the listener
   */
  onRegId(listener: (regId: string, isNew: boolean) => void): () => void {
    return this.#regIds.add((event) => listener(...event));
  }

  /**
   * Fires with an alias that another registration took for itself alone: this one holds it no more. Not where this
   * app or its server took it away, nor for one that was lost while this device had no link: ask `describe`.
   *
   * @returns a function that removes the listener
   */
  onAliasLost(listener: (alias: string) => void): () => void {
    return this.#lostAliases.add(listener);
  }

  /**
   * Measures the link: the time in milliseconds until the mesh's device object echoed a frame.
   *
   * @throws PushError `link_lost` where the link does not stand, or ends; `timeout` after 10 s
   */
  async ping(): Promise<number> {
    return Number(await this.#request({ kind: "ping" }, {}));
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
   *
   * A handler may await it: called before its first await it resolves at once, later after 5 s, as for any handler that
   * runs on; what the handler takes within 10 s is acknowledged. What it takes later comes again at the next start.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { isCalling } = this.#inbox;
    this.#inbox.handler = undefined;
    this.#requests.failAll(CLOSED);
    const cancel = this.#host.after(2 * CLOSE_WAIT_MS, () => this.#leave());
    const idle = (async () => {
      // Within a handler's call its lane does not know yet that it runs.
      await null;
      await this.#inbox.idle();
      cancel();
      this.#leave();
    })();
    // A handler that waits for us never returns while we wait for it.
    if (isCalling) return;
    let stop = (): void => {};
    const enough = new Promise<void>((resolve) => {
      stop = this.#host.after(CLOSE_WAIT_MS, resolve);
    });
    await Promise.race([idle, enough]);
    stop();
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#inbox.clear();
    this.#port.postMessage({ kind: "leave" });
    this.#port.close();
    this.#onClosed?.();
    this.#setState({ state: "closed" });
  }

  #end(options: CallOptions): Promise<Answer> {
    return this.#request({ kind: "unregister", ...this.#registration.ending }, options);
  }

  #request(command: Command | { readonly kind: "ping" }, { signal }: CallOptions): Promise<Answer> {
    if (this.#closed !== undefined) return Promise.reject(new PushError(CLOSED));
    return this.#requests.make(
      (request) => this.#port.postMessage({ ...command, request }),
      (request) => this.#port.postMessage({ kind: "cancel", request }),
      signal,
    );
  }

  async #changeTags(
    tags: string | readonly string[],
    change: (part: string[]) => { readonly add: string[]; readonly remove: string[] },
    options: CallOptions,
  ): Promise<void> {
    const names = [...new Set(typeof tags === "string" ? [tags] : tags)];
    for (let at = 0; at < names.length; at += SUBSCRIBE_TAGS) {
      const part = names.slice(at, at + SUBSCRIBE_TAGS);
      await this.#request({ kind: "subscribe", ...change(part) }, options);
    }
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
      case "withdraw":
        this.#inbox.withdraw(event.key);
        return;
      case "aliasLost":
        this.#lostAliases.emit(event.alias, this.#host.report);
        return;
      case "done":
        // Of a register it is the regId, of an unregister it is empty.
        if (typeof event.value === "string")
          this.#setRegId(event.value || undefined, event.identity);
        this.#requests.done(event.request, event.value);
        return;
      case "failed":
        if (event.request === undefined) this.#report(new PushError(event.error));
        else this.#requests.failed(event.request, event.error);
        return;
      case "registration":
        if (event.regId !== null) this.#setRegId(event.regId, event.identity);
        // The account was made anew since this app registered: the app still wants its messages.
        else if (this.regId !== undefined) this.register().catch(this.#report);
        return;
      case "state":
        this.#clockOffsetMs = event.clockOffsetMs;
        if (event.error?.code === "replaced") this.#inbox.abandon();
        else if (event.state !== "connected") this.#inbox.clear();
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
    if (change.state === "closed") this.#storage.stop();
    this.#states.emit(change, this.#host.report);
  }

  #setRegId(regId: string | undefined, identity: string | undefined): void {
    const isNew = this.#registration.change(regId, identity);
    if (isNew) this.#inbox.abandon();
    if (regId !== undefined && isNew !== undefined)
      this.#regIds.emit([regId, isNew], this.#host.report);
  }

  readonly #report = (error: unknown): void => {
    const pushError = new PushError(toErrorData(error, "storage_failed"));
    if (!this.#errors.emit(pushError, this.#host.report)) this.#host.report(pushError);
  };
}

/** See `PushClient.open`. */
export const openClient = (options: ClientOptions): Promise<PushClient> => PushClient.open(options);
