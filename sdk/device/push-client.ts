/// <reference lib="esnext.disposable" preserve="true" />
/** The public client of one app on this device. */

import type { ClientEvents } from "./client/client-events.ts";
import type { AcceptHours, DeliveryState } from "./client/delivery/desired-delivery.ts";
import type { PushData, PushMessage } from "./client/message.ts";
import type { MessageHandler } from "./client/message-handler.ts";
import type {
  AliasOptions,
  Attributes,
  CallOptions,
  OnceOptions,
  RegisterOptions,
  StateChange,
  UpstreamData,
  UpstreamOptions,
} from "./client/options.ts";
import type { MessageReport, ReportOptions } from "./client/reporting/message-reports.ts";
import type { Description, LinkStateName } from "./port.ts";

type Events = Pick<
  ClientEvents,
  "onState" | "onError" | "onRegId" | "onAliasLost" | "onRemoved" | "onRecalled"
>;

/**
 * Push for one app on this device: registers, receives and acknowledges. Created by `connect`, or by `openClient` if
 * several apps share a push service.
 *
 * @template T the type of `message.data`; see `ConnectOptions.schema`
 */
export interface PushClient<T = PushData> extends Events, AsyncDisposable {
  /** The regId to send to the app server. Undefined until the first `register`; restored after a restart. */
  readonly regId: string | undefined;

  /** The current state of the link. */
  readonly state: LinkStateName;

  /** The current state with its reason, and when the next attempt is: the last change that `onState` told. */
  readonly status: StateChange;

  /**
   * Registers the app on this device and resolves with its regId. If the app is registered, it makes no request unless `renew` says so. Without a
   * network, it waits for one. With encryption, it also waits until the key is published.
   * @throws PushError `app_unknown`, `too_many_registrations`, `app_in_use`, `client_closed`, or why the link closed; `removed` if the app's server has
   * removed the registration (see `onRemoved`), `banned` while it lets it not register; `grant_expired` after five expired grants
   */
  register(options?: RegisterOptions): Promise<string>;

  /**
   * Ends the registration, with its tags, aliases and attributes. From then on its regId answers `unregistered`, and queued
   * messages are dropped. It is not an error if the app is not registered. Without a network, it waits for one. The SDK stores
   * that the registration is to end, so this survives the process: the next start asks the mesh before anything else. Only
   * `options.signal` cancels it, unless the mesh may already have received it.
   */
  unregister(options?: CallOptions): Promise<void>;

  /**
   * Signs the user out: ends the registration as `unregister` does, but resolves once that is stored on the device, also without a
   * network. From the call on, this client shows no message, and the next link ends the registration before anything else, also
   * after a restart. The next `register`, which may follow at once, gives another regId.
   *
   * Other tabs and processes on the same storage end it too: before their next message or link, or at their next heartbeat. It works on
   * a closed client. If the storage is deleted afterwards, the registration stays in the mesh without a device that could receive for it.
   *
   * @param options.signal Ends the wait for the storage only: the registration ends all the same
   * @throws PushError `storage_failed`: only this process knows that the registration is to end. Call it again
   */
  signOut(options?: CallOptions): Promise<void>;

  /**
   * Joins tags; their broadcasts arrive from then on. Resolves when the mesh has stored it. Without a network, it waits for
   * one. Tags that the app has joined stay as they are, so you can subscribe to the same tags at each start. More than 100
   * tags are sent in several commands, each all or nothing; the first that fails is the last that is sent.
   *
   * @param tags One or several tags, each 1 to 128 bytes of UTF-8. A registration can be in 2,000.
   * @throws PushError `tag_invalid`, `too_many_tags`, `not_registered`, `client_closed`, or why the link closed
   * @example await push.subscribe(["weather/berlin", "news"]);
   */
  subscribe(tags: string | readonly string[], options?: CallOptions): Promise<void>;

  /**
   * Leaves tags; their broadcasts no longer arrive. It is not an error to leave a tag that is not joined. Otherwise like
   * `subscribe`.
   *
   * @throws PushError `tag_invalid`, `not_registered`, `client_closed`, or why the link closed
   */
  unsubscribe(tags: string | readonly string[], options?: CallOptions): Promise<void>;

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
  setAlias(alias: string, options?: AliasOptions): Promise<void>;

  /**
   * Takes an alias away from this registration. It is not an error if the registration does not hold it.
   *
   * @throws PushError `alias_invalid`, `not_registered`, `client_closed`, or why the link closed
   */
  removeAlias(alias: string, options?: CallOptions): Promise<void>;

  /**
   * Reports the attributes that broadcasts can filter by, and replaces all earlier ones. Resolves when the mesh has stored
   * them. Without a network, it waits for one.
   *
   * @throws PushError `attributes_invalid`, `not_registered`, `client_closed`, or why the link closed
   * @example await push.setAttributes({ platform: "web", locale: navigator.language, custom: { plan: "pro" } });
   */
  setAttributes(attributes: Attributes, options?: CallOptions): Promise<void>;

  /**
   * Sends something to the app's server, which gets it by a webhook (docs/webhooks.md): at most once, also if the link breaks meanwhile. Resolves when
   * the mesh has stored it. Without a network, it waits for one; what waits ends with this client, so store what must survive that, and send it again
   * with the same `key`.
   *
   * @param data An object, text or bytes: at most 4,096 bytes.
   * @throws PushError `webhook_missing` if the app's server takes none, `command_invalid` if it is too large, `grant_expired`, `not_registered`,
   *   `client_closed`, or why the link closed
   * @example await push.sendUpstream({ seen: message.id }, { key: `seen ${message.id}` });
   */
  sendUpstream(data: UpstreamData, options?: UpstreamOptions): Promise<void>;

  /**
   * Pauses the app: handlers get no message after the call, and the mesh sends none once it resolves. Messages wait in the mesh, and their ttl runs on.
   * The pause is stored on the device and survives restarts; without a network, the mesh learns of it over the next link.
   *
   * @throws PushError `not_registered`, `storage_failed`, `client_closed`, or why the link closed
   */
  pause(options?: CallOptions): Promise<void>;

  /** Ends the pause: messages that came meanwhile arrive now, in order. */
  resume(options?: CallOptions): Promise<void>;

  /**
   * Accepts messages only at these times, in the time zone of the device, which the mesh learns now and whenever it changes. At other times messages
   * wait, except those with `ignoreQuietHours`. Stored as by `pause`. With an empty list messages come at any time, and the mesh still learns the time
   * zone, in which senders schedule.
   *
   * @param accept At most 16 times.
   * @throws PushError `option_invalid`, `delivery_invalid`, and as `pause`
   * @example await push.setAcceptTimes([{ from: "08:00", to: "22:00" }, { days: ["fri", "sat"], from: "22:00", to: "01:00" }]);
   */
  setAcceptTimes(accept: readonly AcceptHours[], options?: CallOptions): Promise<void>;

  /**
   * Lets the app's server see when the device was last connected (`lastSeenAt` of its registration), or no longer. Without this it does not see it.
   *
   * @throws PushError as `pause`
   */
  setPresence(allowed: boolean, options?: CallOptions): Promise<void>;

  /**
   * Tells whether the user lets the app show notifications. If not any more, the app's webhooks get `push_disabled`, and its registration has
   * `pushEnabled: false`; messages come as before. `reportNotifications` of `pushmesh/sw` calls it in browsers.
   *
   * @throws PushError as `pause`
   */
  setNotificationsAllowed(allowed: boolean, options?: CallOptions): Promise<void>;

  /** The settings last given to `pause`, `resume`, `setAcceptTimes`, `setPresence` and `setNotificationsAllowed`. */
  deliveryState(options?: CallOptions): Promise<DeliveryState>;

  /**
   * Asks the mesh for the tags and aliases of this registration, whether this app or its server set them.
   *
   * @throws PushError `not_registered`, `client_closed`, or why the link closed
   */
  describe(options?: CallOptions): Promise<Description>;

  /**
   * Reports that the user has seen, clicked or dismissed a message, if its sender asks for that (`message.report`); otherwise it does nothing.
   * Resolves when the report is stored on the device; without a link, the mesh gets it over the next one. `reportNotifications` of `pushmesh/sw` calls it for notifications.
   *
   * @throws PushError `option_invalid`, `client_closed`
   * @example push.onMessage(async (message) => { show(message); await push.reportMessage(message, "shown"); });
   */
  reportMessage(
    message: Pick<PushMessage, "id" | "report">,
    event: MessageReport,
    options?: ReportOptions,
  ): Promise<void>;

  /**
   * Adds a message handler. Without one, messages wait in the mesh. Several handlers each get every message that comes while they are there: a
   * message is acknowledged, and its sender told `delivered`, once all of them have ended well.
   *
   * Messages of one priority are handled one after another, in the order in which the mesh accepted them. Messages of
   * different priorities are handled concurrently. Broadcasts (`message.tag`) have a queue of their own, in order within a tag. Each
   * message ID arrives once, even across restarts if the storage survives them. It arrives again only after a crash
   * during or right after the handler, or if another client of the same storage (another process,
   * or `share: false` in a second tab) takes over the link meanwhile.
   *
   * If a handler throws or rejects, its message stays unacknowledged. The SDK waits for the other handlers, reports `handler_failed` and calls
   * those that failed again, not the others, after 1 s, doubling to 60 s, until they succeed or the message expires or is recalled. Meanwhile the later
   * messages of its priority, or the later broadcasts, wait. So catch errors that a retry cannot fix.
   *
   * @returns a function that removes the handler; after the last one, messages wait in the mesh
   */
  onMessage(handler: MessageHandler<T>): () => void;

  /**
   * Waits for the next message, or the next one that `filter` accepts. It is a handler until then, and all that reaches it counts as handled by it, also what
   * `filter` does not accept; the message that it waits for is acknowledged when the promise resolves. To acknowledge after your own work, use
   * `messages` or `onMessage`.
   *
   * @throws the signal's reason; what `filter` throws; PushError `client_closed`, or why the link closed for good
   * @example const answer = await push.once({ filter: ({ tag }) => tag === "votes", signal: AbortSignal.timeout(10_000) });
   */
  once(options?: OnceOptions<T>): Promise<PushMessage<T>>;

  /**
   * Messages for a `for await` loop, one at a time: a handler from the first turn of the loop until its end. A message is handled, and so acknowledged, when the loop asks
   * for the next one. One whose turn ends by `break`, `return` or an exception is not: it comes again to the next handler, or the next start. While
   * the loop is busy, messages wait in the mesh.
   *
   * The loop ends when the client is closed.
   *
   * @throws in the loop: the signal's reason; why the link closed for good
   * @example
   * for await (const message of push.messages({ signal })) await store(message);
   */
  messages(options?: CallOptions): AsyncGenerator<PushMessage<T>, void, undefined>;

  /**
   * Measures the link: the time in milliseconds until the device's object in the mesh has echoed a frame.
   *
   * @throws PushError `link_lost` if there is no link, or it ends; `timeout` after 10 s
   */
  ping(options?: CallOptions): Promise<number>;

  /**
   * Call this after a change of network, or when the device woke up. It ends the wait for the next attempt, and probes an open
   * link, which ends within 10 s if it is dead. In browsers, the `online` event does this by itself.
   */
  reconnectNow(): void;

  /**
   * Stops receiving messages, waits for running handlers, acknowledges what they handled, and leaves the push service. The
   * registration stays: messages wait in the mesh for the next start.
   *
   * A handler may await it. If called before the handler's first await, it resolves at once; later, it resolves after 5 s, as for
   * any handler that keeps running. What a handler finishes within 10 s is acknowledged. What it finishes later arrives again at the
   * next start. The same holds for the body of a loop over `messages`: leave it first.
   */
  close(): Promise<void>;

  /** The same as `close`. @example await using push = await connect({ url, appId }); */
  [Symbol.asyncDispose](): Promise<void>;
}
