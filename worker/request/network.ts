/** Which addresses count together. */

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * The network that shares one budget: an IPv4 address, or the /64 of an IPv6 address, of which one customer has all addresses.
 *
 * @param address as a socket or a proxy names it; other text is returned unchanged
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (address === "::1") return address;
  const [bare = ""] = address.split("%");
  const [front = "", back] = bare.split("::");
  const groups = front === "" ? [] : front.split(":");
  if (back !== undefined) {
    const rest = back === "" ? [] : back.split(":");
    while (groups.length + rest.length < GROUPS) groups.push("0");
    groups.push(...rest);
  }
  const network = groups.slice(0, NETWORK_GROUPS).map((each) => Number.parseInt(each, 16));
  return `${network.map((each) => each.toString(16)).join(":")}::/64`;
}

const LAST_PART = /\.\d+$|:[^:]*::\/64$/;
/**
 * The neighbourhood of a network: the IPv4 /24, or the IPv6 /48, which is what one customer can get of many networks at once.
 *
 * @param network as `networkOf` returns it
 */
export const neighbourhoodOf = (network: string): string => network.replace(LAST_PART, "");

/** A proxy on this machine brings all clients from one of these. */
const LOOPBACK = /^(127\.|::1$)/;
/** @param network as `networkOf` returns it */
export const isLoopback = (network: string): boolean => LOOPBACK.test(network);
