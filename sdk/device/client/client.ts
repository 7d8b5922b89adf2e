/** The client of one app, over a port of the push service. */
import { DeviceEventKind } from "../../../schema/generated/link.ts";
import { formatMessageId } from "../../../schema/text.ts";
import { orAborted } from "../../aborted.ts";
import { loadSecret, secretKeyOf } from "../account/keys.ts";
import { CLOSE_WAIT_MS } from "../constants.ts";
import { CLOSED, PushError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Description, ToClient } from "../port.ts";
import type { PushClient } from "../push-client.ts";
import { BatchedStorage } from "../storage/batched.ts";
import { guardStorage } from "../storage/storage.ts";
import { postAcknowledgement, postDiscard } from "./acknowledgements.ts";
import { ClientBase } from "./client-base.ts";
import { type AcceptHours, DesiredDelivery } from "./delivery/desired-delivery.ts";
import type { Encryption } from "./encryption.ts";
import { Grants } from "./grants.ts";
import { Inbox } from "./inbox.ts";
import type { PushMessage } from "./message.ts";
import {
  type AliasOptions,
  type Attributes,
  type CallOptions,
  type ClientOptions,
  callError,
  checkAppId,
  type RegisterOptions,
  reportOf,
  requireOptions,
  type StateChange,
  type UpstreamData,
  type UpstreamOptions,
} from "./options.ts";
import { Registering } from "./registering.ts";
import { StoredRegistration } from "./registration.ts";
import {
  type MessageReport,
  MessageReports,
  type ReportOptions,
} from "./reporting/message-reports.ts";
import { upstreamOf } from "./reporting/upstream.ts";
import { Requests } from "./requests.ts";
import { SealingPort } from "./sealing/sealing-port.ts";

/** The client of a push service: what `connect` and `openClient` give, or what an engine has for all tabs. */
export class AppClient extends ClientBase implements PushClient {
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
  readonly #delivery: DesiredDelivery;
  readonly #reports: MessageReports;
  #clockOffsetMs = 0;
  #closed: Promise<void> | undefined;
  #left = false;
  /** Which messages it takes: those since it last began to listen. */
  #turn = 0;
  /** Says that it does not listen any more; undefined if that need not be said. */
  #unlisten: (() => void) | undefined;
  readonly #onClosed: (() => void) | undefined;

  private constructor(options: ClientOptions<unknown>) {
    super(options);
    const { appId, storage, host, encryption } = options;
    this.#host = host;
    this.#storage = new BatchedStorage(guardStorage(storage, host), this.report, host);
    this.#appId = appId;
    this.#registration = new StoredRegistration(this.#storage, appId, host);
    const port = new SealingPort(options, this.#storage, this.#registration, this.report);
    this.#port = port;
    this.#requests = new Requests(port);
    this.#onClosed = options.onClosed;
    this.#encryption = encryption;
    this.#grants = new Grants({
      ...{ host, port, callback: options.grant, report: this.report },
      renew: () => this.#registering.renew(),
    });
    this.#reports = new MessageReports({
      ...{ host, storage: this.#storage, requests: this.#requests },
      ...{ name: `app/${appId}/events`, regId: () => this.regId },
    });
    this.#registering = new Registering({
      ...{ requests: this.#requests, registration: this.#registration, storage: this.#storage },
      grants: this.#grants.are,
    });
    this.#inbox = new Inbox(host, this.#storage, this.#registration, {
      meshNow: () => host.now() + this.#clockOffsetMs,
      acknowledge: (...taken) => postAcknowledgement(port, ...taken),
      discard: (...dropped) => postDiscard(port, ...dropped),
      end: () => void this.#registering.endStored(),
      report: this.report,
      encryption,
    });
    this.#delivery = new DesiredDelivery(this.#storage, appId, this.#requests, this.#inbox);
  }

  /**
   * Reads the stored state of the app and joins the push service.
   *
   * @throws PushError `option_invalid` if the appId is malformed or an option is missing, `storage_failed`
   */
  static async open(options: ClientOptions<unknown>): Promise<AppClient> {
    const { appId, port, storage, host, encryption } = options ?? {};
    checkAppId(appId);
    requireOptions({ port, storage, host });
    const client = new AppClient(options);
    const registration = client.#registration;
    await registration.load();
    await Promise.all([client.#port.load(), client.#delivery.load()]);
    await client.#reports.load();
    await encryption?.open({
      ...{ appId, host, storage: guardStorage(storage, host), report: client.report },
      command: (command) => client.#requests.make(command, {}),
      isClosed: () => client.#closed !== undefined || client.state === "closed",
    });
    const secret = await loadSecret(host, guardStorage(storage), secretKeyOf(appId));
    client.#port.onmessage = ({ data }) => client.#receive(data);
    const at = { lastSeq: registration.windows.lastSeq, cursors: registration.cursors.all };
    client.#port.postMessage({ kind: "open", appId, secret, ...at });
    // The process ended before the mesh received it. If it fails now too, the next start asks again.
    if (registration.ending !== undefined) void client.#registering.endStored();
    return client;
  }

  get regId(): string | undefined {
    return this.#registration.regId;
  }

  async register(options: RegisterOptions = {}): Promise<string> {
    const error = callError(options);
    if (error !== undefined) throw error;
    this.#registering.endFirst();
    return this.#register(options);
  }

  async #register({ renew, ...options }: RegisterOptions): Promise<string> {
    const regId = await this.#registering.begin(options, renew);
    await this.#encryption?.registered(this.#registration.identity);
    return regId;
  }

  async unregister(options: CallOptions = {}): Promise<void> {
    if (options.signal?.aborted) throw options.signal.reason;
    await this.#registering.end(options, () => {
      // Messages that arrived meanwhile were dropped; listening anew makes them come again.
      this.listen(false);
      this.listen(this.handlers.size > 0);
    });
  }

  signOut({ signal }: CallOptions = {}): Promise<void> {
    return orAborted(signal, () => this.#registering.signOut(this.state === "closed"));
  }

  subscribe(tags: string | readonly string[], options: CallOptions = {}): Promise<void> {
    return this.#requests.changeTags(tags, "add", options);
  }

  unsubscribe(tags: string | readonly string[], options: CallOptions = {}): Promise<void> {
    return this.#requests.changeTags(tags, "remove", options);
  }

  async setAlias(alias: string, { shared = false, ...options }: AliasOptions = {}): Promise<void> {
    await this.#requests.make({ kind: "setAlias", alias, held: true, shared }, options);
  }

  async removeAlias(alias: string, options: CallOptions = {}): Promise<void> {
    await this.#requests.make({ kind: "setAlias", alias, held: false, shared: false }, options);
  }

  async setAttributes(attributes: Attributes, options: CallOptions = {}): Promise<void> {
    await this.#requests.make(reportOf(attributes), options);
  }

  readonly pause = (options?: CallOptions) => this.#delivery.change({ paused: true }, options);
  readonly resume = (options?: CallOptions) => this.#delivery.change({ paused: false }, options);
  readonly setAcceptTimes = (accept: readonly AcceptHours[], options?: CallOptions) =>
    this.#delivery.change({ accept }, options);
  readonly setPresence = (presence: boolean, options?: CallOptions) =>
    this.#delivery.change({ presence }, options);
  readonly setNotificationsAllowed = (notificationsAllowed: boolean, options?: CallOptions) =>
    this.#delivery.change({ notificationsAllowed }, options);
  readonly deliveryState = async () => this.#delivery.state;

  async sendUpstream(data: UpstreamData, options: UpstreamOptions = {}): Promise<void> {
    await this.#requests.make(upstreamOf(data, options), options);
  }

  async describe(options: CallOptions = {}): Promise<Description> {
    return (await this.#requests.make({ kind: "describe" }, options)) as Description;
  }

  async ping(options: CallOptions = {}): Promise<number> {
    return Number(await this.#requests.make({ kind: "ping" }, options));
  }

  async reportMessage(
    message: Pick<PushMessage, "id" | "report">,
    event: MessageReport,
    options: ReportOptions = {},
  ): Promise<void> {
    if (this.#closed !== undefined) throw new PushError(CLOSED);
    await this.#reports.add(message, event, options);
  }

  reconnectNow(): void {
    this.#port.postMessage({ kind: "wake" });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { isCalling } = this.handlers;
    this.endHandling();
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

  /**
   * Leaves for another client of the storage, as soon as handlers have ended: what they reject comes again there.
   *
   * @param isLost the other one has the link already, and may have the messages: it leaves at once
   */
  async stop(isLost: boolean): Promise<void> {
    this.#closed ??= Promise.resolve();
    this.endHandling();
    this.#inbox.handler = undefined;
    this.#requests.close();
    if (!isLost) await this.#inbox.idle();
    this.#inbox.abandon();
    this.#leave();
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#unlisten?.();
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
    // Not after a sign-out that is stored now.
    else if (this.regId !== undefined) await this.#register({});
  }

  protected override listen(on: boolean): void {
    if (this.#closed !== undefined) return;
    this.#inbox.handler = on ? this.deliver : undefined;
    this.#turn++;
    if (this.#unlisten !== undefined) return;
    if (on) this.#port.postMessage({ kind: "listen", on, turn: this.#turn });
    else this.#unlistenLater();
  }

  /**
   * Once what handlers are at work on is acknowledged: to the mesh, an acknowledgement after Detach is none, and the sender is told `queued`. Meanwhile
   * messages are dropped, and come again.
   */
  #unlistenLater(): void {
    const unlisten = (): void => {
      cancel();
      this.#unlisten = undefined;
      this.#port.postMessage({ kind: "listen", on: false });
      const hasBegunAgain = this.#inbox.handler !== undefined;
      if (hasBegunAgain) this.#port.postMessage({ kind: "listen", on: true, turn: this.#turn });
    };
    const cancel = this.#host.after(CLOSE_WAIT_MS, unlisten);
    this.#unlisten = unlisten;
    const wait = async (): Promise<void> => {
      // During the synchronous part of a handler, its lane does not know yet that it runs.
      await null;
      await this.#inbox.idle();
      if (this.#unlisten === unlisten) unlisten();
    };
    void wait();
  }

  #receive(event: ToClient): void {
    switch (event.kind) {
      case "deliver":
        // What it was not given before it began to listen anew comes again, before this one.
        if ((event.turn ?? this.#turn) !== this.#turn) return;
        if (!this.#inbox.push(event.link, event.message))
          this.#port.postMessage({ kind: "fault", message: "too many unacknowledged messages" });
        return;
      case "withdraw":
        this.#withdraw(event);
        return;
      case "aliasLost":
        this.tellAliasLost(event.alias);
        return;
      case "done":
        // For `register` the value is the regId, for `unregister` it is empty.
        if (typeof event.value === "string")
          this.#setRegId(event.value || undefined, event.identity);
        // The push service found that another client of the storage has signed out.
        if (event.request === 0) this.#registering.ended(event.signOut);
        this.#requests.done(event.request, event.value);
        return;
      case "failed":
        if (event.request === undefined) this.report(new PushError(event.error));
        else this.#requests.failed(event.request, event.error);
        return;
      case "removed":
        // The mesh says it at each link until the app registers again.
        if (this.regId === undefined) return;
        this.#setRegId(undefined, undefined);
        this.tellRemoved(event.error);
        return;
      case "registration":
        if (event.regId !== null) {
          this.#setRegId(event.regId, event.identity);
          void this.#encryption?.registered(this.#registration.identity);
          this.#delivery.compare(event.delivery ?? 0);
        }
        // The account was created anew since this app registered, or another client of the storage has ended it.
        else if (this.regId !== undefined) this.#registerAgain().catch(this.report);
        if (event.lapsed) this.#grants.renew();
        return;
      case "grant":
        this.#grants.fetch(event, { appId: this.#appId, regId: this.regId });
        return;
      case "state":
        this.#clockOffsetMs = event.clockOffsetMs;
        this.#grants.connected = event.state === "connected";
        this.#reports.connected = event.state === "connected";
        if (event.error?.code === "replaced") this.#inbox.abandon();
        else if (event.state !== "connected") this.#inbox.clear();
        this.#setState({
          state: event.state,
          error: event.error && new PushError(event.error),
          retryInMs: event.retryInMs,
          retryAt: event.retryInMs === undefined ? undefined : this.#host.now() + event.retryInMs,
        });
    }
  }

  #withdraw({ key, recall, seq = 0, source }: Extract<ToClient, { kind: "withdraw" }>): void {
    const found = this.#inbox.withdraw(key, source);
    if (!recall) return;
    const { regId = "" } = this;
    const isTaken = found === "taken";
    // A handler that has failed may have shown it before. Broadcasts that the app had are not remembered.
    if (isTaken || found === "failed" || (found === "unknown" && source !== undefined))
      this.tellRecalled({ id: formatMessageId({ seq, key, regId: source ?? regId }) });
    // Of a message that is dropped, the acknowledgement says so.
    if (!isTaken && found !== "unknown" && source === undefined) return;
    const takenAgoMs = isTaken ? this.#inbox.takenAgoMs(key) : undefined;
    this.#reports.answer({
      ...{ kind: isTaken ? DeviceEventKind.RECALLED : DeviceEventKind.UNKNOWN, key, seq },
      ...(source !== undefined && { source }),
      ...(takenAgoMs !== undefined && { takenAgoMs }),
    });
  }

  #setState(change: StateChange): void {
    if (change.state === "closed") this.#storage.stop();
    this.setStatus(change);
  }

  #setRegId(regId: string | undefined, identity: string | undefined): void {
    const isNew = this.#registration.change(regId, identity);
    if (isNew) {
      this.#inbox.abandon();
      this.#reports.clear();
    }
    if (regId !== undefined && isNew !== undefined) this.tellRegId(regId, isNew);
  }
}
