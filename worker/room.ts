/** Room for links and listeners on a host that has descriptors for a limited number of them. */
import { links, listeners } from "../objects/capacity/links.ts";
import { MeshError } from "../schema/errors.ts";
import type { MeshContext } from "./context.ts";

/**
 * Refuses links and listeners before the process runs out of descriptors, which would end it.
 *
 * @param device name of the device that connects: to replace its own link, it needs no more room. Undefined for a listener
 * @throws MeshError `mesh_full`
 */
export function requireRoom(c: MeshContext, device?: string): void {
  const { maxLinks } = c.get("config");
  if (maxLinks === null || links.size + listeners.size < maxLinks) return;
  if (device !== undefined && links.has(device)) return;
  throw new MeshError("mesh_full", `at most ${maxLinks} links and listeners`);
}
