/** Effects: what the host does after a handler, in order, once the handler's writes are durable. */
import type { ErrorCode } from "../../schema/errors.ts";
import type {
  AliasConfirmation,
  AliasSetAnswer,
  AliasSetRequest,
  AliasUnsetRequest,
  FirstAckRequest,
  LateCommand,
} from "../alias/types.ts";
import type { AdmitAnswer, AdmitRequest } from "../app/admission.ts";
import type { RecallAnswer } from "../message/recall.ts";
import type { CommandAnswer } from "../message/refusal.ts";
import type { SendAnswer } from "../message/send.ts";
import type { DeliverAnswer } from "../tag/calls/fan-out.ts";
import type {
  AttachAnswer,
  AttachRequest,
  JoinAnswer,
  JoinRequest,
  LeaveRequest,
} from "../tag/calls/membership.ts";
import type { AcceptAnswer, AcceptRequest } from "../webhook/types.ts";

/** A call of a device to a node of a tag (`TagRpc`). */
export type TagCall =
  | { readonly method: "join"; readonly request: JoinRequest }
  | { readonly method: "leave"; readonly request: LeaveRequest }
  | { readonly method: "attach"; readonly request: AttachRequest };

/** A call of a device to an alias (`AliasRpc`). */
export type AliasCall =
  | { readonly method: "set"; readonly request: AliasSetRequest }
  | { readonly method: "unset"; readonly request: AliasUnsetRequest }
  | { readonly method: "confirm"; readonly request: AliasUnsetRequest }
  | { readonly method: "firstAck"; readonly request: FirstAckRequest };

/** A call of a device to an app (`AppRpc`). */
export interface AppCall {
  readonly method: "admit";
  readonly request: AdmitRequest;
}

/** A call of a device to an object of an app's webhooks (`WebhookRpc`). */
export interface WebhookCall {
  readonly method: "accept";
  readonly request: AcceptRequest;
}

/** The result of a call: its answer, or that it failed (the host has logged the error). */
export type CallResult =
  | {
      readonly ok: true;
      readonly answer:
        | JoinAnswer
        | AttachAnswer
        | AliasSetAnswer
        | AliasConfirmation
        | LateCommand
        | AdmitAnswer
        | AcceptAnswer
        | boolean
        | undefined;
    }
  /** `isUnmade`: the host did not even make the call. */
  | { readonly ok: false; readonly isUnmade?: true };

/** The answer to the sender, node or app server that waits with a token. */
export type WaitAnswer = SendAnswer | CommandAnswer | DeliverAnswer | RecallAnswer;

export type Effect =
  /** Send one binary WebSocket message. */
  | { readonly kind: "frame"; readonly bytes: Uint8Array }
  /** Close the link with the code of this error; the reason is `<name>: <detail>`. */
  | { readonly kind: "close"; readonly code: ErrorCode; readonly detail: string }
  /** Answer the caller that waits with this token. */
  | { readonly kind: "settle"; readonly token: number; readonly answer: WaitAnswer }
  /** Extend the wait of this token by `ms`, then call `Device.waitTimeout` again. */
  | { readonly kind: "wait"; readonly token: number; readonly ms: number }
  /** Call a node of a tag, and pass the result to `Device.onCallResult` with this token. */
  | {
      readonly kind: "tag";
      readonly token: number;
      /** Name of the node's object. */
      readonly name: string;
      readonly call: TagCall;
    }
  /** The same for an alias. */
  | {
      readonly kind: "alias";
      readonly token: number;
      /** Name of the alias's object. */
      readonly name: string;
      readonly call: AliasCall;
    }
  /** The same for an app. */
  | {
      readonly kind: "app";
      readonly token: number;
      /** Its appId. */
      readonly name: string;
      readonly call: AppCall;
    }
  /** The same for webhooks. */
  | {
      readonly kind: "webhook";
      readonly token: number;
      /** See `webhookNames`. */
      readonly name: string;
      readonly call: WebhookCall;
    };

/** Handlers append to it; the host carries it out. */
export type Effects = Effect[];

/** One event of an object: its time, and its effects. Handlers pass it on to all that they call. */
export interface Context {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly effects: Effects;
}
