/** Which client a request belongs to, on a connection that may be a trusted proxy's. */
import type { RequestHead } from "../http/head.ts";
import { NOBODY } from "./address-share.ts";
import type { Entry } from "./admission.ts";

/** Finds the client of a request by its header fields; null if the peer of the connection is the client. */
export type NamedClient = ((fields: RequestHead["fields"]) => string) | null;

/** By which scheme a client came to a proxy: only a trusted one is believed. */
const PROXY_SCHEME = "x-forwarded-proto";
const FORWARDED = ["x-forwarded-for", "forwarded"];

/**
 * Whether nobody on the way could read a request; null if its way was no longer than the connection, which is not encrypted. How a proxy's client came
 * to it only the proxy can say.
 *
 * @param isTls of the connection
 */
export function isEncrypted(
  isTls: boolean,
  named: NamedClient,
  { fields }: Pick<RequestHead, "fields">,
): boolean | null {
  const direct = isTls ? true : null;
  if (named === null) return direct;
  const scheme = fields.get(PROXY_SCHEME);
  if (scheme !== undefined) return scheme.toLowerCase() === "https";
  return FORWARDED.some((name) => fields.has(name)) ? false : direct;
}

/** The address of the client. */
export const clientOfRequest = (
  entry: Entry,
  named: NamedClient,
  { fields }: Pick<RequestHead, "fields">,
): string => (named === null ? entry.address : named(fields));

/**
 * Counts a connection that stays open for its client, and one with any other request for the proxy.
 *
 * @returns false if the client is over its share
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
