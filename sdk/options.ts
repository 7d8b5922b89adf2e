/** Checks options when they are given, not when they are first used. */

/** What an option must be, as text, and whether a value is that. */
export type Rule = readonly [what: string, isValid: (value: never) => boolean];
export type Rules = Readonly<Record<string, Rule>>;

const isA = (type: string) => (value: unknown) => typeof value === type;

export const FUNCTION: Rule = ["a function", isA("function")];
export const BOOLEAN: Rule = ["true or false", isA("boolean")];
export const TEXT: Rule = [
  "a text that is not empty",
  (value) => isA("string")(value) && value !== "",
];
export const SIGNAL: Rule = [
  "an AbortSignal",
  (value: Partial<AbortSignal> | null) => typeof value?.addEventListener === "function",
];

/** An object with these methods, of whatever class. */
export const withMethods = (...names: readonly string[]): Rule => [
  `an object with ${names.join(", ")}`,
  (value: Readonly<Record<string, unknown>> | null) =>
    names.every((name) => typeof value?.[name] === "function"),
];

/** A whole number within bounds. */
export const between = (min: number, max: number): Rule => [
  `whole, ${min} to ${max}`,
  (value: number) => Number.isInteger(value) && value >= min && value <= max,
];

/** Whether one is probably meant as the other: they differ in two letters next to each other, or at the end. */
function isNear(a: string, b: string): boolean {
  const longest = Math.max(a.length, b.length);
  let same = 0;
  while (same < longest && a[same] === b[same]) same++;
  for (let end = 1; same < Math.min(a.length, b.length) && a.at(-end) === b.at(-end); end++) same++;
  return same >= 3 && longest - same <= 2;
}

/**
 * The message of an error that names the first option that is not what it must be, or is misspelt; undefined if there is none. Other names are
 * ignored: many keep the options of several calls in one object.
 */
export function invalidOption(options: object, rules: Rules): string | undefined {
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      const meant = Object.keys(rules).find((known) => isNear(name, known));
      if (meant !== undefined) return `${name}: unknown option; did you mean ${meant}?`;
      continue;
    }
    // Values are not shown: one of them may be a key.
    const [what, isValid] = rule;
    if (value !== undefined && !isValid(value as never))
      return `${name}: must be ${what}, and is ${typeof value === "number" ? value : `of type ${typeof value}`}`;
  }
  return undefined;
}
