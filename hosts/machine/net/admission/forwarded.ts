/** The client address of a request that a trusted proxy forwarded. */
import { isIP } from "node:net";
import { trimmed } from "../http/head.ts";

/** The trusted proxies, such as a BlockList of node:net. */
export interface Proxies {
  check(address: string, family: "ipv4" | "ipv6"): boolean;
}

export function isTrusted(proxies: Proxies, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && proxies.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** `for=` of one element of Forwarded (RFC 7239 §4), quoted or not. */
const FOR = /(?:^|;)[ \t]*for=(?:"([^"]*)"|([^;", \t]*))/i;
/** An address with a port; IPv6 addresses are in brackets. */
const BRACKETS = /^\[([^\]]*)\](?::\d+)?$/;
const PORT = /^(\d+\.\d+\.\d+\.\d+):\d+$/;

/** Null if it is no address: `unknown`, or an obfuscated name. */
function addressOf(text: string): string | null {
  const bare = BRACKETS.exec(text)?.[1] ?? PORT.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? null : bare.toLowerCase();
}

/**
 * The client behind trusted proxies: the last address in the list that is not a trusted proxy. The client may have forged everything
 * before it.
 *
 * @param peer the proxy on the connection
 * @param fields by names in lower case. X-Forwarded-For takes precedence over Forwarded: most proxies write the first and pass on the second.
 * @returns the proxy's own address if it names no client
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
