/** Parses IP addresses, and knows the ranges that are not on the public internet. */

/**
 * IANA's registries of special-purpose addresses (RFC 6890), multicast, and IPv6 forms that contain an IPv4 address: mapped, compatible, NAT64, 6to4,
 * Teredo.
 */
export const PRIVATE_RANGES = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/96",
  "::ffff:0:0/96",
  "::ffff:0:0:0/96",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
  "5f00::/16",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
] as const;

interface Range {
  readonly first: bigint;
  /** 32 or 128. */
  readonly bits: number;
  readonly prefix: number;
}

const RANGES: readonly Range[] = PRIVATE_RANGES.map((range) => {
  const [address = "", prefix] = range.split("/");
  const first = addressOf(address);
  if (first === null) throw new Error(`no range: ${range}`);
  return { ...first, first: first.value, prefix: Number(prefix) };
});

/** Whether an address is private, local or reserved; null if the text is no address. IPv6 is without brackets. */
export function isPrivateAddress(text: string): boolean | null {
  const address = addressOf(text);
  if (address === null) return null;
  const { value, bits } = address;
  return RANGES.some((range) => {
    const rest = BigInt(bits - range.prefix);
    return range.bits === bits && value >> rest === range.first >> rest;
  });
}

function addressOf(text: string): { readonly value: bigint; readonly bits: 32 | 128 } | null {
  const four = ipv4Of(text);
  if (four !== null) return { value: BigInt(four), bits: 32 };
  const six = ipv6Of(text);
  return six === null ? null : { value: six, bits: 128 };
}

/** Four decimal numbers, as URLs and resolvers write them. */
function ipv4Of(text: string): number | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.some((byte) => byte > 255) ? null : bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** RFC 4291 §2.2; a zone (RFC 4007 §11) is left out. */
function ipv6Of(text: string): bigint | null {
  const [address = ""] = text.split("%", 1);
  if (!address.includes(":")) return null;
  const halves = address.split("::");
  if (halves.length > 2) return null;
  const [before, after] = halves.map(groupsOf);
  if (before == null || (halves.length === 2 && after == null)) return null;
  const missing = 8 - before.length - (after?.length ?? 0);
  if (after === undefined || after === null ? missing !== 0 : missing < 1) return null;
  const groups = [...before, ...Array.from({ length: missing }, () => 0), ...(after ?? [])];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

/** 16 bits each; the last two may be written as IPv4. */
function groupsOf(half: string): readonly number[] | null {
  if (half === "") return [];
  const groups: number[] = [];
  const parts = half.split(":");
  for (const [at, part] of parts.entries()) {
    const four = at === parts.length - 1 ? ipv4Of(part) : null;
    if (four !== null) groups.push(four >>> 16, four & 0xffff);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}
