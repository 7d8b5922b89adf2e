/** Aliases of one app, as its server sees and sets them. */
import type { AliasAnswerBody, RegistrationResult, ResultsAnswerBody } from "../../schema/http.ts";
import { pathPart } from "./path.ts";
import type { SignedCalls } from "./signed-calls.ts";

export class Aliases {
  readonly #calls: SignedCalls;

  constructor(calls: SignedCalls) {
    this.#calls = calls;
  }

  /**
   * Gives an alias to registrations. Without `shared` it has one holder: the one that had it before loses it, and is told.
   *
   * @param regIds One, or with `shared` up to 128.
   * @returns A result for each regId, in their order: a refusal of one is no refusal of the others.
   * @throws UndecidedError where the answer was lost: `get` tells who holds it
   */
  add(
    alias: string,
    regIds: string | readonly string[],
    { shared = false }: { readonly shared?: boolean } = {},
  ): Promise<readonly RegistrationResult[]> {
    return this.#change({ alias, shared, add: listOf(regIds) });
  }

  /** Takes an alias from registrations; those that do not hold it are no error. */
  remove(
    alias: string,
    regIds: string | readonly string[],
  ): Promise<readonly RegistrationResult[]> {
    return this.#change({ alias, remove: listOf(regIds) });
  }

  /**
   * Who holds an alias.
   *
   * @throws PushServerError `alias_unknown` where nobody does; `option_invalid` for "." and "..", which no path can name
   */
  async get(alias: string): Promise<AliasAnswerBody> {
    return this.#calls.call("GET", `/v1/aliases/${pathPart("alias", alias)}`);
  }

  async #change(body: unknown): Promise<readonly RegistrationResult[]> {
    const request = { body, isChange: true };
    return (await this.#calls.call<ResultsAnswerBody>("POST", "/v1/aliases", request)).results;
  }
}

/** One regId or several. */
export const listOf = (regIds: string | readonly string[]): readonly string[] =>
  typeof regIds === "string" ? [regIds] : regIds;
