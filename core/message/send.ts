/** A message to one registration, and the answer to its sender. Plain data: it crosses RPC. */
import type { Notification } from "../../schema/generated/link.ts";
import type { MessageStatus } from "../../schema/http.ts";
import type { TrustFields } from "../trust/app-trust.ts";
import type { KeptOptions } from "./options.ts";
import type { Priority } from "./priority.ts";
import type { Refused } from "./refusal.ts";

/** ContentType on the link: 1 JSON, 2 text, 3 binary. */
export type ContentTypeCode = 1 | 2 | 3;

/** One message to one registration, authenticated and validated by the edge. */
export interface SendRequest extends TrustFields {
  /** The app's 8 bytes of the regId, base64url. */
  readonly app: string;
  /** As in the regId: see `RegIdParts.generation`. */
  readonly generation: number;
  /** 9 bytes; a request with the same key is the same message. */
  readonly key: Uint8Array;
  /**
   * 32 bits of a hash of the request's body: a different body with the same key is refused. Absent if the key was derived from the
   * signature, which covers the body.
   */
  readonly fingerprint?: number;
  readonly lane: Priority;
  readonly contentType: ContentTypeCode;
  readonly data: Uint8Array;
  /** Absent for none. */
  readonly notification?: Notification;
  /** Absent for none. */
  readonly options?: KeptOptions;
  /** 0 means now or never: delivered at once or expired. */
  readonly ttlSeconds: number;
  /** It ends as `expired` unless its app is listening now. If it is, the message is one like others. */
  readonly onlineOnly?: true;
  readonly collapseKey: string | null;
  readonly onOverflow: "drop_oldest" | "reject";
  /** When it may be sent. Absent for now. */
  readonly hold?: SendHold;
  /** How long to wait for the device's acknowledgement, milliseconds; 0 answers as soon as the message is durable. */
  readonly waitMs: number;
  /** The alias it was sent to; refused with `alias_stale` if the registration does not hold it. */
  readonly alias?: AliasSend;
}

/** The later one of these times; one in the past holds nothing. The ttl counts from then. */
export interface SendHold {
  /** Milliseconds since 1970. */
  readonly at?: number;
  /** In the zone of the device, as `readLocal` takes it; if the device has told none, in UTC. */
  readonly local?: string;
}

/** The additional fields of a send to an alias. */
export interface AliasSend {
  readonly alias: string;
  /** Once one holder has acknowledged the message, the others are told to withdraw their copy, which has the same `key`. */
  readonly firstAckWins: boolean;
  /** Whether the edge knows the alias as shared; a holder that knows otherwise refuses. Absent from edges of an older version. */
  readonly shared?: boolean;
  /** Present if the alias knows the first acknowledgement: `seq` of this registration's copy, or null if another holder sent it. */
  readonly taken?: { readonly seq: number | null };
}

/** The answer to a send. */
export type SendAnswer =
  | {
      readonly ok: true;
      readonly status: MessageStatus;
      readonly seq: number;
      /** Of a held message: when it will be sent, milliseconds since 1970. */
      readonly heldUntil?: number;
    }
  | Refused;
