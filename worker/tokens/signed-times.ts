/** The one check of the times in what somebody signed: device tokens, listen tokens, and signatures of requests. */
import { LIMITS } from "../../schema/limits.ts";

/** In seconds since 1970. */
export interface SignedTimes {
  readonly issued: number;
  /** Undefined where it does not say. */
  readonly expires: number | undefined;
}

export interface TimeRules {
  /** What the two times are called, for the details of a refusal. */
  readonly issued: string;
  readonly expires: string;
  /** How long after `issued` it may expire; then it must say when. */
  readonly maxLifeSeconds?: number;
  /** How old it may be. */
  readonly maxAgeSeconds?: number;
}

/** Why it is refused. `expired` is also for one from the future: setting the clock fixes both. */
export interface TimeFault {
  readonly fault: "invalid" | "expired";
  readonly detail: string;
}

/**
 * Clocks may differ by `LIMITS.CLOCK_SKEW_SECONDS`.
 *
 * @param now seconds since 1970
 * @returns undefined where the times are good
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
