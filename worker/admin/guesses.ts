/**
 * Guesses of operators' tokens: counted for the audit log, and slowed by network. A token that has lately succeeded from a network is always
 * checked there, so that nobody behind an operator's address locks the operator out.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { BoundedMap } from "../../schema/bounded-map.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { MeshContext } from "../context.ts";
import { isLoopback, networkOf } from "../request/network.ts";

/** Wrong admin tokens since the last change that was recorded: counted, because a stranger could fill a log of each. */
export const guesses = { count: 0 };

/** By network, when its wrong tokens are paid for. */
const paidAt = new BoundedMap<string, number>(LIMITS.GUESS_NETWORKS);
/** By network and hash of the token, when it last succeeded. */
const goodAt = new BoundedMap<string, number>(LIMITS.GUESS_GOOD_TOKENS);

const utf8 = new TextEncoder();

/** Null where nothing is counted: at loopback, from where a local proxy brings all clients, and for the socket of the data folder. */
function clientOf(c: MeshContext): string | null {
  const address = c.env.ADDRESS_OF?.(c.req.raw) ?? null;
  const network = address === null ? null : networkOf(address);
  return network === null || isLoopback(network) ? null : network;
}

const entryOf = (network: string, token: string): string =>
  `${network} ${toBase64Url(sha256(utf8.encode(token)))}`;

/**
 * To be called before a token is checked.
 *
 * @param token at most `LIMITS.TOKEN_CHARS` long
 * @throws MeshError `too_many_failures` if the network has guessed too often, and this token is not known
 */
export function requireGuess(c: MeshContext, token: string): void {
  const network = clientOf(c);
  if (network === null) return;
  const now = c.get("receivedAt");
  const waitMs = (paidAt.get(network) ?? now) - now - (LIMITS.GUESSES_BURST - 1) * LIMITS.GUESS_MS;
  if (waitMs <= 0) return;
  if (now - (goodAt.get(entryOf(network, token)) ?? 0) < LIMITS.GUESS_GOOD_MS) return;
  const detail = "too many wrong admin tokens came from this network";
  // A clock that was set back must not keep anybody out for longer.
  const retryAfterMs = Math.min(waitMs, LIMITS.GUESS_MS);
  throw new MeshError("too_many_failures", detail, { retryAfterMs });
}

/** To be called when a token was wrong. @param token undefined for a request without one, which guesses nothing */
export function guessed(c: MeshContext, token: string | undefined): void {
  guesses.count += 1;
  const network = token === undefined ? null : clientOf(c);
  if (network === null) return;
  const now = c.get("receivedAt");
  const most = now + LIMITS.GUESSES_BURST * LIMITS.GUESS_MS;
  paidAt.set(network, Math.min(most, Math.max(now, paidAt.get(network) ?? now) + LIMITS.GUESS_MS));
}

/** To be called when a token was right. */
export function succeeded(c: MeshContext, token: string): void {
  const network = clientOf(c);
  if (network !== null) goodAt.set(entryOf(network, token), c.get("receivedAt"));
}
