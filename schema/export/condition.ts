/** Which devices a broadcast is for, in an export: see core/condition/types.ts. */
import * as z from "zod";

type Condition =
  | { readonly tag: string }
  | { readonly any: readonly Condition[] }
  | { readonly all: readonly Condition[] }
  | { readonly not: Condition };

export const condition: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    z.strictObject({ tag: z.string() }),
    z.strictObject({ any: z.array(condition) }),
    z.strictObject({ all: z.array(condition) }),
    z.strictObject({ not: condition }),
  ]),
);

const texts = z.array(z.string());
export const filter = z.strictObject({
  platform: texts.exactOptional(),
  appVersion: z
    .strictObject({ min: z.string().exactOptional(), max: z.string().exactOptional() })
    .exactOptional(),
  locale: texts.exactOptional(),
  attributes: z.record(z.string(), texts).exactOptional(),
  granted: z.record(z.string(), texts).exactOptional(),
});
