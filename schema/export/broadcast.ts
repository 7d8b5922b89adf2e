/** An entry in the log of a node, or one that waits for its time: see core/tag/calls/broadcast.ts. */
import * as z from "zod";
import { condition, filter } from "./condition.ts";
import { bytes, countOfThings as count, timeMs } from "./fields.ts";
import { messageOptions, notification } from "./message-options.ts";

export const broadcastLine = z.strictObject({
  kind: z.literal("broadcast"),
  node: z.string(),
  position: z.int().min(1),
  seq: count,
  key: bytes,
  cover: z.array(z.string()),
  condition: condition.nullable(),
  filter: filter.nullable(),
  lane: z.literal([1, 2, 3]),
  contentType: z.literal([1, 2, 3]),
  data: bytes,
  expiresAt: timeMs,
  collapseKey: z.string().nullable(),
  pace: z.number().nullable(),
  signature: bytes.nullable(),
  /** Fingerprint of the request's body. Since version 3. */
  fingerprint: count.exactOptional(),
  /** These three since version 3. */
  trustVersion: count.exactOptional(),
  takenAt: timeMs.exactOptional(),
  ends: z.boolean().exactOptional(),
  /** These since version 4, as are `notification` and `options`. */
  recalls: count.exactOptional(),
  recalledAt: timeMs.exactOptional(),
  sendAt: timeMs.exactOptional(),
  notification: notification.exactOptional(),
  options: messageOptions.exactOptional(),
  /** Null until it is served. */
  state: z
    .strictObject({ attached: z.string(), failed: z.array(count), outcome: z.string() })
    .nullable(),
});
