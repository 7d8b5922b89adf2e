/**
 * What a device may ask for: registrations, aliases and new tags, each of which may make rows and objects. In memory, so that no attempt
 * writes a row: a device whose object has left memory has all of it again.
 */
import { MeshError } from "../../../schema/errors.ts";
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
  readonly #aliases = limiterOf(ALIASES);
  readonly #tags = limiterOf(TAGS);

  /** For a registration, or a key of one. Uses the budget once. @returns a refusal, which uses nothing */
  register(now: number): MeshError | null {
    return use(REGISTERS, this.#registers, 1, now);
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
