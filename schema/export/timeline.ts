/** Lines of an export about messages that were sent with `trace` or `receipts`. */
import * as z from "zod";
import { countOfThings as count, timeMs } from "./fields.ts";

/** See `TimelineRecord` in core/device/store.ts. Since version 4. */
export const timelineLine = z.strictObject({
  kind: z.literal("timeline"),
  device: z.string(),
  seq: count,
  source: z.string(),
  slot: z.int().min(1),
  key: z.string(),
  endedAt: timeMs.nullable(),
  events: z.string(),
  options: z.string().nullable(),
});

/** See `ReceiptRecord` in core/device/store.ts. Since version 4. */
export const receiptLine = z.strictObject({
  kind: z.literal("receipt"),
  device: z.string(),
  n: count,
  app: z.string(),
  events: z.string(),
});
