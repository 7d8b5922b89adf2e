/**
 * The server SDK: send messages, ask what became of them, make apps and keys.
 *
 * @module
 */
export type {
  AppAnswerBody,
  KeyAnswerBody,
  MessageStatus,
  ProblemBody,
  SendAnswerBody,
  SendBodyInput,
  StatusAnswerBody,
} from "../../schema/http.ts";
export { MeshAdmin, type MeshAdminOptions } from "./admin.ts";
export type { ServerHost } from "./call.ts";
export { type LocalErrorCode, PushServerError, type PushServerErrorCode } from "./errors.ts";
export { PushServer, type PushServerOptions, type SendOptions } from "./push-server.ts";
export { createSigningKey, type SendingKey } from "./signer.ts";
