/** A client of one app that shares its engine with others: tabs of an origin, or processes of a machine. */
import { orAborted } from "../../aborted.ts";
import type { Log } from "../../log.ts";
import type { StandardSchema } from "../../standard-schema.ts";
import { ClientBase } from "../client/client-base.ts";
import type { AcceptHours, DeliveryState } from "../client/delivery/desired-delivery.ts";
import type { Encryption } from "../client/encryption.ts";
import type { GrantCallback } from "../client/grants.ts";
import type { PushMessage } from "../client/message.ts";
import type {
  AliasOptions,
  Attributes,
  CallOptions,
  RegisterOptions,
  StateChange,
  UpstreamData,
  UpstreamOptions,
} from "../client/options.ts";
import type { MessageReport, ReportOptions } from "../client/reporting/message-reports.ts";
import { randomKey } from "../client/reporting/upstream.ts";
import { CLOSE_WAIT_MS, RETRY_BASE_MS, RETRY_MAX_MS } from "../constants.ts";
import { PushError, type PushErrorData, toErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Description } from "../port.ts";
import type { PushClient } from "../push-client.ts";
import { guardStorage, type Storage } from "../storage/storage.ts";
import { answerQuestion } from "./answers.ts";
import { Calls } from "./calls.ts";
import { Handling } from "./handling.ts";
import type { FromEngine, PlainChange, ToEngine, ToEnginePort } from "./protocol.ts";
import { within } from "./within.ts";

/** The way of a client to its engine, which may be lost and found again. */
export interface Attachment {
  /** Looks whether the engine is alive, and attaches to another one if it is not. */
  probe(): void;
  /** Resolves when an engine of this client has let go of the link. */
  close(): Promise<void>;
}

export interface AttachEvents {
  /** There is an engine at the other end. The port of the last one is not used any more. */
  attached(port: ToEnginePort): void;
  /** The last engine has given this client something, which arrives after the client was attached to the next one. */
  late(event: FromEngine): void;
  /** No engine can be started for now. */
  failed(error: unknown): void;
}

/** Begins to attach, again whenever the engine is lost, until it is closed. */
export type Attach = (events: AttachEvents) => Attachment;

export interface SharedOptions {
  readonly appId: string;
  readonly host: Host;
  /** For `encryption`. */
  readonly storage: Storage;
  readonly encryption?: Encryption | undefined;
  readonly grant?: GrantCallback | undefined;
  readonly sealed?: boolean | undefined;
  /** Origins of the mesh. */
  readonly url: readonly string[];
  readonly identifiers: readonly string[];
  readonly attach: Attach;
  readonly schema?: StandardSchema<unknown, unknown> | undefined;
  readonly log?: Log | undefined;
  /** Stores, for a client that is closed, that its registration is to end. */
  readonly endStored: () => Promise<void>;
}

/** Longest wait for an engine to answer `leave`. */
const LEAVE_WAIT_MS = 1_000;

const LOST: PushErrorData = {
  code: "registration_lost",
  message: "The registration is not in the storage any more. Call register again.",
  retry: "never",
};

export class SharedClient extends ClientBase implements PushClient {
  readonly #options: SharedOptions;
  readonly #handling = new Handling();
  readonly #calls: Calls;
  readonly #stopOnline: () => void;
  readonly #joined = Promise.withResolvers<void>();
  readonly #left = Promise.withResolvers<void>();
  #isJoined = false;
  #attachment: Attachment | undefined;
  #port: ToEnginePort | undefined;
  #regId: string | undefined;
  /** Calls that end the registration: meanwhile no message is shown. */
  #endings = 0;
  #refusals = 0;
  #cancelJoin = () => {};
  #closed: Promise<void> | undefined;

  private constructor(options: SharedOptions) {
    super(options);
    const { host } = options;
    this.#options = options;
    this.#calls = new Calls(host, () => this.#attachment?.probe());
    this.#stopOnline = host.onOnline(() => this.reconnectNow());
  }

  /**
   * Resolves when it is attached.
   *
   * @throws PushError why the engine cannot start, or cannot serve the app
   */
  static async open(options: SharedOptions): Promise<SharedClient> {
    const client = new SharedClient(options);
    const { appId, host, storage, encryption } = options;
    try {
      await encryption?.open({
        ...{ appId, host, storage: guardStorage(storage, host), report: client.report },
        command: (command) => client.#calls.make("command", [command]),
        isClosed: () => client.#closed !== undefined || client.state === "closed",
      });
      client.#attachment = options.attach({
        attached: (port) => client.#attach(port),
        late: (event) => {
          if (event.kind === "message" && client.#endings === 0)
            void client.#handling.take(event.message);
        },
        failed: (error) => client.#failed(toErrorData(error, "storage_failed")),
      });
      await client.#joined.promise;
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  get regId(): string | undefined {
    return this.#endings > 0 ? undefined : this.#regId;
  }

  async register(options: RegisterOptions = {}): Promise<string> {
    return String(await this.#calls.make("register", [], options));
  }

  unregister(options: CallOptions = {}): Promise<void> {
    return this.#end("unregister", options);
  }

  signOut(options: CallOptions = {}): Promise<void> {
    return orAborted(options.signal, () =>
      this.#closed ? this.#options.endStored() : this.#end("signOut", {}),
    );
  }

  async subscribe(tags: string | readonly string[], options: CallOptions = {}): Promise<void> {
    await this.#calls.make("subscribe", [tags], options);
  }

  async unsubscribe(tags: string | readonly string[], options: CallOptions = {}): Promise<void> {
    await this.#calls.make("unsubscribe", [tags], options);
  }

  async setAlias(alias: string, options: AliasOptions = {}): Promise<void> {
    await this.#calls.make("setAlias", [alias], options);
  }

  async removeAlias(alias: string, options: CallOptions = {}): Promise<void> {
    await this.#calls.make("removeAlias", [alias], options);
  }

  async setAttributes(attributes: Attributes, options: CallOptions = {}): Promise<void> {
    await this.#calls.make("setAttributes", [attributes], options);
  }

  async sendUpstream(data: UpstreamData, options: UpstreamOptions = {}): Promise<void> {
    // Named here: if another tab takes over, the call is made again.
    await this.#calls.make("sendUpstream", [data], { key: randomKey(), ...options });
  }

  async pause(options: CallOptions = {}): Promise<void> {
    await this.#calls.make("pause", [], options);
  }

  async resume(options: CallOptions = {}): Promise<void> {
    await this.#calls.make("resume", [], options);
  }

  async setAcceptTimes(accept: readonly AcceptHours[], options: CallOptions = {}): Promise<void> {
    await this.#calls.make("setAcceptTimes", [accept], options);
  }

  async setPresence(allowed: boolean, options: CallOptions = {}): Promise<void> {
    await this.#calls.make("setPresence", [allowed], options);
  }

  async setNotificationsAllowed(allowed: boolean, options: CallOptions = {}): Promise<void> {
    await this.#calls.make("setNotificationsAllowed", [allowed], options);
  }

  async deliveryState(options: CallOptions = {}): Promise<DeliveryState> {
    return (await this.#calls.make("deliveryState", [], options)) as DeliveryState;
  }

  async describe(options: CallOptions = {}): Promise<Description> {
    return (await this.#calls.make("describe", [], options)) as Description;
  }

  async ping(options: CallOptions = {}): Promise<number> {
    return Number(await this.#calls.make("ping", [], options));
  }

  async reportMessage(
    { id, report }: Pick<PushMessage, "id" | "report">,
    event: MessageReport,
    options: ReportOptions = {},
  ): Promise<void> {
    // Without the data; a call that is made again at another engine tells the same time.
    const at = this.#options.host.now();
    await this.#calls.make("reportMessage", [{ id, report }, event, { at, ...options }]);
  }

  reconnectNow(): void {
    this.#attachment?.probe();
    this.#post({ kind: "wake" });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { host } = this.#options;
    const { isCalling } = this.handlers;
    this.endHandling();
    this.#handling.handler = undefined;
    this.#post({ kind: "listen", on: false });
    this.#calls.close();
    this.#stopOnline();
    this.#cancelJoin();
    // During the synchronous part of a handler, nothing knows yet that it runs.
    const idle = Promise.resolve().then(() => this.#handling.idle());
    const handled = within(host, 2 * CLOSE_WAIT_MS, idle);
    const left = (async () => {
      await handled;
      this.#post({ kind: "leave" });
      if (this.#port) await within(host, LEAVE_WAIT_MS, this.#left.promise);
      this.#port = undefined;
      this.setStatus({ state: "closed" });
      await this.#attachment?.close();
    })();
    // A handler that awaits `close` would never return if we waited for it.
    if (!isCalling) await within(host, CLOSE_WAIT_MS, left);
  }

  protected override listen(on: boolean): void {
    if (this.#closed !== undefined) return;
    this.#handling.handler = on ? this.deliver : undefined;
    this.#post({ kind: "listen", on });
  }

  async #end(name: "unregister" | "signOut", options: CallOptions): Promise<void> {
    this.#endings++;
    try {
      await this.#calls.make(name, [], options);
    } finally {
      this.#endings--;
    }
  }

  #post(message: ToEngine): void {
    this.#port?.postMessage(message);
  }

  #attach(port: ToEnginePort): void {
    if (this.#closed !== undefined) return;
    if (this.#port) this.#port.onmessage = null;
    this.#port = port;
    port.onmessage = ({ data }) => {
      if (port === this.#port) this.#receive(data);
    };
    this.#join();
  }

  #join(): void {
    const { appId, grant, encryption, sealed, url, identifiers } = this.#options;
    const can = { grants: grant !== undefined, encrypts: encryption !== undefined };
    const listens = this.#handling.handler !== undefined;
    this.#post({ kind: "join", appId, ...can, sealed, url, identifiers, listens });
    if (this.#port) this.#calls.attach(this.#port);
  }

  #receive(event: FromEngine): void {
    if ("asked" in event) this.#post({ kind: "got", asked: event.asked });
    switch (event.kind) {
      case "joined":
        this.#onJoined(event);
        return;
      case "refused":
        this.#failed(event.error);
        // The storage may answer the next time.
        this.#cancelJoin = this.#options.host.after(
          Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** this.#refusals++),
          () => this.#join(),
        );
        return;
      case "got":
        this.#calls.got(event.call);
        return;
      case "result":
        this.#regId = event.regId;
        this.#calls.settle(event.call, event.value, event.error);
        return;
      case "message":
        void this.#take(event);
        return;
      case "question":
        void answerQuestion(event, this.#options).then((answer) => this.#post(answer));
        return;
      case "state":
        this.setStatus(toChange(event.change));
        return;
      case "regId":
        this.#setRegId(event.regId, event.isNew);
        return;
      case "left":
        this.#left.resolve();
        return;
      case "aliasLost":
        this.tellAliasLost(event.alias);
        return;
      case "recalled":
        this.tellRecalled({ id: event.id });
        return;
      case "removed":
        this.#setRegId(undefined, undefined);
        this.tellRemoved(event.error);
        return;
      case "error":
        this.report(new PushError(event.error));
    }
  }

  async #take({ asked, message }: Extract<FromEngine, { kind: "message" }>): Promise<void> {
    const port = this.#port;
    const outcome =
      this.#endings > 0 ? ({ kind: "skipped" } as const) : await this.#handling.take(message);
    const { kind } = outcome;
    const cause =
      kind === "failed" ? toErrorData(outcome.cause, "handler_failed").cause : undefined;
    port?.postMessage({
      kind: "outcome",
      asked,
      outcome: kind === "failed" ? { kind, cause } : outcome,
    });
  }

  #onJoined({ change, regId }: Extract<FromEngine, { kind: "joined" }>): void {
    this.#refusals = 0;
    // What the last engine has not told: its successor has it from the storage.
    if (this.#isJoined && regId !== this.#regId) {
      this.#setRegId(regId, true);
      if (regId === undefined && this.#endings === 0) this.report(new PushError(LOST));
    }
    this.#regId = regId;
    this.setStatus(toChange(change));
    this.#isJoined = true;
    this.#joined.resolve();
  }

  #failed(error: PushErrorData): void {
    if (this.#isJoined) this.report(new PushError(error));
    else this.#joined.reject(new PushError(error));
  }

  #setRegId(regId: string | undefined, isNew: boolean | undefined): void {
    this.#regId = regId;
    if (regId === undefined || isNew) this.#handling.forget();
    if (regId !== undefined && isNew !== undefined) this.tellRegId(regId, isNew);
  }
}

const toChange = ({ error, ...change }: PlainChange): StateChange => ({
  ...change,
  error: error && new PushError(error),
});
