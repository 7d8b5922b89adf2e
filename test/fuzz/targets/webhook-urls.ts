/** URLs of webhooks: one that is taken names a host of the public internet, however it is written. */
import { BlockList, isIP } from "node:net";
import { PRIVATE_RANGES } from "../../../core/webhook/addresses.ts";
import { targetFault } from "../../../core/webhook/target.ts";
import type { Random } from "../../chaos/random.ts";
import { mutateText } from "../mutate/bytes.ts";
import { promise, type Target } from "../target.ts";

const HOSTS = [
  ...["example.com", "a.example.com.", "localhost", "a.localhost", "db.internal", "127.0.0.1"],
  ...["0x7f.1", "0177.0.0.1", "2130706433", "10.0.0.1", "100.64.0.1", "169.254.169.254", "8.8.8.8"],
  ...["192.0.0.8", "198.18.0.1", "224.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"],
  ...["[2002:7f00:1::]", "[fe80::1]", "[2606:4700::1111]", "xn--localhost-", "%6cocalhost"],
] as const;
const PIECES = [
  ".",
  "..",
  "%2e",
  "。",
  "@",
  ":",
  ":443",
  ":8443",
  "\\",
  "%",
  "-",
  "_",
  "0",
  "ⓛ",
  "\u00ad",
] as const;
const NOWHERE =
  /(^|\.)(localhost|local|internal|intranet|arpa|lan|corp|home|onion|alt|test|invalid)$/;

/** A list for each family: Node's takes IPv4 for mapped IPv6. */
const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const range of PRIVATE_RANGES) {
  const [first = "", prefix] = range.split("/");
  const family = first.includes(":") ? "ipv6" : "ipv4";
  lists[family].addSubnet(first, Number(prefix), family);
}

/** Whether a host name leads to the public internet, dots at its end or not. */
function isPublic(host: string): boolean {
  const bare = host.replace(/\.+$/, "");
  if (isIP(bare) === 4) return !lists.ipv4.check(bare, "ipv4");
  if (isIP(bare) === 6) return !lists.ipv6.check(bare, "ipv6");
  return bare.includes(".") && !/\.\.|^\./.test(host) && !NOWHERE.test(bare);
}

function urlOf(random: Random): string {
  let host: string = random.pick(HOSTS);
  for (let left = random.between(0, 2); left > 0; left--) {
    const at = random.pick([0, host.length, random.between(0, host.length)]);
    host = host.slice(0, at) + random.pick(PIECES) + host.slice(at);
  }
  const url = `https://${host}/hook`;
  return random.chance(0.2) ? mutateText(url, random) : url;
}

function attempt(random: Random): boolean {
  const text = urlOf(random);
  const fault = targetFault(text, "public");
  if (fault !== null) return false;
  const { protocol, hostname, port, username, password } = new URL(text);
  const told = (): string => `${JSON.stringify(text)} may be called`;
  promise(protocol === "https:" && ["", "443", "8443"].includes(port), told);
  promise(username === "" && password === "", told);
  promise(isPublic(hostname.replace(/^\[|\]$/g, "")), told);
  return true;
}

export const webhookUrls: Target = { name: "webhook-urls", share: 6, open: () => ({ attempt }) };
