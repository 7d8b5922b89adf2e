/** The client for app servers. */
import type {
  AliasSendAnswerBody,
  AnswerBody,
  BroadcastAnswerBody,
  BroadcastStatusBody,
  RecallAnswerBody,
  RegistrationAnswerBody,
  RevocationAnswerBody,
  SendAnswerBody,
  SendBodyInput,
  StatusAnswerBody,
  TargetsAnswerBody,
  ValidationAnswerBody,
} from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import { Aliases } from "./aliases.ts";
import { checkArguments, OPTIONS_ARGUMENT, objectArgument, textArgument } from "./arguments.ts";
import { checkJson, dataFields, encodeBody, type MessageData } from "./body.ts";
import type { CallOptions, RateLimit } from "./call.ts";
import { Encryption } from "./encryption.ts";
import { type Environment, optionsFromEnv } from "./env.ts";
import { optionError, PushServerError } from "./errors.ts";
import { type GrantOptions, makeGrant, type RevokeOptions, revokeGrant } from "./grant.ts";
import type { LinkMessage } from "./link/content.ts";
import { ServerLink, type ServerLinkOptions } from "./link/server-link.ts";
import { Messages } from "./messages.ts";
import { Registrations } from "./registrations.ts";
import {
  type BatchesResult,
  batchBodies,
  dividedTargets,
  joinedAnswers,
  keyOfPart,
  type TargetsResult,
} from "./sending/many.ts";
import type {
  AliasMessage,
  BatchedMessage,
  BroadcastMessage,
  BroadcastOptions,
  Content,
  ManyMessage,
  RecallOptions,
  SendOptions,
  SingleMessage,
} from "./sending/message.ts";
import { preferOf, waitMsOf } from "./sending/wait.ts";
import { type PushServerOptions, SignedCalls } from "./signed-calls.ts";
import { Tags } from "./tags.ts";
import { Webhooks } from "./webhooks/webhooks.ts";

/** Random bytes of an idempotency key. */
const IDEMPOTENCY_BYTES = 16;
const randomKey = (): string =>
  toBase64Url(crypto.getRandomValues(new Uint8Array(IDEMPOTENCY_BYTES)));

/** A message as its caller wrote it. */
type Unsent = Content &
  Pick<SendBodyInput, "to" | "filter" | "pace" | "validateOnly"> & {
    readonly encrypt?: boolean | undefined;
  };

/**
 * Sends messages to registrations, aliases and tags of one app. It holds no connections and no timers: create one and share it.
 * Runs in Node, Deno, Bun, Workers and browsers (but do not put a sending key into a browser).
 *
 * @example
 * const push = new PushServer({ url: "https://push.example.com", keyId: "….k1", key: process.env.PUSH_SECRET });
 * const { id, status } = await push.send({ to: regId, data: { title: "Hello" }, ttl: 3600 });
 * // status is "delivered" once the device has it, or "queued" once it is stored
 */
export class PushServer {
  readonly #calls: SignedCalls;
  /** Members of tags, and who may listen live. */
  readonly tags: Tags;
  /** Holders of aliases. */
  readonly aliases: Aliases;
  /** Registrations: lists and removes them, and bans their devices. */
  readonly registrations: Registrations;
  /** Messages by their label. */
  readonly messages: Messages;
  /** The webhooks of the app: URLs of this server that the mesh sends events to. */
  readonly webhooks: Webhooks;
  /** Keys of registrations, for messages with `encrypt`. */
  readonly encryption: Encryption;

  /** @throws PushServerError `option_invalid` */
  constructor(options: PushServerOptions) {
    this.#calls = new SignedCalls(options);
    this.tags = new Tags(this.#calls);
    this.aliases = new Aliases(this.#calls);
    this.registrations = new Registrations(this.#calls);
    this.messages = new Messages(this.#calls);
    this.webhooks = new Webhooks(this.#calls);
    this.encryption = new Encryption(this.#calls, options.encryption);
  }

  /**
   * Creates it from the environment variables of the command `pushmesh`: `PUSHMESH_URL`, `PUSHMESH_KEY_ID` and `PUSHMESH_KEY`. So a script runs
   * with the same settings as the command.
   *
   * @param options - Other options. Those given here count, not the variables.
   * @param env - Default: that of the process. On Workers, pass the `env` of the request.
   * @throws PushServerError `option_invalid` that names the variable
   * @example
   * const push = PushServer.fromEnv();
   * await push.send({ to: regId, data: "hi" }, { signal: AbortSignal.timeout(5_000) });
   */
  static fromEnv(options: Partial<PushServerOptions> = {}, env?: Environment): PushServer {
    return new PushServer(optionsFromEnv(options, env));
  }

  /** The app's quota of sends and what was left of it, by the last answer; undefined if the app has none, or before the first answer. */
  get rateLimit(): RateLimit | undefined {
    return this.#calls.rateLimit;
  }

  /**
   * Sends a message to one registration, or to all holders of an alias. If the network or the mesh fails, it retries with the
   * same idempotency key: the message is delivered once, whichever attempt arrived. If the app's quota is used up, it waits for the
   * next token.
   *
   * @returns The ID of the message, its status and the milliseconds the mesh took; for an alias, a result for each holder.
   * @throws PushServerError `unregistered` if you should delete the regId, `alias_unknown` if nobody holds the alias; docs/errors.md
   *   lists all codes.
   */
  send(message: SingleMessage, options?: SendOptions): Promise<SendAnswerBody>;
  send(message: AliasMessage, options?: SendOptions): Promise<AliasSendAnswerBody>;
  send(
    message: SingleMessage | AliasMessage,
    options: SendOptions = {},
  ): Promise<SendAnswerBody | AliasSendAnswerBody> {
    return this.#send(message, options);
  }

  /**
   * Sends one message to many registrations or aliases, in requests of at most 1,000, one after the other. A failure of one target is its result. If a
   * request fails, this rejects: call it again with the same `idempotencyKey` (the error has it), and nothing is shown twice.
   *
   * @returns A result for each target, in order. One with `retry: "later"` may be sent to again, with the same `idempotencyKey`.
   * @example
   * const { results } = await push.sendMany({ to: { regIds }, data: { title: "Hello" } });
   * for (const result of results) if ("error" in result && result.error === "unregistered") remove(result.to);
   */
  async sendMany(message: ManyMessage, options: SendOptions = {}): Promise<TargetsResult> {
    const { to, ...rest } = message;
    const targets = dividedTargets(to);
    const given = { ...options, idempotencyKey: options.idempotencyKey ?? randomKey() };
    const answers: TargetsResult[] = [];
    // Its targets tell the parts from each other, so all have one key.
    for (const part of targets)
      answers.push(await this.#send<TargetsAnswerBody>({ ...rest, to: part as never }, given));
    return joinedAnswers(answers);
  }

  /**
   * Sends many different messages, the cheapest way to do that: in requests of at most 500 messages and 1 MiB, one after the other. A failure of one
   * message is its result. If a request fails, this rejects: call it again with the same messages and `idempotencyKey` (the error has it), and nothing
   * is shown twice.
   *
   * @returns A result for each message, in order.
   * @example
   * const { results } = await push.sendBatch(orders.map(({ regId, text }) => ({ to: regId, data: text })));
   */
  async sendBatch(
    messages: readonly BatchedMessage[],
    options: SendOptions = {},
  ): Promise<BatchesResult> {
    const prefer = preferOf(options);
    if (messages.length === 0) throw optionError("messages: must not be empty");
    const encoded: Uint8Array[] = [];
    for (const [at, message] of messages.entries())
      encoded.push(await this.#encoded(message, options).catch(namePlace(at)));
    const key = options.idempotencyKey ?? randomKey();
    const answers: BatchesResult[] = [];
    for (const [part, bytes] of batchBodies(encoded).entries()) {
      const headers = { "idempotency-key": keyOfPart(key, part) };
      const request = {
        headers: prefer === null ? headers : { ...headers, prefer },
        ...{ bytes, waitMs: waitMsOf(options) ?? LIMITS.ACK_WAIT_DEFAULT_MS },
        signal: options.signal,
      };
      const sent = this.#calls.call<"sendBatch">("POST", "/v1/messages/batch", request);
      answers.push(await sent.catch(withKey(key)));
    }
    return joinedAnswers(answers);
  }

  /**
   * Sends a broadcast. It is durable when this resolves, and the mesh then sends it to devices. `status` shows its progress.
   *
   * @example
   * await push.broadcast({ to: { tag: "news" }, data: { title: "Hello" }, filter: { platform: ["web"] } });
   * @throws PushServerError `tag_unknown` if no device ever joined the tag, `broadcast_rate` if the tag accepts no more right now
   */
  broadcast(
    message: BroadcastMessage,
    options: BroadcastOptions = {},
  ): Promise<BroadcastAnswerBody> {
    return this.#send(message, options);
  }

  /**
   * Opens a sender link, for a server that sends a stream of messages: signature, HTTP and JSON are paid for once, not for each message. The link
   * reconnects by itself, and repeats sends without a result. Close it when you are done: it keeps the process running. It needs a WebSocket that takes
   * headers, as those of Node, Deno, Bun and Workers do.
   *
   * @throws PushServerError `option_invalid`
   * @example
   * await using link = push.link();
   * for await (const { regId, text } of orders) {
   *   await link.ready();
   *   void link.send({ to: regId, data: text }).catch(report);
   * }
   */
  link(options: ServerLinkOptions = {}): ServerLink {
    const seal = async (message: LinkMessage, given: SendOptions): Promise<LinkMessage> => {
      const { to, data, json, dataBase64, notification, ...rest } = message;
      const content = { data, json, notification };
      return { ...rest, to, ...(await this.#seal(to, content, dataBase64, given)) };
    };
    return new ServerLink(this.#calls, seal, options);
  }

  /**
   * Checks a message without sending it: its fields, and whether its target exists. Does not count towards the app's quota.
   *
   * @returns How many registrations it would go to. A condition or a filter may leave some out.
   * @throws PushServerError as `send` or `broadcast` would, such as `unregistered`, `alias_unknown` and `tag_unknown`
   */
  validate(
    message: SingleMessage | AliasMessage | BroadcastMessage,
    { signal }: CallOptions = {},
  ): Promise<ValidationAnswerBody> {
    return this.#send({ ...message, validateOnly: true }, { signal });
  }

  /**
   * Gets the status of a message or a broadcast.
   *
   * @param id - From the answer of `send` or `broadcast`. For a broadcast the answer has counts, and is final once it is `sent`.
   * @param options - `signal` cancels the call.
   * @throws PushServerError `message_not_found` if the mesh no longer has a record of it.
   */
  status(
    id: string,
    { signal }: CallOptions = {},
  ): Promise<StatusAnswerBody | BroadcastStatusBody> {
    return this.#calls.call<"getMessage">("GET", `/v1/messages/${encodeURIComponent(id)}`, {
      signal,
    });
  }

  /**
   * Recalls a message or a broadcast. Safe to repeat. `status` is `recalled` if the app never gets the message, and otherwise how it ended, such as
   * `delivered`. If the app had the message, `display` says whether it was told to take it off its display; `pending` means that the device has not
   * answered, and will be told on its next link. A broadcast is always `recalled`: `broadcast` says what became of it so far, and `recall`
   * how many devices were told; all that are online, once its `status` is `sent`.
   *
   * @param id - From the answer of `send` or `broadcast`; for an alias, from one of its results.
   * @param options - `wait`: seconds to wait for the device's answer, 0 to 20. Default: 5.
   * @throws PushServerError `message_not_found` if the mesh has no record of it, `message_id_invalid` for an ID that is not the app's
   * @example
   * const { status, display } = await push.recall(id);
   */
  recall(id: string, options: RecallOptions = {}): Promise<RecallAnswerBody> {
    const { signal } = options;
    const prefer = preferOf(options);
    return this.#calls.call<"recallMessage">("DELETE", `/v1/messages/${encodeURIComponent(id)}`, {
      ...{ signal, waitMs: waitMsOf(options) ?? LIMITS.ACK_WAIT_DEFAULT_MS },
      ...(prefer === null ? {} : { headers: { prefer } }),
    });
  }

  /**
   * Gets the tags, aliases and attributes of a registration, and whether its device is connected.
   *
   * @throws PushServerError `unregistered`
   */
  registration(regId: string, { signal }: CallOptions = {}): Promise<RegistrationAnswerBody> {
    const path = `/v1/registrations/${encodeURIComponent(regId)}` as const;
    return this.#calls.call<"getRegistration">("GET", path, { signal });
  }

  /**
   * Creates a grant for a device: what it may do with this app, until it is over. Makes no call. The key needs the scope `grant`. Give it
   * only to a device of a user whom you know: whoever has it, registers.
   *
   * @throws PushServerError `option_invalid`
   * @example
   * // A route of your server, which the device's `grant` callback fetches:
   * const grant = await push.grant({ device: deviceId, aliases: [userId], tags: [{ prefix: "news/" }] });
   */
  grant(options: GrantOptions = {}): Promise<string> {
    return makeGrant(this.#calls, options);
  }

  /**
   * Revokes a grant: nobody registers or renews with it any more, and registrations that stand by it receive nothing from 30 s later on, until they
   * get another one. It is not an error if it is over or was revoked before. To also end a registration, see `registrations.remove`.
   *
   * @param grant The grant, or its jti.
   * @throws PushServerError `option_invalid`; `too_many_revoked_grants` with 1,000 revoked grants of this app that are not over
   */
  revokeGrant(grant: string, options: RevokeOptions = {}): Promise<RevocationAnswerBody> {
    return revokeGrant(this.#calls, grant, options);
  }

  /** @template T the type of the answer for this kind of target */
  async #send<T extends AnswerBody<"sendMessage">>(
    { data, json, encrypt, ...message }: Unsent,
    options: SendOptions,
  ): Promise<T> {
    const prefer = preferOf(options);
    const sealed = await this.#checked({ data, json, encrypt, ...message }, options);
    const idempotencyKey = options.idempotencyKey ?? randomKey();
    const headers = { "idempotency-key": idempotencyKey };
    const waitMs = waitMsOf(options) ?? LIMITS.ACK_WAIT_DEFAULT_MS;
    const sent = this.#calls.call<"sendMessage">("POST", "/v1/messages", {
      headers: prefer === null ? headers : { ...headers, prefer },
      body: { ...message, ...carriedBy(sealed, data) },
      dataJson: sealed === undefined ? json : undefined,
      waitMs,
      signal: options.signal,
    });
    return (await sent.catch(withKey(idempotencyKey))) as T;
  }

  /** A message of a batch as JSON. */
  async #encoded(
    { data, json, encrypt, ...message }: Unsent & Pick<BatchedMessage, "idempotencyKey">,
    { signal }: SendOptions,
  ): Promise<Uint8Array> {
    const { idempotencyKey } = message;
    const own = { signal, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) };
    const sealed = await this.#checked({ data, json, encrypt, ...message }, own);
    const body = { ...message, ...carriedBy(sealed, data) };
    return encodeBody(body, sealed === undefined ? json : undefined);
  }

  /** The fields of the encrypted data, if it is to be encrypted. */
  async #checked(message: Unsent, options: SendOptions) {
    const { data, json, encrypt, dataBase64, notification, to } = message;
    if (json !== undefined) {
      if (data !== undefined) throw optionError("give data or json, not both");
      checkJson("json", json);
    } else if ([data, dataBase64, notification].every((one) => one === undefined)) {
      throw optionError("data: must be given, or json, or a notification");
    }
    return encrypt ? this.#seal(to, { data, json, notification }, dataBase64, options) : undefined;
  }

  #seal(
    to: SendBodyInput["to"],
    content: Pick<Content, "data" | "json" | "notification">,
    dataBase64: string | undefined,
    { idempotencyKey, signal }: SendOptions,
  ) {
    if (typeof to !== "string") throw optionError("encrypt: only to a regId: a body has one key");
    if (dataBase64 !== undefined) throw optionError("encrypt: give bytes as data, not dataBase64");
    return this.encryption.seal(to, content, idempotencyKey, signal);
  }
}

/** The fields of what a message carries: the notification is part of what was encrypted. */
const carriedBy = (sealed: object | undefined, data: MessageData | undefined) =>
  sealed ? { ...sealed, notification: undefined } : dataFields(data);

/** Adds the key that a repeated call has to give. */
const withKey =
  (idempotencyKey: string) =>
  (error: unknown): never => {
    throw error instanceof PushServerError ? Object.assign(error, { idempotencyKey }) : error;
  };

/** Says which message of a batch is wrong. */
const namePlace =
  (at: number) =>
  (error: unknown): never => {
    if (!(error instanceof PushServerError)) throw error;
    throw optionError(`messages.${at}: ${error.message}`, error);
  };

checkArguments(PushServer.prototype, {
  send: [objectArgument("message"), OPTIONS_ARGUMENT],
  sendMany: [objectArgument("message"), OPTIONS_ARGUMENT],
  sendBatch: [["messages", ["a list of messages", Array.isArray]], OPTIONS_ARGUMENT],
  broadcast: [objectArgument("message"), OPTIONS_ARGUMENT],
  validate: [objectArgument("message"), OPTIONS_ARGUMENT],
  link: [OPTIONS_ARGUMENT],
  status: [textArgument("id"), OPTIONS_ARGUMENT],
  recall: [textArgument("id"), OPTIONS_ARGUMENT],
  registration: [textArgument("regId"), OPTIONS_ARGUMENT],
  grant: [OPTIONS_ARGUMENT],
  revokeGrant: [textArgument("grant"), OPTIONS_ARGUMENT],
});
