/** What an export holds of a registration, in its line: see `export.ts`. */
import * as z from "zod";
import { countOfThings } from "./fields.ts";

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

const grantedNames = z
  .array(z.union([z.string(), z.strictObject({ prefix: z.string() })]))
  .readonly();

/** What its app has decided: see core/device/trust/standing.ts. */
export const exportedStanding = z.strictObject({
  version: countOfThings,
  grant: z
    .strictObject({
      jti: z.string(),
      kid: z.string(),
      exp: countOfThings,
      aliases: grantedNames,
      tags: grantedNames,
      attributes: z.record(z.string(), z.string()),
    })
    .nullable(),
  lapsed: z.literal(["grant_required", "grant_expired", "grant_invalid"]).nullable(),
});

/** How its device wants messages: see schema/delivery.ts. */
export const exportedDelivery = z.strictObject({
  paused: z.boolean(),
  accept: z
    .array(
      z.strictObject({ days: countOfThings, startMinute: countOfThings, endMinute: countOfThings }),
    )
    .readonly(),
  timeZone: z.string().nullable(),
  presence: z.boolean(),
  silenced: z.literal(true).exactOptional(),
});
