/** A sender recalls a message to one registration, and the answer. Plain data: it crosses RPC. */
import type { MessageStatus, RECALL_DISPLAYS } from "../../schema/http/enums.ts";
import type { Refused } from "./refusal.ts";
import type { RegistrationName } from "./registration-name.ts";

/** Names a message by the parts of its ID. */
export interface RecallRequest extends RegistrationName {
  readonly seq: number;
  readonly key: Uint8Array;
  /** How long to wait for the device's answer, milliseconds. */
  readonly waitMs: number;
}

export type RecallAnswer =
  | {
      readonly ok: true;
      readonly status: MessageStatus;
      /**
       * Of a message that the app may have: `removed` if the app was told to take it off the display, `unknown` if the device does not know it
       * any more, `pending` if the device has not answered: it is told again on its next link.
       */
      readonly display?: RecallDisplay;
      /** When the app had the message, milliseconds since 1970. Absent if it is not known. */
      readonly deliveredAt?: number;
    }
  | Refused;

export type RecallDisplay = (typeof RECALL_DISPLAYS)[number];
