/** The aliases of an app. */
import type { AliasAnswerBody, RegistrationResult } from "../../schema/http.ts";
import { checkArguments, nameArgument, OPTIONS_ARGUMENT, REG_IDS_ARGUMENT } from "./arguments.ts";
import type { CallOptions } from "./call.ts";
import { pathPart } from "./path.ts";
import type { SignedCalls } from "./signed-calls.ts";

export class Aliases {
  readonly #calls: SignedCalls;

  /** @internal */
  constructor(calls: SignedCalls) {
    this.#calls = calls;
  }

  /**
   * Gives an alias to registrations. Without `shared` it has one holder: the previous holder loses it and is told.
   *
   * @param regIds One, or up to 128 with `shared`.
   * @returns A result for each regId, in order: if one is refused, the others are not.
   * @throws UndecidedError if the answer was lost: `get` shows who holds the alias
   */
  add(
    alias: string,
    regIds: string | readonly string[],
    { shared = false, signal }: CallOptions & { readonly shared?: boolean } = {},
  ): Promise<readonly RegistrationResult[]> {
    return this.#change({ alias, shared, add: listOf(regIds) }, signal);
  }

  /** Takes an alias from registrations. It is not an error if they do not hold it. */
  remove(
    alias: string,
    regIds: string | readonly string[],
    { signal }: CallOptions = {},
  ): Promise<readonly RegistrationResult[]> {
    return this.#change({ alias, remove: listOf(regIds) }, signal);
  }

  /**
   * Gets the holders of an alias.
   *
   * @throws PushServerError `alias_unknown` if there are none; `option_invalid` for "." and "..", which no path can name
   */
  async get(alias: string, { signal }: CallOptions = {}): Promise<AliasAnswerBody> {
    return this.#calls.call<"getAlias">("GET", `/v1/aliases/${pathPart("alias", alias)}`, {
      signal,
    });
  }

  async #change(
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<readonly RegistrationResult[]> {
    const request = { body, isChange: true, signal };
    return (await this.#calls.call<"changeAlias">("POST", "/v1/aliases", request)).results;
  }
}

/** One regId or several. */
export const listOf = (regIds: string | readonly string[]): readonly string[] =>
  typeof regIds === "string" ? [regIds] : regIds;

checkArguments(Aliases.prototype, {
  add: [nameArgument("alias"), REG_IDS_ARGUMENT, OPTIONS_ARGUMENT],
  remove: [nameArgument("alias"), REG_IDS_ARGUMENT, OPTIONS_ARGUMENT],
  get: [nameArgument("alias"), OPTIONS_ARGUMENT],
});
