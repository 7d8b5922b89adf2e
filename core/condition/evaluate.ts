/** Whether a broadcast is for a device, by the device's tags and attributes. */
import {
  type Attributes,
  type Condition,
  type Filter,
  type Granted,
  NOTHING_GRANTED,
} from "./types.ts";

/**
 * @param isMember whether the registration is a member of a tag
 * @param condition null matches everyone
 */
export function matchesCondition(
  condition: Condition | null,
  isMember: (tag: string) => boolean,
): boolean {
  if (condition === null) return true;
  if ("tag" in condition) return isMember(condition.tag);
  if ("not" in condition) return !matchesCondition(condition.not, isMember);
  const holds = (part: Condition) => matchesCondition(part, isMember);
  return "any" in condition ? condition.any.some(holds) : condition.all.every(holds);
}

/** A filter on an attribute that is not known does not match. A granted attribute wins over a reported one of its name. */
export function matchesFilter(
  filter: Filter | null,
  attributes: Attributes | null,
  granted: Granted = NOTHING_GRANTED,
): boolean {
  if (filter === null) return true;
  const { platform, appVersion, locale, custom = {} } = attributes ?? {};
  if (filter.platform !== undefined) {
    if (platform == null || !filter.platform.includes(platform)) return false;
  }
  if (filter.appVersion !== undefined) {
    if (appVersion == null || !isBetween(appVersion, filter.appVersion)) return false;
  }
  if (filter.locale !== undefined) {
    if (locale == null || !filter.locale.some((range) => isInRange(locale, range))) return false;
  }
  return (
    hasEach(filter.granted, (name) => valueIn(granted, name)) &&
    hasEach(filter.attributes, (name) => valueIn(granted, name) ?? valueIn(custom, name))
  );
}

const valueIn = (values: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

function hasEach(
  wanted: Readonly<Record<string, readonly string[]>> = {},
  find: (name: string) => string | undefined,
): boolean {
  return Object.entries(wanted).every(([name, values]) => {
    const value = find(name);
    return value !== undefined && values.includes(value);
  });
}

/** Whether a text is a version: numbers, separated by dots. */
export const isVersion = (text: string): boolean => /^\d+(\.\d+)*$/.test(text);

/**
 * Compares two versions number by number; missing numbers are 0.
 *
 * @returns negative if `a` is older, 0 if they are equal, positive if `a` is newer
 */
export function compareVersions(a: string, b: string): number {
  const as = a.split(".");
  const bs = b.split(".");
  for (let at = 0; at < Math.max(as.length, bs.length); at++) {
    const order = compareNumbers(as[at] ?? "0", bs[at] ?? "0");
    if (order !== 0) return order;
  }
  return 0;
}

/** Compares as text: a number in a version may have more digits than a float. */
function compareNumbers(a: string, b: string): number {
  const x = a.replace(/^0+/, "");
  const y = b.replace(/^0+/, "");
  if (x.length !== y.length) return x.length - y.length;
  return x < y ? -1 : x > y ? 1 : 0;
}

function isBetween(version: string, { min, max }: NonNullable<Filter["appVersion"]>): boolean {
  return (
    (min === undefined || compareVersions(version, min) >= 0) &&
    (max === undefined || compareVersions(version, max) <= 0)
  );
}

/** RFC 4647 §3.3.1, basic filtering. */
function isInRange(locale: string, range: string): boolean {
  if (range === "*") return true;
  const tag = locale.toLowerCase();
  const wanted = range.toLowerCase();
  return tag === wanted || tag.startsWith(`${wanted}-`);
}
