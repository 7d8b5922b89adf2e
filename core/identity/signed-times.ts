/** Checks the times in everything signed: device tokens, listen tokens and request signatures. */
import { LIMITS } from "../../schema/limits.ts";

/** In seconds since 1970. */
interface SignedTimes {
  readonly issued: number;
  /** Undefined if it has none. */
  readonly expires: number | undefined;
}

export interface TimeRules {
  /** Names of the two times, for the details of a refusal. */
  readonly issued: string;
  readonly expires: string;
  /** Maximum time from `issued` to `expires`, which is then required. */
  readonly maxLifeSeconds?: number;
  /** Maximum age. */
  readonly maxAgeSeconds?: number;
}

/** Why it is refused. A time in the future is `expired`, too: setting the clock fixes both. */
export interface TimeFault {
  readonly fault: "invalid" | "expired";
  readonly detail: string;
}

/**
 * Clocks may differ by `LIMITS.CLOCK_SKEW_SECONDS`.
 *
 * @param now seconds since 1970
 * @returns undefined if the times are valid
 */
export function timeFault(
  { issued, expires }: SignedTimes,
  rules: TimeRules,
  now: number,
): TimeFault | undefined {
  const { maxLifeSeconds, maxAgeSeconds } = rules;
  const skew = LIMITS.CLOCK_SKEW_SECONDS;
  const age = now - issued;
  if (maxLifeSeconds !== undefined) {
    const life = (expires ?? issued) - issued;
    if (life <= 0 || life > maxLifeSeconds) {
      const detail = `${rules.expires} must be 1 to ${maxLifeSeconds} s after ${rules.issued}`;
      return { fault: "invalid", detail };
    }
  }
  if (age < -skew) return expired(`${rules.issued} is ${-age} s ahead`);
  if (maxAgeSeconds !== undefined && age > maxAgeSeconds + skew)
    return expired(`${rules.issued} is ${age} s ago; at most ${maxAgeSeconds} s are taken`);
  if (expires !== undefined && expires < now - skew)
    return expired(`${rules.expires} was ${now - expires} s ago`);
  return undefined;
}

const expired = (detail: string): TimeFault => ({ fault: "expired", detail });
