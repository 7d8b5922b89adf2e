/**
 * The server SDK: sends messages and broadcasts, reads their status, manages tags and aliases, and creates apps and keys.
 *
 * @module pushmesh/server
 */
export type {
  AliasAnswerBody,
  AliasResult,
  AliasSendAnswerBody,
  AppAnswerBody,
  AuditAnswerBody,
  AuditEntryBody,
  BanLiftAnswerBody,
  BatchResult,
  BroadcastAnswerBody,
  BroadcastStatusBody,
  ConditionBody,
  CredentialAnswerBody,
  CredentialBody,
  KeyAnswerBody,
  MessageStatus,
  MessagesAnswerBody,
  MessagesQuery,
  NewCredentialBody,
  ProblemBody,
  RecallAnswerBody,
  RegistrationAnswerBody,
  RegistrationResult,
  RegistrationsAnswerBody,
  RemovalAnswerBody,
  RevocationAnswerBody,
  SendAnswerBody,
  SendBodyInput,
  StatusAnswerBody,
  TagAnswerBody,
  TagBody,
  TagsAnswerBody,
  TargetResult,
  WebhookBody,
  WebhookChange,
  WebhookEventBody,
  WebhookEventName,
  WebhookSettings,
  WebhookStateBody,
  WebhookTestBody,
  WebhookWithSecretBody,
} from "../../schema/http.ts";
export { PushError } from "../errors.ts";
export type { Log, LogEntry } from "../log.ts";
export { type AuditLogQuery, MeshAdmin, type MeshAdminOptions } from "./admin.ts";
export type { Aliases } from "./aliases.ts";
export type { MessageData } from "./body.ts";
export type { CallOptions, RateLimit, ServerHost } from "./call.ts";
export type {
  Encryption,
  EncryptionKey,
  EncryptionOptions,
  PinnedKey,
  PinStore,
} from "./encryption.ts";
export type { Environment } from "./env.ts";
export {
  type LocalErrorCode,
  PushServerError,
  type PushServerErrorCode,
  RefusedError,
  UndecidedError,
  UnreachableError,
} from "./errors.ts";
export type { GrantedName, GrantOptions, RevokeOptions } from "./grant.ts";
export type { ServerLinkState } from "./link/connections.ts";
export { ServerLink, type ServerLinkOptions } from "./link/server-link.ts";
export type { ServerSocket, SocketEvents, SocketInit } from "./link/socket.ts";
export { PushServer } from "./push-server.ts";
export type { Registrations } from "./registrations.ts";
export type { BatchesResult, ManyAnswer, TargetsResult } from "./sending/many.ts";
export type {
  AliasMessage,
  BatchedMessage,
  BroadcastMessage,
  BroadcastOptions,
  ManyMessage,
  RecallOptions,
  SendOptions,
  SingleMessage,
} from "./sending/message.ts";
export type { PushServerOptions } from "./signed-calls.ts";
export {
  createSigningKey,
  type SendingKey,
  type SigningJwk,
} from "./signer.ts";
export type { TagQuery, Tags } from "./tags.ts";
export {
  type VerifiedWebhook,
  type VerifyWebhookOptions,
  verifyWebhook,
  type WebhookRequest,
} from "./webhooks/verify.ts";
export type { DeadLetter, ReplayOptions, RotateOptions, Webhooks } from "./webhooks/webhooks.ts";
