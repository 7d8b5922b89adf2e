/** What an export holds of a registration, in its line: see `export.ts`. */
import * as z from "zod";

/** The attributes that its app reported. */
export const exportedAttributes = z.strictObject({
  platform: z.string().nullable(),
  appVersion: z.string().nullable(),
  locale: z.string().nullable(),
  custom: z.record(z.string(), z.string()),
});

/** The key to which app servers encrypt: see core/device/store.ts. */
export const exportedKey = z.strictObject({
  publicKey: z.string(),
  auth: z.string(),
  publishedAt: z.int().min(0),
});
