/** What an exported message carries besides its data: see core/message/options.ts. */
import * as z from "zod";
import { countOfThings, timeMs } from "./fields.ts";

const text = z.string().exactOptional();

export const notification = z.strictObject({
  title: text,
  body: text,
  icon: text,
  image: text,
  url: text,
  badge: z.int().exactOptional(),
  actions: z
    .array(z.strictObject({ action: z.string(), title: z.string(), icon: text, url: text }))
    .readonly()
    .exactOptional(),
});

export const messageOptions = z.strictObject({
  label: text,
  ignoreQuietHours: z.literal(true).exactOptional(),
  trace: z.literal(true).exactOptional(),
  receipts: z.literal(true).exactOptional(),
});

/** Until when it is held, and the number in its ID once it was: see core/device/store.ts. */
export const mailHold = z.strictObject({
  until: timeMs.exactOptional(),
  local: text,
  at: timeMs.exactOptional(),
  idSeq: countOfThings.exactOptional(),
});
