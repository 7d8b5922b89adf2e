/** Whose a request is, on a connection that may be a trusted proxy's. */

import type { RequestHead } from "../http/head.ts";
import { NOBODY } from "./address-share.ts";
import type { Entry } from "./admission.ts";

/** The client of a request by its header fields; null where the other end of the connection is the client itself. */
export type NamedClient = ((fields: RequestHead["fields"]) => string) | null;

/** @returns the client's address */
export const clientOfRequest = (
  entry: Entry,
  named: NamedClient,
  { fields }: Pick<RequestHead, "fields">,
): string => (named === null ? entry.address : named(fields));

/**
 * What stays open is the client's, and any other request the proxy's.
 *
 * @returns false where its client is over its share
 */
export function takeClient(
  entry: Entry,
  named: NamedClient,
  { isUpgrade, fields }: Pick<RequestHead, "isUpgrade" | "fields">,
): boolean {
  if (named === null) return true;
  const stays = isUpgrade || fields.get("accept")?.includes("text/event-stream") === true;
  return entry.belongTo(stays ? named(fields) : NOBODY);
}
