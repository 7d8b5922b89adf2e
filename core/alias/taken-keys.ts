/**
 * Which `firstAckWins` messages were acknowledged, and by whom. When a request is repeated, registrations that joined since are not sent the
 * message. Stored in the alias's row for the life of an Idempotency-Key, at most `LIMITS.ALIAS_TAKEN` of them.
 */
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { TakenKey } from "./host.ts";
import type { FirstAckRequest, TakenBy } from "./types.ts";

/** Also false if the clock was set back by more than that: a clock that was ahead must not keep them forever. */
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

/** @returns null if it is known already, and nothing has to be written */
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

/** When the last one is forgotten, milliseconds since 1970; null for none. */
export const lastEnd = (taken: readonly TakenKey[]): number | null =>
  taken.length === 0
    ? null
    : Math.max(...taken.map(({ at }) => at)) + LIMITS.IDEMPOTENCY_KEY_MS + 1;
