/** Checks what the methods are called with, in JavaScript or behind an `any`: an argument that is missing would be a TypeError, or part of a path. */
import { invalidOption, type Rule, type Rules, SIGNAL, TEXT } from "../options.ts";
import { optionError } from "./errors.ts";

/** Its name, what it must be, and whether it may be left out. */
type Argument = readonly [name: string, rule: Rule, isOptional?: boolean];

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
const isText = (value: unknown): boolean => typeof value === "string";

const OBJECT: Rule = ["an object", isObject];
const REG_IDS: Rule = [
  "a regId, or a list of them",
  (value: unknown) => isText(value) || (Array.isArray(value) && value.every(isText)),
];
const CALL: Rules = { signal: SIGNAL };

export const textArgument = (name: string): Argument => [name, TEXT];
/** A tag or an alias: the mesh, or its path, refuses one that is empty. */
export const nameArgument = (name: string): Argument => [name, ["a text", isText]];
export const objectArgument = (name: string, isOptional = false): Argument => [
  name,
  OBJECT,
  isOptional,
];
export const QUERY_ARGUMENT: Argument = objectArgument("query", true);
export const CURSOR_ARGUMENT: Argument = ["cursor", TEXT, true];
export const REG_IDS_ARGUMENT: Argument = ["regIds", REG_IDS];
/** Comes last; its `signal` is checked as well. */
export const OPTIONS_ARGUMENT: Argument = objectArgument("options", true);

function faultIn(given: readonly unknown[], wanted: readonly Argument[]): string | undefined {
  for (const [at, [name, [what, isValid], isOptional]] of wanted.entries()) {
    const value = given[at];
    if (value === undefined && isOptional) continue;
    if (!isValid(value as never)) {
      const is =
        value === undefined ? "missing" : value === null ? "null" : `of type ${typeof value}`;
      return `${name}: must be ${what}, and is ${value === "" ? "empty" : is}`;
    }
    const fault = name === "options" ? invalidOption(value as object, CALL) : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/**
 * Lets the methods of a class check their arguments before anything else. They then reject with `option_invalid`, which names the argument and what
 * it must be; a `list` throws it.
 */
export function checkArguments<T extends object>(
  prototype: T,
  methods: { readonly [Name in keyof T]?: readonly Argument[] },
): void {
  for (const [name, wanted] of Object.entries(methods)) {
    const act = prototype[name as keyof T] as (...given: readonly unknown[]) => unknown;
    const checked = function (this: T, ...given: readonly unknown[]): unknown {
      const fault = faultIn(given, wanted as readonly Argument[]);
      if (fault === undefined) return act.apply(this, given as unknown[]);
      const error = optionError(fault);
      if (name === "list") throw error;
      return Promise.reject(error);
    };
    Object.defineProperty(prototype, name, { value: checked });
  }
}
