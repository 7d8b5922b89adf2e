/**
 * The device SDK of pushmesh: receives push messages over one WebSocket. Runs in browsers, Node ≥ 22, Deno and Bun.
 *
 * @example
 * import { connect } from "pushmesh/device";
 *
 * const push = await connect({ url: "https://push.example.com", appId: "…" });
 * push.onMessage((message) => console.log(message.id, message.data));
 * console.log("send to", await push.register());
 *
 * Outside browsers, import `pushmesh/device/node` instead, which stores the device's state in files. With this entry the state is
 * only in memory there, and each start is a new device.
 *
 * @module pushmesh/device
 */
export type { Log, LogEntry } from "../log.ts";
export type { SchemaIssue, StandardSchema } from "../standard-schema.ts";
export type { RecalledMessage } from "./client/client-events.ts";
export type { AcceptHours, DeliveryState, Weekday } from "./client/delivery/desired-delivery.ts";
export type { Encryption, EncryptionContext } from "./client/encryption.ts";
export type { GrantCallback, GrantRequest } from "./client/grants.ts";
export type {
  Content,
  Incoming,
  NotificationButton,
  PushData,
  PushMessage,
  PushNotification,
} from "./client/message.ts";
export type { MessageHandler } from "./client/message-handler.ts";
export type {
  AliasOptions,
  Attributes,
  CallOptions,
  ClientOptions,
  OnceOptions,
  RegisterOptions,
  StateChange,
  UpstreamData,
  UpstreamOptions,
} from "./client/options.ts";
export type { MessageReport, ReportOptions } from "./client/reporting/message-reports.ts";
export {
  type ConnectOptions,
  connect,
  openClient,
  type StartOptions,
  startService,
} from "./connect.ts";
export {
  type LocalErrorCode,
  PushError,
  type PushErrorCode,
  type PushErrorData,
} from "./errors.ts";
export {
  defaultHost,
  type Host,
  type Socket,
  type SocketEvents,
  socketOpener,
  type WebSocketConstructor,
} from "./host.ts";
export type {
  Answer,
  ClientPort,
  Command,
  Description,
  GrantReason,
  LinkStateName,
  Port,
  ServicePort,
  ToClient,
  ToService,
} from "./port.ts";
export type { PushClient } from "./push-client.ts";
export type { PushService } from "./service/service.ts";
export type { PushWorker } from "./shared/summon.ts";
export { indexedDbStorage } from "./storage/indexed-db.ts";
export {
  type GuardedStorage,
  memoryStorage,
  type SharedStorage,
  type Storage,
  type Stored,
  type Term,
} from "./storage/storage.ts";
