/** Times in requests. */
import { MeshError } from "../../schema/errors.ts";
import type { MeshContext } from "../context.ts";

/** @param at milliseconds since 1970. @throws MeshError `field_invalid` for a time that is over */
export function requireLater(c: MeshContext, field: string, at: number): void {
  const now = c.get("receivedAt");
  if (at > now) return;
  const detail = `${field}: must be after now, ${now} ms since 1970`;
  throw new MeshError("field_invalid", detail, { field });
}
