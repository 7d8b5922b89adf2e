/**
 * Which URLs webhooks may call. An app's server names the URL, and the mesh calls it from inside the operator's network, so unless the operator allows
 * it, nothing there may be reached (SSRF). A host that resolves names itself checks each address that it connects to against the same list
 * (addresses.ts).
 */
import { isPrivateAddress } from "./addresses.ts";

/** What an operator allows. */
export const WEBHOOK_TARGETS = ["off", "public", "private"] as const;
export type WebhookTargets = (typeof WEBHOOK_TARGETS)[number];

/** Names that lead into the operator's network, or nowhere (RFC 6761, RFC 6762, RFC 8375, RFC 9476). */
const LOCAL_NAMES =
  /(^|\.)(localhost|local|internal|intranet|home\.arpa|lan|corp|home|onion|alt|test|invalid|arpa)$/;
/** Letters, digits, hyphens and underscores in labels of 1 to 63, as DNS has them, and two labels or more. The URL parser also takes empty ones. */
const PUBLIC_NAME = /^([a-z0-9_-]{1,63}\.)+[a-z0-9_-]{1,63}$/;
const NAME_CHARS = 253;
/** Ports of HTTPS. On others, services without authentication answer any request. */
const PORTS = ["", "443", "8443"];

/** Why a URL may not be called; null if it may. */
export function targetFault(text: string, targets: WebhookTargets): string | null {
  if (targets === "off") return "the operator of this mesh has switched webhooks off";
  // The parser would repair these, so the URL called would not be the one that a person reads.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for.
  if (/[\u0000-\u0020\\\u007f]/.test(text))
    return "has a space, a backslash or a control character";
  const url = parsed(text);
  if (url === null) return "is no URL";
  if (url.username !== "" || url.password !== "") return "has a user name or password";
  if (url.hash !== "") return "has a fragment";
  const isOpen = targets === "private";
  if (url.protocol !== "https:" && !(isOpen && url.protocol === "http:"))
    return isOpen ? "is neither https nor http" : "is not https";
  if (isOpen) return null;
  if (!PORTS.includes(url.port)) return `has port ${url.port}: 443 and 8443 are allowed`;
  // Without the dot of a name that is absolute.
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const isPrivate = isPrivateAddress(host);
  if (isPrivate !== null)
    return isPrivate ? `${host} is a private, local or reserved address` : null;
  if (host.length > NAME_CHARS || !PUBLIC_NAME.test(host) || LOCAL_NAMES.test(host))
    return `${host} is no name of the public internet`;
  return null;
}

function parsed(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** A setting as text. @throws Error for another one */
export function targetsOf(setting: string | undefined): WebhookTargets {
  const targets = WEBHOOK_TARGETS.find((name) => name === (setting ?? "public"));
  if (targets !== undefined) return targets;
  throw new Error(`webhook targets "${setting}": give ${WEBHOOK_TARGETS.join(", ")}`);
}
