/** A waiting message of an export: see core/device/store.ts. */
import * as z from "zod";
import { bytes, countOfThings as count, timeMs } from "./fields.ts";
import { mailHold, messageOptions, notification } from "./message-options.ts";

export const mailLine = z.strictObject({
  kind: z.literal("mail"),
  device: z.string(),
  seq: count,
  slot: z.int().min(1),
  lane: z.literal([1, 2, 3]),
  key: z.string(),
  expiresAt: timeMs,
  collapseKey: z.string().nullable(),
  contentType: z.literal([1, 2, 3]),
  data: bytes,
  /** The shared alias it was sent to, if sent with `firstAckWins`. Since version 2. */
  firstAckAlias: z.string().nullable().default(null),
  /** See core/device/store.ts. Since version 3. */
  fingerprint: count.nullable().default(null),
  /** Since version 4, as is the notification. */
  options: messageOptions.nullable().default(null),
  notification: notification.exactOptional(),
  hold: mailHold.nullable().default(null),
});
