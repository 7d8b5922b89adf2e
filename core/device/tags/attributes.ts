/** The attributes that apps report: validates and stores them, one row per registration. */
import { MeshError } from "../../../schema/errors.ts";
import type { Report } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { isVersion } from "../../condition/evaluate.ts";
import type { Attributes, Granted, KnownAttributes } from "../../condition/types.ts";
import { utf8Length } from "../name-rules.ts";
import type { SubscriptionStore } from "../store.ts";

export class AttributeCache {
  readonly #store: SubscriptionStore;
  /** By slot; only those that were read. */
  readonly #known = new Map<number, Attributes | null>();

  constructor(store: SubscriptionStore) {
    this.#store = store;
  }

  of(slot: number): Attributes | null {
    let known = this.#known.get(slot);
    if (known === undefined) {
      known = this.#store.readAttributes(slot);
      this.#known.set(slot, known);
    }
    return known;
  }

  /** Replaces the attributes; null deletes them. Writes one row, or none if they are the same. */
  write(slot: number, attributes: Attributes | null): void {
    if (JSON.stringify(attributes) === JSON.stringify(this.of(slot))) return;
    this.#store.writeAttributes(slot, attributes);
    this.#known.set(slot, attributes);
  }
}

/** All attributes by origin; null if there are none. What was granted hides what was reported under its name, also before the grant. */
export function knownAttributes(
  reported: Attributes | null,
  granted: Granted,
): KnownAttributes | null {
  if (reported === null && Object.keys(granted).length === 0) return null;
  const { platform = null, appVersion = null, locale = null, custom = {} } = reported ?? {};
  const own = Object.entries(custom).filter(([name]) => !Object.hasOwn(granted, name));
  return { platform, appVersion, locale, custom: Object.fromEntries(own), granted };
}

/** Refuses a report of an attribute that is granted: a device would take its own value for the one that counts. */
export function grantedFault(reported: Attributes | null, granted: Granted): MeshError | null {
  const name = Object.keys(reported?.custom ?? {}).find((each) => Object.hasOwn(granted, each));
  if (name === undefined) return null;
  return new MeshError(
    "attributes_invalid",
    `the attribute ${name} is granted by the app's server`,
  );
}

/** The attributes of a report; null if it has none. */
export function attributesOf(report: Report): Attributes | null | MeshError {
  const { platform = null, appVersion = null, locale = null, attributes = [] } = report;
  const problem =
    problemOfValue("platform", platform) ??
    problemOfValue("appVersion", appVersion) ??
    problemOfValue("locale", locale) ??
    problemOfCustom(attributes);
  if (problem !== null) return new MeshError("attributes_invalid", problem);
  if (appVersion !== null && !isVersion(appVersion)) {
    return new MeshError("attributes_invalid", "appVersion is not numbers separated by dots");
  }
  if (platform === null && appVersion === null && locale === null && attributes.length === 0) {
    return null;
  }
  const byName = attributes.map(({ name, value }) => [name, value] as const);
  // Sorted, so that the order of a report makes no difference.
  byName.sort(([a], [b]) => (a < b ? -1 : 1));
  const custom = Object.fromEntries(byName);
  return { platform: platform?.toLowerCase() ?? null, appVersion, locale, custom };
}

function problemOfCustom(attributes: NonNullable<Report["attributes"]>): string | null {
  if (attributes.length > LIMITS.ATTRIBUTES) {
    return `${attributes.length} attributes, at most ${LIMITS.ATTRIBUTES}`;
  }
  const names = new Set<string>();
  for (const { name, value } of attributes) {
    if (name === "") return "an attribute has no name";
    // A record loses it on the way through JSON and schemas, so no filter could match it.
    if (name === "__proto__") return "no attribute may be called __proto__";
    if (names.has(name)) return `the attribute ${name} appears twice`;
    names.add(name);
    const problem =
      problemOfText("the name of an attribute", name, LIMITS.ATTRIBUTE_NAME_BYTES) ??
      problemOfValue(`the attribute ${name}`, value);
    if (problem !== null) return problem;
  }
  return null;
}

function problemOfValue(what: string, value: string | null): string | null {
  return value === null ? null : problemOfText(what, value, LIMITS.ATTRIBUTE_VALUE_BYTES);
}

function problemOfText(what: string, text: string, maxBytes: number): string | null {
  const bytes = utf8Length(text);
  if (bytes === undefined) return `${what} is not valid UTF-8`;
  return bytes > maxBytes ? `${what} has ${bytes} bytes, at most ${maxBytes}` : null;
}
