/**
 * The messages between the engine of an app and a client that is attached to it: a tab of a page, or a process. Plain structured-cloneable
 * data. Tabs of one origin may run different versions of the SDK: kinds and fields are only added, and an unknown kind is ignored.
 */
import type { EncryptionContext } from "../client/encryption.ts";
import type { GrantRequest } from "../client/grants.ts";
import type { Incoming, PushMessage } from "../client/message.ts";
import type { PushErrorData } from "../errors.ts";
import type { LinkStateName, Port } from "../port.ts";

/** The methods of `PushClient` that a client calls at the engine. */
export const CALLS = [
  "register",
  "unregister",
  "signOut",
  "subscribe",
  "unsubscribe",
  "setAlias",
  "removeAlias",
  "setAttributes",
  "sendUpstream",
  "describe",
  "ping",
  "reportMessage",
  "pause",
  "resume",
  "setAcceptTimes",
  "setPresence",
  "setNotificationsAllowed",
  "deliveryState",
] as const;

/** `command` is `EncryptionContext.command`. */
export type CallName = (typeof CALLS)[number] | "command";

export interface Call {
  readonly name: CallName;
  /** Without the options, which come last. */
  readonly args: readonly unknown[];
  /** Without the signal, which is `cancel`. */
  readonly options: object;
}

/** What a client says of itself. The engine takes the options of the first client of an app. */
export interface Joining {
  readonly appId: string;
  /** It can fetch grants. */
  readonly grants: boolean;
  /** It can read encrypted messages. */
  readonly encrypts: boolean;
  /** See `ConnectOptions.sealed`. */
  readonly sealed: boolean | undefined;
  /** Origins of its mesh. An older version does not say, nor the identifiers. */
  readonly url?: readonly string[] | undefined;
  readonly identifiers?: readonly string[] | undefined;
}

/** State of the link, as plain data; see `StateChange`. */
export interface PlainChange {
  readonly state: LinkStateName;
  readonly error?: PushErrorData | undefined;
  readonly retryInMs?: number | undefined;
  readonly retryAt?: number | undefined;
}

/**
 * What a client did with a message: its handler ended (`handled`), or threw (`failed`), or it was not called (`skipped`), because there is
 * none.
 */
export type Outcome =
  | { readonly kind: "handled" | "skipped" }
  | { readonly kind: "failed"; readonly cause: unknown };

/** What the engine asks one client to do: its code has what the engine lacks. */
export type Question =
  | { readonly kind: "grant"; readonly request: GrantRequest }
  | { readonly kind: "read"; readonly message: Incoming }
  /** See `Encryption.registered`. */
  | { readonly kind: "registered"; readonly identity: string | undefined };

/** Messages to the engine. `join` comes first. */
export type ToEngine =
  | ({ readonly kind: "join"; readonly listens: boolean } & Joining)
  /** A call with its number, the same when it is repeated at another engine. */
  | ({ readonly kind: "call"; readonly call: number } & Omit<Call, "kind">)
  | { readonly kind: "cancel"; readonly call: number }
  /** Whether it has a handler for messages. */
  | { readonly kind: "listen"; readonly on: boolean }
  /** It is awake, and has what came with this number: the answer to `message`, `question` and `alive`. */
  | { readonly kind: "got"; readonly asked: number }
  | { readonly kind: "outcome"; readonly asked: number; readonly outcome: Outcome }
  | { readonly kind: "answer"; readonly asked: number; readonly value: unknown }
  | { readonly kind: "refusal"; readonly asked: number; readonly error: PushErrorData }
  | { readonly kind: "wake" }
  | { readonly kind: "leave" };

/** Messages to a client. */
export type FromEngine =
  /** The answer to `join`. */
  | { readonly kind: "joined"; readonly change: PlainChange; readonly regId: string | undefined }
  /** The engine cannot serve the app. */
  | { readonly kind: "refused"; readonly error: PushErrorData }
  /** The engine is at work on this call. */
  | { readonly kind: "got"; readonly call: number }
  | {
      readonly kind: "result";
      readonly call: number;
      readonly value?: unknown;
      readonly error?: PushErrorData | undefined;
      /** Undefined for none. */
      readonly regId: string | undefined;
    }
  | { readonly kind: "message"; readonly asked: number; readonly message: PushMessage }
  | { readonly kind: "question"; readonly asked: number; readonly question: Question }
  /** It is asked whether it is still awake, while it is at work on this. */
  | { readonly kind: "alive"; readonly asked: number }
  | { readonly kind: "state"; readonly change: PlainChange }
  | {
      readonly kind: "regId";
      readonly regId: string | undefined;
      readonly isNew: boolean | undefined;
    }
  | { readonly kind: "aliasLost"; readonly alias: string }
  | { readonly kind: "recalled"; readonly id: string }
  /** The answer to `leave`: everything before it has arrived. */
  | { readonly kind: "left" }
  | { readonly kind: "removed" | "error"; readonly error: PushErrorData };

/** The client's end. */
export type ToEnginePort = Port<ToEngine, FromEngine>;
/** The engine's end. */
export type FromEnginePort = Port<FromEngine, ToEngine>;

/** The only commands that a client's encryption sends. */
export type EncryptionCommand = Parameters<EncryptionContext["command"]>[0];
