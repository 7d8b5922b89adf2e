/** Which aliases and tags the device may use by itself, as its apps have decided. */
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { type Admitted, judge, type NamePolicy } from "../../app/admission.ts";
import { type GrantedName, mayUse } from "../../app/grant.ts";
import type { Context } from "../../link/effects.ts";
import type { TrustFields } from "../../trust/app-trust.ts";
import type { Aliases } from "../aliases/aliases.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import type { Tags } from "../tags/tags.ts";
import { lapseOf } from "./standing.ts";

interface RightsParts {
  readonly registrations: Registrations;
  readonly lifecycle: Lifecycle;
  readonly aliases: Aliases;
  readonly tags: Tags;
}

/** Names that a command of the device would use. */
export interface UsedNames {
  readonly aliases?: readonly string[];
  readonly tags?: readonly string[];
}

interface Decided {
  readonly generation: number;
  readonly policy: Admitted["policy"];
  readonly at: number;
}

export class Rights {
  readonly #parts: RightsParts;
  /** The last answer of each registration's app. Not stored: after a sleep, the first command asks again. */
  readonly #decided = new WeakMap<Registration, Decided>();

  constructor(parts: RightsParts) {
    this.#parts = parts;
  }

  /**
   * The app has decided: stores what changed, and takes away what is not allowed any more of that which the device gave itself. Writes one
   * row if anything changed.
   */
  apply(registration: Registration, admission: Admitted, context: Context): void {
    const { generation } = registration;
    const { policy } = admission;
    this.#decided.set(registration, { generation, policy, at: context.now });
    this.#decide(registration, admission, context);
  }

  /**
   * Something comes for a registration: ends what is over, and judges it anew if that was sent under a later version of its app's trust.
   *
   * @returns false if the sender has to say what that is, before anything else is done
   */
  judges(
    registration: Registration,
    { trustVersion = 0, trust }: TrustFields,
    context: Context,
  ): boolean {
    this.#parts.lifecycle.lapse(context);
    const { standing } = registration;
    if (trustVersion <= standing.version) return true;
    if (trust === undefined) return false;
    // What the app said before is outdated; how old this is, nobody knows.
    this.#decided.delete(registration);
    // No version can be later than that of the app itself, unless a clock was set back.
    const version = Math.max(trustVersion, trust.version);
    const before = lapseOf(standing, context.now);
    this.#decide(registration, judge({ ...trust, version }, standing.grant, context.now), context);
    if (lapseOf(registration.standing, context.now) !== before)
      this.#parts.lifecycle.tellLapse(registration, context);
    return true;
  }

  #decide(registration: Registration, admission: Admitted, context: Context): void {
    const { registrations, lifecycle } = this.#parts;
    const { trustVersion: version, grant, lapsed } = admission;
    registrations.decide(registration, { version, grant, lapsed });
    this.#takeAway(registration, admission, context);
    lifecycle.settle(registration, context);
  }

  /** Whether the app's last answer is recent enough to decide by. */
  isKnown(registration: Registration, now: number): boolean {
    const decided = this.#decided.get(registration);
    if (decided?.generation !== registration.generation) return false;
    const age = now - decided.at;
    // If the clock was set back, its age is unknown.
    return age >= 0 && age < LIMITS.POLICY_AGE_MS;
  }

  /** The refusal of names that the device may not use; null if it may use all. Call it if `isKnown`. */
  refusalOf(
    registration: Registration,
    { aliases = [], tags = [] }: UsedNames,
    now: number,
  ): MeshError | null {
    if (aliases.length + tags.length === 0) return null;
    const lapsed = lapseOf(registration.standing, now);
    if (lapsed !== null) return new MeshError(lapsed);
    const { policy = NOTHING_DECIDED } = this.#decided.get(registration) ?? {};
    const { grant } = registration.standing;
    const alias = aliases.find((name) => !mayUse(policy.alias, grant?.aliases, name));
    if (alias !== undefined) return new MeshError("not_granted", `alias ${quoted(alias)}`);
    const tag = tags.find((name) => !mayJoin(policy, grant?.tags, name));
    return tag === undefined ? null : new MeshError("not_granted", `tag ${quoted(tag)}`);
  }

  #takeAway(
    registration: Registration,
    { policy, lapsed, grant }: Admitted,
    context: Context,
  ): void {
    const { aliases, tags } = this.#parts;
    const { slot } = registration;
    // What a grant that is over allowed stays until it is renewed, as the registration does.
    const held = lapsed === null || lapsed === "grant_expired" ? grant : null;
    for (const alias of aliases.byDevice(slot))
      if (!mayUse(policy.alias, held?.aliases, alias))
        aliases.takeAway(registration, alias, context);
    for (const tag of tags.byDevice(slot))
      if (!mayJoin(policy, held?.tags, tag)) tags.takeAway(registration, tag, context);
  }
}

const NOTHING_DECIDED: NamePolicy = { alias: [], tag: [] };

const mayJoin = (
  { tag: rules, closedTags = [] }: NamePolicy,
  granted: readonly GrantedName[] | undefined,
  tag: string,
): boolean => !closedTags.includes(tag) && mayUse(rules, granted, tag);

const quoted = (name: string): string => JSON.stringify(name.slice(0, LIMITS.ALIAS_BYTES));
