/** What a handler asks its host to do, in order, once the handler's writes are durable. */
import type { ErrorCode } from "../../schema/errors.ts";
import type {
  AliasConfirmation,
  AliasSetAnswer,
  AliasSetRequest,
  AliasUnsetRequest,
  FirstAckRequest,
  LateCommand,
} from "../alias/types.ts";
import type { CommandAnswer } from "../message/refusal.ts";
import type { SendAnswer } from "../message/send.ts";
import type {
  AttachAnswer,
  AttachRequest,
  DeliverAnswer,
  JoinAnswer,
  JoinRequest,
  LeaveRequest,
} from "../tag/types.ts";

/** What a device asks of a node of a tag (`TagRpc`). */
export type TagCall =
  | { readonly method: "join"; readonly request: JoinRequest }
  | { readonly method: "leave"; readonly request: LeaveRequest }
  | { readonly method: "attach"; readonly request: AttachRequest };

/** What a device asks of an alias (`AliasRpc`). */
export type AliasCall =
  | { readonly method: "set"; readonly request: AliasSetRequest }
  | { readonly method: "unset"; readonly request: AliasUnsetRequest }
  | { readonly method: "confirm"; readonly request: AliasUnsetRequest }
  | { readonly method: "firstAck"; readonly request: FirstAckRequest };

/** What came of a call: its answer, or that it failed (the host has told why, if that is worth telling). */
export type CallResult =
  | {
      readonly ok: true;
      readonly answer:
        | JoinAnswer
        | AttachAnswer
        | AliasSetAnswer
        | AliasConfirmation
        | LateCommand
        | boolean
        | undefined;
    }
  | { readonly ok: false };

/** What the sender, node or app server that waits under a token is answered. */
export type WaitAnswer = SendAnswer | CommandAnswer | DeliverAnswer;

export type Effect =
  /** Send one binary WebSocket message. */
  | { readonly kind: "frame"; readonly bytes: Uint8Array }
  /** Close the link with the code of this error; the reason is `<name>: <detail>`. */
  | { readonly kind: "close"; readonly code: ErrorCode; readonly detail: string }
  /** Answer the send that waits under this token. */
  | { readonly kind: "settle"; readonly token: number; readonly answer: WaitAnswer }
  /** The wait of this token goes on for `ms` more: call `Device.waitTimeout` again then. */
  | { readonly kind: "wait"; readonly token: number; readonly ms: number }
  /** Call a node of a tag, and tell the device what came of it by `Device.called` with this token. */
  | {
      readonly kind: "tag";
      readonly token: number;
      /** Of the node's object. */
      readonly name: string;
      readonly call: TagCall;
    }
  /** Call an alias, likewise. */
  | {
      readonly kind: "alias";
      readonly token: number;
      /** Of the alias's object. */
      readonly name: string;
      readonly call: AliasCall;
    };

/** Handlers push onto it; the host drains it. */
export type Effects = Effect[];

/** One turn of an object: when it is, and what its host is to do about it. Every handler passes it on. */
export interface Context {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly effects: Effects;
}
