/** The proxies that `--trust-proxy` names. */
import { BlockList, isIP } from "node:net";
import { HostFailure } from "./failure.ts";

/**
 * @param blocks addresses and CIDR blocks
 * @throws {HostFailure} naming the entry that is neither
 */
export function proxiesOf(blocks: readonly string[]): BlockList {
  const proxies = new BlockList();
  for (const block of blocks) {
    const [address = "", bits, ...more] = block.split("/");
    const version = isIP(address);
    const most = version === 4 ? 32 : 128;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity;
    if (version === 0 || more.length > 0 || prefix > most)
      throw new HostFailure(`--trust-proxy ${block}: give an address or a CIDR block`);
    proxies.addSubnet(address, prefix, version === 4 ? "ipv4" : "ipv6");
  }
  return proxies;
}
