/** The policy of an app: who may register, hold an alias or join a tag. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { POLICY_RULES } from "./enums.ts";
import { type AnswerOf, lazily } from "./fields.ts";

const utf8 = new TextEncoder();

const rule = z.enum(POLICY_RULES);

/** Unlike a name, a prefix may be empty: then its rule is that of every name without a longer prefix. */
const prefixText = (max: number) =>
  z
    .string()
    .refine((text) => utf8.encode(text).length <= max, `must be at most ${max} bytes of UTF-8`)
    .refine((text) => text.isWellFormed(), "must be well-formed Unicode");

const prefixRules = (maxBytes: number) =>
  z
    .array(z.strictObject({ prefix: prefixText(maxBytes), rule }))
    .max(LIMITS.POLICY_PREFIXES)
    .superRefine((rules, context) => {
      const seen = new Set<string>();
      for (const [at, { prefix }] of rules.entries()) {
        if (seen.has(prefix)) {
          context.addIssue({
            code: "custom",
            message: "is the prefix of another rule too",
            path: [at, "prefix"],
          });
        }
        seen.add(prefix);
      }
    });

/** `PUT /v1/apps/{appId}/policy`. What is left out is `granted`. */
export const policyBody = z.strictObject({
  /** Who may register. */
  register: rule.default("granted"),
  /** Who may hold the aliases that start with a prefix. The longest prefix decides; without one, the rule is `granted`. */
  alias: prefixRules(LIMITS.ALIAS_BYTES).default([]),
  /** Who may join the tags that start with a prefix. */
  tag: prefixRules(LIMITS.TAG_BYTES).default([]),
  /** Whether messages to regIds and aliases that do not say it have `receipts`. Left out: they have none. */
  receipts: z.boolean().exactOptional(),
});

export type Policy = z.output<typeof policyBody>;
export type PolicyInput = z.input<typeof policyBody>;

const answeredRules = lazily(() =>
  z.array(z.strictObject({ prefix: z.string(), rule: z.enum(POLICY_RULES) })),
);

/** Answer of `GET` and `PUT /v1/apps/{appId}/policy`. */
export const policyAnswer = lazily(() =>
  z.strictObject({
    register: z.enum(POLICY_RULES),
    alias: answeredRules(),
    tag: answeredRules(),
    receipts: z.boolean().exactOptional(),
  }),
);
export type PolicyAnswerBody = AnswerOf<typeof policyAnswer>;
