/**
 * Which messages of `firstAckWins` were taken, and by whom: whoever gets the alias later is not sent them when their request is
 * repeated. In the alias's row, for the life of an Idempotency-Key and within `LIMITS.ALIAS_TAKEN`.
 */
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { TakenKey } from "./host.ts";
import type { FirstAckRequest, TakenBy } from "./types.ts";

/** A clock that was set back by more than that forgets them, too: else one that was ahead would keep them for ever. */
const isLive = ({ at }: TakenKey, now: number): boolean =>
  Math.abs(now - at) <= LIMITS.IDEMPOTENCY_KEY_MS;

export const liveKeys = (taken: readonly TakenKey[] = [], now: number): readonly TakenKey[] =>
  taken.filter((each) => isLive(each, now));

export function takersOf(
  taken: readonly TakenKey[] = [],
  key: Uint8Array,
  now: number,
): readonly TakenBy[] {
  const text = toBase64Url(key);
  return liveKeys(taken, now)
    .filter((each) => each.key === text)
    .map(({ device, generation, seq, fingerprint }) => ({
      holder: { device, generation },
      seq,
      fingerprint,
    }));
}

/** @returns null where it is known: nothing is to be written */
export function withTaken(
  taken: readonly TakenKey[] = [],
  { holder: { device, generation }, key, seq, fingerprint = null }: FirstAckRequest,
  now: number,
): readonly TakenKey[] | null {
  const live = liveKeys(taken, now);
  const text = toBase64Url(key);
  const isSame = (each: TakenKey) =>
    each.key === text && each.device === device && each.generation === generation;
  if (live.some(isSame)) return null;
  const added = { key: text, device, generation, seq: seq ?? null, fingerprint, at: now };
  return [...live, added].slice(-LIMITS.ALIAS_TAKEN);
}

/** When the last of them is past its life, milliseconds since 1970; null for none. */
export const lastEnd = (taken: readonly TakenKey[]): number | null =>
  taken.length === 0
    ? null
    : Math.max(...taken.map(({ at }) => at)) + LIMITS.IDEMPOTENCY_KEY_MS + 1;
