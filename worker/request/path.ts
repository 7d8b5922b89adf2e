/** Names in paths: percent-encoded UTF-8, decoded strictly, so that two paths never name the same tag. */
import * as z from "zod";
import { MeshError } from "../../schema/errors.ts";
import { HOST } from "../../schema/host-header.ts";
import type { MeshContext } from "../context.ts";
import { parseValue } from "./body.ts";

/**
 * Hosts build the URL from Host and the request's path: a Host that contains a path would select another route.
 *
 * @throws MeshError `request_malformed`
 */
export function requireHost(request: Request): void {
  const host = request.headers.get("host");
  if (host === null || HOST.test(host)) return;
  throw new MeshError(
    "request_malformed",
    "Host must be a host, and a port where it is not the usual one",
  );
}

/**
 * Decodes and checks one segment of the path.
 *
 * @param part its index, from 1
 * @param field its name in a refusal
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
