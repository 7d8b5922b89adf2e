/** Requests of the edge to a device, and their answers. Plain data: it crosses RPC. */
import type { MessageStatus } from "../../schema/http.ts";
import type { KnownAttributes } from "../condition/types.ts";
import type { Refused } from "../message/refusal.ts";
import type { RegistrationName } from "../message/registration-name.ts";
import type { TimelineEvent } from "./events/timelines.ts";
import type { EncryptionKey } from "./store.ts";

/** Asks for the status of a message, by the parts of its ID. */
export interface StatusRequest {
  readonly app: string;
  readonly generation: number;
  readonly seq: number;
  readonly key: Uint8Array;
}

export type StatusAnswer =
  | {
      readonly ok: true;
      readonly status: MessageStatus;
      /** Absent without a timeline. */
      readonly events?: readonly TimelineEvent[];
      /** As in `SendAnswer`. */
      readonly heldUntil?: number;
    }
  | Refused;

/** Opens the account of a public key. The edge has verified possession of the private key. */
export interface OpenAccountRequest {
  /** Raw Ed25519 public key, 32 bytes in base64url. */
  readonly publicKey: string;
  /** The old public key, if the edge verified a handover signed by it; null otherwise. */
  readonly handoverFrom: string | null;
}

/** "standing": the key has this account already. "created": the device's first. "replaced": a handover displaced another key. */
export type AccountOutcome = "standing" | "created" | "replaced";

export type OpenAccountAnswer =
  | { readonly ok: true; readonly generation: number; readonly outcome: AccountOutcome }
  | Refused;

// ---------------------------------------------------------------- requests of the app server about one registration

export interface TagsRequest extends RegistrationName {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export interface AliasRequest extends RegistrationName {
  readonly alias: string;
  readonly held: boolean;
  readonly shared: boolean;
}

/** Ends a registration. */
export interface RemoveRequest extends RegistrationName {
  /**
   * Until when the app may not register on this device, milliseconds since 1970; then the app's registration ends, whichever it is. Null for no
   * ban: then only the registration of this generation ends.
   */
  readonly bannedUntil: number | null;
}

export type RemoveAnswer =
  | {
      readonly ok: true;
      /** Whether a registration ended; false if it had ended before. */
      readonly removed: boolean;
      /** Milliseconds since 1970; null for no ban. */
      readonly bannedUntil: number | null;
    }
  | Refused;

export type DescribeAnswer =
  | {
      readonly ok: true;
      readonly tags: readonly string[];
      readonly aliases: readonly string[];
      readonly attributes: KnownAttributes | null;
      /** Absent from objects of an older version. */
      readonly encryptionKey?: EncryptionKey | null;
      readonly connected: boolean;
      /** When the device last opened or lost a link; null if the device does not allow it. Absent from older objects. */
      readonly lastSeenAt?: number | null;
      /** Whether the user lets the app show notifications, as far as the device has said. Absent from older objects. */
      readonly pushEnabled?: boolean;
    }
  | Refused;
