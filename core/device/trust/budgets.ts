/**
 * What a device may ask for: registrations, aliases and new tags, each of which may make rows and objects. In memory, so that no attempt
 * writes a row: a device whose object has left memory has all of it again.
 */
import { BoundedMap } from "../../../schema/bounded-map.ts";
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
  ...{ what: "registrations that an app refuses" },
  ...{ perSecond: LIMITS.REFUSED_ADMITS_PER_SECOND, burst: LIMITS.REFUSED_ADMITS_BURST },
};
const ALL_REFUSED: Budget = {
  ...{ what: "registrations that apps refuse" },
  ...{ perSecond: LIMITS.ALL_REFUSED_ADMITS_PER_SECOND, burst: LIMITS.ALL_REFUSED_ADMITS_BURST },
};
const ALIASES: Budget = {
  ...{ what: "aliases" },
  ...{ perSecond: LIMITS.ALIAS_SETS_PER_SECOND, burst: LIMITS.ALIAS_SETS_BURST },
};
const TAGS: Budget = {
  ...{ what: "new tags" },
  ...{ perSecond: LIMITS.TAG_JOINS_PER_SECOND, burst: LIMITS.TAG_JOINS_BURST },
};

const UPSTREAM: Budget = {
  ...{ what: "messages to its app's server" },
  ...{ perSecond: LIMITS.UPSTREAM_PER_SECOND, burst: LIMITS.UPSTREAM_BURST },
};

export class DeviceBudgets {
  readonly #registers = limiterOf(REGISTERS);
  /** By app, so that one that refuses its grants leaves those of others theirs. */
  readonly #refused = new BoundedMap<string, Limiter>(LIMITS.REFUSED_ADMITS_APPS);
  readonly #allRefused = limiterOf(ALL_REFUSED);
  readonly #aliases = limiterOf(ALIASES);
  readonly #tags = limiterOf(TAGS);
  readonly #upstream = limiterOf(UPSTREAM);

  /** For a registration, or a key of one. Uses the budget once. @returns a refusal, which uses nothing */
  register(now: number): MeshError | null {
    return use(REGISTERS, this.#registers, 1, now);
  }

  /** Uses nothing. @returns as `ask` */
  mayAsk(app: string, isRegistered: boolean, now: number): MeshError | null {
    const over = this.ask(app, isRegistered, now);
    if (over === null) this.#giveBack(app, isRegistered);
    return over;
  }

  /**
   * For a question to an app, which uses nothing unless the app refuses: `answered` has to follow, and until then it counts as refused.
   *
   * @param isRegistered whether the device has a registration of the app, which then uses nothing of what all apps have together
   * @returns a refusal of the question
   */
  ask(app: string, isRegistered: boolean, now: number): MeshError | null {
    const own = this.#refused.get(app) ?? limiterOf(REFUSED);
    this.#refused.set(app, own);
    const over = use(REFUSED, own, 1, now);
    if (over !== null || isRegistered) return over;
    const allOver = use(ALL_REFUSED, this.#allRefused, 1, now);
    if (allOver !== null) own.giveBack();
    return allOver;
  }

  /** The answer of the app. @param kind of the question: a registration that is refused makes nothing, and uses no budget of those */
  answered(
    { app, isRegistered, kind }: { app: string; isRegistered: boolean; kind: string },
    code: ErrorCode | null,
  ): void {
    if (code === null || !REFUSALS.has(code)) this.#giveBack(app, isRegistered);
    else if (kind === "register") this.#registers.giveBack();
  }

  #giveBack(app: string, isRegistered: boolean): void {
    this.#refused.get(app)?.giveBack();
    if (!isRegistered) this.#allRefused.giveBack();
  }

  /** As `register`. */
  setAlias(now: number): MeshError | null {
    return use(ALIASES, this.#aliases, 1, now);
  }

  /** As `register`. */
  upstream(now: number): MeshError | null {
    return use(UPSTREAM, this.#upstream, 1, now);
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
