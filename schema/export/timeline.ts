/** Lines of an export about messages that were sent with `trace`. */
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
});
