/** Names in paths: percent-encoded UTF-8, read strictly, so that two paths never mean one tag. */
import * as z from "zod";
import { MeshError } from "../schema/errors.ts";
import { parseValue } from "./body.ts";
import type { MeshContext } from "./context.ts";

/**
 * A name in the path of a request.
 *
 * @param part which part of the path, from 1
 * @param field what it is called where it is refused
 * @throws MeshError `field_invalid`
 */
export function nameInPath(
  c: MeshContext,
  part: number,
  field: string,
  schema: z.ZodType<string>,
): string {
  const raw = new URL(c.req.url).pathname.split("/")[part] ?? "";
  let name: string;
  try {
    name = decodeURIComponent(raw);
  } catch (cause) {
    const detail = `${field}: the path is not percent-encoded UTF-8`;
    throw new MeshError("field_invalid", detail, { field, cause });
  }
  const parsed = parseValue(z.object({ [field]: schema }), { [field]: name });
  return parsed[field] ?? "";
}
