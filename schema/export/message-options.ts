/** What an exported message carries besides its data: see core/message/options.ts. */
import * as z from "zod";

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
  trace: z.literal(true).exactOptional(),
  receipts: z.literal(true).exactOptional(),
});
