/** A message to one registration, and what its sender is answered. Plain data: it crosses RPC. */
import type { MessageStatus } from "../../schema/http.ts";
import type { Priority } from "./priority.ts";
import type { Refused } from "./refusal.ts";

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
  readonly lane: Priority;
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

/** What became of a send. */
export type SendAnswer =
  | { readonly ok: true; readonly status: MessageStatus; readonly seq: number }
  | Refused;
