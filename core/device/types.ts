/** What the edge asks of a device, and what a device answers. Plain data: it crosses RPC. */
import type { ErrorCode } from "../../schema/errors.ts";
import type { MessageStatus } from "../../schema/http.ts";
import type { Attributes } from "../condition/types.ts";

/** Priority on the link: 1 high, 2 normal, 3 low. */
export type Lane = 1 | 2 | 3;

/** ContentType on the link: 1 JSON, 2 text, 3 binary. */
export type ContentTypeCode = 1 | 2 | 3;

/** One message to one registration, authenticated and validated by the edge. */
export interface SendRequest {
  /** Base64url of the app's 8 bytes, as a regId carries them. */
  readonly app: string;
  /** What the regId says: see `RegIdParts.generation`. */
  readonly generation: number;
  /** 9 bytes that make a retried request the same message. */
  readonly key: Uint8Array;
  /**
   * 32 bits of a hash of the request's body: another body under the same key is refused. Absent where the key is of one
   * signature, whose copies are alike.
   */
  readonly fingerprint?: number;
  readonly lane: Lane;
  readonly contentType: ContentTypeCode;
  readonly data: Uint8Array;
  /** 0: now or never. */
  readonly ttlSeconds: number;
  readonly collapseKey: string | null;
  readonly onOverflow: "drop_oldest" | "reject";
  /** How long to wait for the device's acknowledgement; 0 answers as soon as it is durable. */
  readonly waitMs: number;
  /** The alias it was sent to; the device refuses with `alias_stale` where the registration does not hold it. */
  readonly alias?: AliasSend;
}

/** What a send by alias adds. */
export interface AliasSend {
  readonly alias: string;
  /** Once one holder has acknowledged, the others are told to withdraw the message of this same `key`. */
  readonly firstAckWins: boolean;
  /** How the edge knows the alias: a holder that knows it otherwise refuses. Absent from an edge of an older version. */
  readonly shared?: boolean;
  /** Present where the alias knows who took it first: this registration, of which it has the number, or others, where it is null. */
  readonly taken?: { readonly seq: number | null };
}

/** A device's refusal; the edge turns it into an answer by the error table. */
export interface Refused {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly retryAfterMs?: number;
}

/** What became of a send. */
export type SendAnswer =
  | { readonly ok: true; readonly status: MessageStatus; readonly seq: number }
  | Refused;

/** Asks after a message by the parts of its ID. */
export interface StatusRequest {
  readonly app: string;
  readonly generation: number;
  readonly seq: number;
  readonly key: Uint8Array;
}

export type StatusAnswer = { readonly ok: true; readonly status: MessageStatus } | Refused;

/** Binds a public key to a device, or finds that it is bound. The edge has verified possession. */
export interface OpenAccountRequest {
  /** Raw Ed25519 public key, 32 bytes in base64url. */
  readonly publicKey: string;
  /** The old public key, where the edge verified a handover signed by it. */
  readonly handoverFrom: string | null;
}

export type OpenAccountAnswer =
  | { readonly ok: true; readonly generation: number; readonly created: boolean }
  | Refused;

// ---------------------------------------------------------------- from the app server, about one registration

/** Names a registration as a regId does. */
export interface RegistrationName {
  readonly app: string;
  readonly generation: number;
}

export interface TagsRequest extends RegistrationName {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export interface AliasRequest extends RegistrationName {
  readonly alias: string;
  readonly held: boolean;
  readonly shared: boolean;
}

/** Of a command that is carried out, durably, or refused. */
export type CommandAnswer = { readonly ok: true } | Refused;

export type DescribeAnswer =
  | {
      readonly ok: true;
      readonly tags: readonly string[];
      readonly aliases: readonly string[];
      readonly attributes: Attributes | null;
      readonly connected: boolean;
    }
  | Refused;

/** From an alias object: the registration may hold the alias no more, or otherwise, and is to ask. */
export interface AliasSuspension extends RegistrationName {
  readonly alias: string;
}

/** From an alias object: another holder has acknowledged the message of this key. */
export interface WithdrawRequest extends RegistrationName {
  readonly key: Uint8Array;
}
