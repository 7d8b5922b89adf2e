/** Whose address a request counts for where a trusted proxy brought it. */
import { isIP } from "node:net";
import { trimmed } from "../http/head.ts";

/** What is trusted to say so; node:net's BlockList is one. */
export interface Proxies {
  check(address: string, family: "ipv4" | "ipv6"): boolean;
}

export function isTrusted(proxies: Proxies, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && proxies.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** `for=` of one element of Forwarded (RFC 7239 §4), quoted or not. */
const FOR = /(?:^|;)[ \t]*for=(?:"([^"]*)"|([^;", \t]*))/i;
/** A port behind an address: of IPv6 only behind brackets. */
const BRACKETS = /^\[([^\]]*)\](?::\d+)?$/;
const PORT = /^(\d+\.\d+\.\d+\.\d+):\d+$/;

/** Null for what is no address: `unknown`, or a name of the proxy's own. */
function addressOf(text: string): string | null {
  const bare = BRACKETS.exec(text)?.[1] ?? PORT.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? null : bare.toLowerCase();
}

/**
 * The client behind trusted proxies: of the addresses that they have written, the last that is none of theirs. What stands before
 * it was written by the client itself, or by whoever it came from.
 *
 * @param peer the proxy on the connection
 * @param fields by names in lower case. X-Forwarded-For goes before Forwarded: most proxies write the first and pass on the second.
 * @returns the proxy's own address where it names nobody
 */
export function clientOf(
  peer: string,
  fields: ReadonlyMap<string, string>,
  proxies: Proxies,
): string {
  const list = fields.get("x-forwarded-for");
  const named = (list ?? fields.get("forwarded") ?? "").split(",").map((each) => trimmed(each));
  let client = peer;
  for (const each of named.reverse()) {
    const match = list === undefined ? FOR.exec(each) : null;
    const address = addressOf(list === undefined ? (match?.[1] ?? match?.[2] ?? "") : each);
    if (address === null) break;
    client = address;
    if (!isTrusted(proxies, address)) break;
  }
  return client;
}
