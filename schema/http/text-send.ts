/** `POST /v1/messages` with a send token and text as the body, as `curl -d hi` sends it: the query says what the JSON body would. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { PRIORITY_NAMES } from "./enums.ts";
import { aliasText, boundedText, regIdText, tagText } from "./fields.ts";
import type { SendBodyInput } from "./messages.ts";

const seconds = z
  .string()
  .regex(/^\d{1,10}$/, "must be a number of seconds")
  .transform(Number)
  .pipe(z.int().max(LIMITS.TTL_MAX_SECONDS));

const TARGETS = ["to", "alias", "tag", "everyone"] as const;

export const textSendQuery = z
  .strictObject({
    /** A regId. */
    to: regIdText.optional(),
    alias: aliasText.optional(),
    tag: tagText.optional(),
    everyone: z.literal("true").optional(),
    /** As in the JSON body, and as there for the rest. */
    ttl: seconds.optional(),
    priority: z.enum(PRIORITY_NAMES).optional(),
    collapseKey: boundedText(LIMITS.COLLAPSE_KEY_BYTES).optional(),
  })
  .refine((query) => TARGETS.filter((name) => query[name] !== undefined).length === 1, {
    message: "give exactly one of to (a regId), alias, tag and everyone=true in the query",
    path: ["to"],
  });

/** The JSON body that says the same. */
export function jsonOfText(
  { to, alias, tag, ...options }: z.output<typeof textSendQuery>,
  data: string,
): SendBodyInput {
  const { everyone: _, ...rest } = options;
  const target =
    to ??
    (alias !== undefined ? { alias } : tag !== undefined ? { tag } : { everyone: true as const });
  return { to: target, data, ...rest };
}
