/** What a handler asks its host to do, in order, once the handler's writes are durable. */
import type { ErrorCode } from "../../schema/errors.ts";
import type { SendAnswer } from "../device/types.ts";

export type Effect =
  /** Send one binary WebSocket message. */
  | { readonly kind: "frame"; readonly bytes: Uint8Array }
  /** Close the link with the code of this error; the reason is `<name>: <detail>`. */
  | { readonly kind: "close"; readonly code: ErrorCode; readonly detail: string }
  /** Answer the send that waits under this token. */
  | { readonly kind: "settle"; readonly token: number; readonly answer: SendAnswer };

/** Handlers push onto it; the host drains it. */
export type Effects = Effect[];
