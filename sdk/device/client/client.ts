/** The public client of one app on this device. */
import { loadSecret } from "../account/keys.ts";
import { CLOSE_WAIT_MS } from "../constants.ts";
import { PushError, toErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Description, LinkStateName, ToClient } from "../port.ts";
import { BatchedStorage } from "../storage/batched.ts";
import { guardStorage } from "../storage/storage.ts";
import { postAcknowledgement, postDiscard } from "./acknowledgements.ts";
import { ClientEvents } from "./client-events.ts";
import type { Encryption } from "./encryption.ts";
import { Grants } from "./grants.ts";
import { Inbox, type MessageHandler } from "./inbox.ts";
import {
  type Attributes,
  type CallOptions,
  type ClientOptions,
  checkAppId,
  type RegisterOptions,
  reportOf,
  requireOptions,
  type StateChange,
} from "./options.ts";
import { Registering } from "./registering.ts";
import { StoredRegistration } from "./registration.ts";
import { Requests } from "./requests.ts";
import { SealingPort } from "./sealing/sealing-port.ts";

/**
 * Push for one app on this device: registers, receives and acknowledges. Created by `connect`, or by `openClient` if
 * several apps share a push service.
 */
export class PushClient extends ClientEvents {
  readonly #host: Host;
  readonly #storage: BatchedStorage;
  readonly #port: SealingPort;
  readonly #appId: string;
  readonly #registration: StoredRegistration;
  readonly #requests: Requests;
  readonly #registering: Registering;
  readonly #inbox: Inbox;
  readonly #encryption: Encryption | undefined;
  readonly #grants: Grants;
  #change: StateChange = { state: "idle" };
  #clockOffsetMs = 0;
  #closed: Promise<void> | undefined;
  #left = false;
  readonly #onClosed: (() => void) | undefined;

  private constructor(options: ClientOptions) {
    super();
    const { appId, storage, host, encryption, onClosed } = options;
    this.#host = host;
    this.#storage = new BatchedStorage(guardStorage(storage, host), this.#report, host);
    this.#appId = appId;
    this.#registration = new StoredRegistration(this.#storage, appId);
    const port = new SealingPort(options, this.#storage, this.#registration, this.#report);
    this.#port = port;
    this.#requests = new Requests(port);
    this.#onClosed = onClosed;
    this.#encryption = encryption;
    this.#grants = new Grants({
      ...{ host, port, callback: options.grant, report: this.#report },
      renew: () => this.#registering.renew(),
    });
    this.#registering = new Registering({
      ...{ requests: this.#requests, registration: this.#registration, storage: this.#storage },
      grants: this.#grants.are,
    });
    this.#inbox = new Inbox(host, this.#storage, this.#registration, {
      meshNow: () => host.now() + this.#clockOffsetMs,
      acknowledge: (...taken) => postAcknowledgement(port, ...taken),
      discard: (...dropped) => postDiscard(port, ...dropped),
      end: () => this.#registering.endStored(),
      report: this.#report,
      encryption,
    });
  }

  /**
   * Reads the stored state of the app and joins the push service.
   *
   * @throws PushError `option_invalid` if the appId is malformed or an option is missing, `storage_failed`
   */
  static async open(options: ClientOptions): Promise<PushClient> {
    const { appId, port, storage, host, encryption } = options ?? {};
    checkAppId(appId);
    requireOptions({ port, storage, host });
    const client = new PushClient(options);
    const registration = client.#registration;
    await registration.load();
    await client.#port.load();
    await encryption?.open({
      ...{ appId, host, storage: guardStorage(storage, host), report: client.#report },
      command: (command) => client.#requests.make(command, {}),
      isClosed: () => client.#closed !== undefined || client.state === "closed",
    });
    const secret = await loadSecret(host, guardStorage(storage), `app/${appId}/port`);
    client.#port.onmessage = ({ data }) => client.#receive(data);
    const at = { lastSeq: registration.windows.lastSeq, cursors: registration.cursors.all };
    client.#port.postMessage({ kind: "open", appId, secret, ...at });
    // The process ended before the mesh received it. If it fails now too, the next start asks again.
    if (registration.ending !== undefined) client.#registering.endStored();
    return client;
  }

  /** The regId to send to the app server. Undefined until the first `register`; restored after a restart. */
  get regId(): string | undefined {
    return this.#registration.regId;
  }

  /** The current state of the link. */
  get state(): LinkStateName {
    return this.#change.state;
  }

  /**
   * Registers the app on this device and resolves with its regId. If the app is registered, it makes no request unless `renew` says so. Without a
   * network, it waits for one. With encryption, it also waits until the key is published.
   * @throws PushError `app_unknown`, `too_many_registrations`, `app_in_use`, `client_closed`, or why the link closed; `removed` if the app's server has
   * removed the registration (see `onRemoved`), `banned` while it lets it not register; `grant_expired` after five expired grants
   */
  async register(options: RegisterOptions = {}): Promise<string> {
    const regId = await this.#registering.begin(options, options.renew);
    await this.#encryption?.registered(this.#registration.identity);
    return regId;
  }

  /**
   * Ends the registration, with its tags, aliases and attributes. From then on its regId answers `unregistered`, and queued
   * messages are dropped. It is not an error if the app is not registered. Without a network, it waits for one. The SDK stores
   * that the registration is to end, so this survives the process: the next start asks the mesh before anything else. Only
   * `options.signal` cancels it, unless the mesh may already have received it.
   */
  async unregister(options: CallOptions = {}): Promise<void> {
    if (options.signal?.aborted) throw options.signal.reason;
    await this.#registering.end(options, () => {
      // Messages that arrived meanwhile were dropped; listening anew makes them come again.
      const { handler } = this.#inbox;
      this.#listen(undefined);
      this.#listen(handler);
    });
  }

  /**
   * Signs the user out: ends the registration as `unregister` does, but resolves once that is stored on the device, also without a
   * network. From the call on, this client shows no message, and the next link ends the registration before anything else, also
   * after a restart. The next `register`, which may follow at once, gives another regId.
   *
   * Other tabs and processes on the same storage end it too: before their next message or link, or at their next heartbeat. It works on
   * a closed client. If the storage is deleted afterwards, the registration stays in the mesh without a device that could receive for it.
   *
   * @throws PushError `storage_failed`: only this process knows that the registration is to end. Call it again
   */
  signOut(): Promise<void> {
    return this.#registering.signOut(this.#change.state === "closed");
  }

  /**
   * Joins tags; their broadcasts arrive from then on. Resolves when the mesh has stored it. Without a network, it waits for
   * one. Tags that the app has joined stay as they are, so you can subscribe to the same tags at each start. More than 100
   * tags are sent in several commands, each all or nothing; the first that fails is the last that is sent.
   *
   * @param tags One or several tags, each 1 to 128 bytes of UTF-8. A registration can be in 2,000.
   * @throws PushError `tag_invalid`, `too_many_tags`, `not_registered`, `client_closed`, or why the link closed
   * @example await push.subscribe(["weather/berlin", "news"]);
   */
  subscribe(tags: string | readonly string[], options: CallOptions = {}): Promise<void> {
    return this.#requests.changeTags(tags, "add", options);
  }

  /**
   * Leaves tags; their broadcasts no longer arrive. It is not an error to leave a tag that is not joined. Otherwise like
   * `subscribe`.
   *
   * @throws PushError `tag_invalid`, `not_registered`, `client_closed`, or why the link closed
   */
  unsubscribe(tags: string | readonly string[], options: CallOptions = {}): Promise<void> {
    return this.#requests.changeTags(tags, "remove", options);
  }

  /**
   * Gives this registration an alias, such as a user's ID, that app servers can send to. Resolves when the mesh has
   * stored it. Without a network, it waits for one.
   *
   * @param alias 1 to 128 bytes of UTF-8. A registration may have 16.
   * @param options.shared False, the default: this registration has the alias alone, and the previous holder loses it
   * (see `onAliasLost`). True: up to 128 registrations have it together, such as a user's devices.
   * @throws PushError `alias_invalid`, `too_many_aliases`, `alias_full`, `not_registered`, `client_closed`, or why the
   * link closed
   */
  async setAlias(
    alias: string,
    options: CallOptions & { readonly shared?: boolean | undefined } = {},
  ): Promise<void> {
    const { shared = false } = options;
    await this.#requests.make({ kind: "setAlias", alias, held: true, shared }, options);
  }

  /**
   * Takes an alias away from this registration. It is not an error if the registration does not hold it.
   *
   * @throws PushError `alias_invalid`, `not_registered`, `client_closed`, or why the link closed
   */
  async removeAlias(alias: string, options: CallOptions = {}): Promise<void> {
    await this.#requests.make({ kind: "setAlias", alias, held: false, shared: false }, options);
  }

  /**
   * Reports the attributes that broadcasts can filter by, and replaces all earlier ones. Resolves when the mesh has stored
   * them. Without a network, it waits for one.
   *
   * @throws PushError `attributes_invalid`, `not_registered`, `client_closed`, or why the link closed
   * @example await push.setAttributes({ platform: "web", locale: navigator.language, custom: { plan: "pro" } });
   */
  async setAttributes(attributes: Attributes, options: CallOptions = {}): Promise<void> {
    await this.#requests.make(reportOf(attributes), options);
  }

  /**
   * Asks the mesh for the tags and aliases of this registration, whether this app or its server set them.
   *
   * @throws PushError `not_registered`, `client_closed`, or why the link closed
   */
  async describe(options: CallOptions = {}): Promise<Description> {
    return (await this.#requests.make({ kind: "describe" }, options)) as Description;
  }

  /**
   * Sets the message handler and replaces the earlier one. Without a handler, messages wait in the mesh.
   *
   * Messages of one priority are handled one after another, in the order in which the mesh accepted them. Messages of
   * different priorities are handled concurrently. Broadcasts (`message.tag`) have a queue of their own, in order within a tag. Each
   * message ID arrives once, even across restarts if the storage survives them. It arrives again only after a crash
   * during or right after the handler, or if another client of the same storage (a second tab) takes over the link meanwhile.
   *
   * If a handler throws or rejects, its message stays unacknowledged. The SDK reports `handler_failed` and calls the handler again
   * after 1 s, doubling to 60 s, until it succeeds or the message expires or is recalled. Meanwhile the later messages of its
   * priority, or the later broadcasts, wait. So catch errors that a retry cannot fix.
   *
   * @returns a function that removes the handler; later messages wait in the mesh
   */
  onMessage(handler: MessageHandler): () => void {
    this.#listen(handler);
    return () => {
      if (this.#inbox.handler === handler) this.#listen(undefined);
    };
  }

  /**
   * Measures the link: the time in milliseconds until the device's object in the mesh has echoed a frame.
   *
   * @throws PushError `link_lost` if there is no link, or it ends; `timeout` after 10 s
   */
  async ping(): Promise<number> {
    return Number(await this.#requests.make({ kind: "ping" }, {}));
  }

  /**
   * Call this after a change of network, or when the device woke up. It ends the wait for the next attempt, and probes an open
   * link, which ends within 10 s if it is dead. In browsers, the `online` event does this by itself.
   */
  reconnectNow(): void {
    this.#port.postMessage({ kind: "wake" });
  }

  /**
   * Stops receiving messages, waits for running handlers, acknowledges what they handled, and leaves the push service. The
   * registration stays: messages wait in the mesh for the next start.
   *
   * A handler may await it. If called before the handler's first await, it resolves at once; later, it resolves after 5 s, as for
   * any handler that keeps running. What a handler finishes within 10 s is acknowledged. What it finishes later arrives again at the
   * next start.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { isCalling } = this.#inbox;
    this.#inbox.handler = undefined;
    this.#requests.close();
    const cancel = this.#host.after(2 * CLOSE_WAIT_MS, () => this.#leave());
    const idle = (async () => {
      // During the synchronous part of a handler, its lane does not know yet that it runs.
      await null;
      await this.#inbox.idle();
      cancel();
      this.#leave();
    })();
    // A handler that awaits `close` would never return if we waited for it.
    if (isCalling) return;
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const stop = this.#host.after(CLOSE_WAIT_MS, resolve);
    await Promise.race([idle, enough]);
    stop();
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#grants.close();
    this.#inbox.clear();
    this.#port.postMessage({ kind: "leave" });
    this.#port.close();
    this.#onClosed?.();
    this.#setState({ state: "closed" });
  }

  /** The mesh does not have the registration any more, and the app still wants its messages. */
  async #registerAgain(): Promise<void> {
    if (await this.#registration.isGone()) this.#setRegId(undefined, undefined);
    else if (this.regId !== undefined) await this.register();
  }

  #listen(handler: MessageHandler | undefined): void {
    if (this.#closed !== undefined) return;
    this.#inbox.handler = handler;
    this.#port.postMessage({ kind: "listen", on: handler !== undefined });
  }

  #receive(event: ToClient): void {
    switch (event.kind) {
      case "deliver":
        if (!this.#inbox.push(event.link, event.message))
          this.#port.postMessage({ kind: "fault", message: "too many unacknowledged messages" });
        return;
      case "withdraw":
        this.#inbox.withdraw(event.key);
        return;
      case "aliasLost":
        this.listeners.lostAlias.emit(event.alias, this.#host.report);
        return;
      case "done":
        // For `register` the value is the regId, for `unregister` it is empty.
        if (typeof event.value === "string")
          this.#setRegId(event.value || undefined, event.identity);
        // The push service found that another client of the storage has signed out.
        if (event.request === 0) this.#registration.endNothing();
        this.#requests.done(event.request, event.value);
        return;
      case "failed":
        if (event.request === undefined) this.#report(new PushError(event.error));
        else this.#requests.failed(event.request, event.error);
        return;
      case "removed":
        // The mesh says it at each link until the app registers again.
        if (this.regId === undefined) return;
        this.#setRegId(undefined, undefined);
        if (!this.listeners.removed.emit(new PushError(event.error), this.#host.report))
          this.#report(new PushError(event.error));
        return;
      case "registration":
        if (event.regId !== null) {
          this.#setRegId(event.regId, event.identity);
          void this.#encryption?.registered(this.#registration.identity);
        }
        // The account was created anew since this app registered, or another client of the storage has ended it.
        else if (this.regId !== undefined) this.#registerAgain().catch(this.#report);
        if (event.lapsed) this.#grants.renew();
        return;
      case "grant":
        this.#grants.fetch(event, { appId: this.#appId, regId: this.regId });
        return;
      case "state":
        this.#clockOffsetMs = event.clockOffsetMs;
        this.#grants.connected = event.state === "connected";
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
    this.listeners.state.emit(change, this.#host.report);
  }

  #setRegId(regId: string | undefined, identity: string | undefined): void {
    const isNew = this.#registration.change(regId, identity);
    if (isNew) this.#inbox.abandon();
    if (regId !== undefined && isNew !== undefined)
      this.listeners.regId.emit([regId, isNew], this.#host.report);
  }

  readonly #report = (error: unknown): void => {
    const pushError = new PushError(toErrorData(error, "storage_failed"));
    if (!this.listeners.error.emit(pushError, this.#host.report)) this.#host.report(pushError);
  };
}

/** See `PushClient.open`. */
export const openClient = (options: ClientOptions): Promise<PushClient> => PushClient.open(options);
