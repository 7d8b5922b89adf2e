/**
 * What a device may ask for: registrations, aliases and new tags, each of which may make rows and objects. In memory, so that no attempt
 * writes a row: a device whose object has left memory has all of it again.
 */
import { type ErrorCode, MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { Limiter } from "../../link/limiter.ts";

interface Budget {
  /** For the detail of a refusal. */
  readonly what: string;
  readonly perSecond: number;
  readonly burst: number;
}

const REGISTERS: Budget = {
  ...{ what: "registrations" },
  ...{ perSecond: LIMITS.REGISTERS_PER_SECOND, burst: LIMITS.REGISTERS_BURST },
};
const REFUSED: Budget = {
  ...{ what: "registrations that are refused" },
  ...{ perSecond: LIMITS.REFUSED_ADMITS_PER_SECOND, burst: LIMITS.REFUSED_ADMITS_BURST },
};
const ALIASES: Budget = {
  ...{ what: "aliases" },
  ...{ perSecond: LIMITS.ALIAS_SETS_PER_SECOND, burst: LIMITS.ALIAS_SETS_BURST },
};
const TAGS: Budget = {
  ...{ what: "new tags" },
  ...{ perSecond: LIMITS.TAG_JOINS_PER_SECOND, burst: LIMITS.TAG_JOINS_BURST },
};

export class DeviceBudgets {
  readonly #registers = limiterOf(REGISTERS);
  readonly #refused = limiterOf(REFUSED);
  readonly #aliases = limiterOf(ALIASES);
  readonly #tags = limiterOf(TAGS);

  /** For a registration, or a key of one. Uses the budget once. @returns a refusal, which uses nothing */
  register(now: number): MeshError | null {
    return use(REGISTERS, this.#registers, 1, now);
  }

  /** For a question to an app, which uses nothing unless the app refuses. @returns a refusal of the question */
  ask(now: number): MeshError | null {
    const over = use(REFUSED, this.#refused, 1, now);
    if (over === null) this.#refused.giveBack();
    return over;
  }

  /** The answer of the app. */
  answered(code: ErrorCode | null, now: number): void {
    if (code !== null && REFUSALS.has(code)) this.#refused.take(now);
  }

  /** As `register`. */
  setAlias(now: number): MeshError | null {
    return use(ALIASES, this.#aliases, 1, now);
  }

  /** As `register`. @param count of tags that the registration does not have */
  joinTags(count: number, now: number): MeshError | null {
    return count === 0 ? null : use(TAGS, this.#tags, count, now);
  }
}

/** How an app refuses a device. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  ...(["app_unknown", "grant_required", "grant_invalid", "grant_expired", "not_granted"] as const),
]);

const limiterOf = ({ perSecond, burst }: Budget) => new Limiter(perSecond, burst);

function use(
  { what, perSecond, burst }: Budget,
  limiter: Limiter,
  count: number,
  now: number,
): MeshError | null {
  const retryAfterMs = limiter.take(now, count);
  if (retryAfterMs === 0) return null;
  const detail = `this device may ask for ${perSecond} ${what} a second, and ${burst} at once`;
  return new MeshError("rate_limited", detail, { retryAfterMs });
}
