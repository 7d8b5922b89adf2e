/** Checks the options of `connect` and `startService` when they are called. */
import {
  BOOLEAN,
  FUNCTION,
  invalidOption,
  type Rule,
  type Rules,
  SIGNAL,
  withMethods,
} from "../options.ts";
import { checkAppId } from "./client/options.ts";
import { DEVICE_IDENTIFIERS } from "./constants.ts";
import { optionInvalid } from "./errors.ts";
import { toOrigin } from "./host.ts";

/** Checked by what reads it. */
const ANY: Rule = ["anything", () => true];

const START: Rules = {
  url: ANY,
  storage: withMethods("get", "set", "delete"),
  identifiers: [
    `up to ${DEVICE_IDENTIFIERS} texts that are not empty`,
    (value: unknown) =>
      Array.isArray(value) &&
      value.length <= DEVICE_IDENTIFIERS &&
      value.every((each) => typeof each === "string" && each !== ""),
  ],
  host: withMethods("openSocket", "fetch", "now", "elapsed", "after", "random", "report"),
  signal: SIGNAL,
};

const CONNECT: Rules = {
  ...START,
  appId: ANY,
  encryption: withMethods("open", "registered", "read"),
  grant: FUNCTION,
  sealed: BOOLEAN,
  share: BOOLEAN,
  worker: FUNCTION,
  schema: [
    "a Standard Schema, such as one of Zod, Valibot or ArkType",
    (value: { readonly "~standard"?: { readonly validate?: unknown } } | null) =>
      typeof value?.["~standard"]?.validate === "function",
  ],
  log: FUNCTION,
};

/** @throws PushError `option_invalid` that names the first option that is not valid, and what it must be */
function check(given: { readonly url: string | readonly string[] }, rules: Rules): void {
  const options = given ?? {};
  const message = invalidOption(options, rules);
  if (message !== undefined) throw optionInvalid(message);
  const endpoints = [options.url].flat();
  for (const endpoint of endpoints.length > 0 ? endpoints : [""]) toOrigin(endpoint);
}

export const checkStart = (options: { readonly url: string | readonly string[] }): void =>
  check(options, START);

export function checkConnect(options: {
  readonly url: string | readonly string[];
  readonly appId: string;
}): void {
  check(options, CONNECT);
  checkAppId(options.appId);
}
