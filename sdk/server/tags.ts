/** The tags of an app. */
import type {
  LiveAccessName,
  RegistrationResult,
  TagAnswerBody,
  TagBody,
  TagsAnswerBody,
  TagsQuery,
} from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { listOf } from "./aliases.ts";
import {
  checkArguments,
  nameArgument,
  OPTIONS_ARGUMENT,
  QUERY_ARGUMENT,
  REG_IDS_ARGUMENT,
  textArgument,
} from "./arguments.ts";
import type { CallOptions } from "./call.ts";
import { optionError } from "./errors.ts";
import { pathPart } from "./path.ts";
import type { SignedCalls } from "./signed-calls.ts";
import { signedToken } from "./signed-token.ts";

/** Filters, order and size of a page of tags. */
export type TagQuery = TagsQuery;

export class Tags {
  readonly #calls: SignedCalls;

  /** @internal */
  constructor(calls: SignedCalls) {
    this.#calls = calls;
  }

  /**
   * Subscribes registrations to a tag. Those that are already in it stay as they are.
   *
   * @param regIds Any number: more than 1,000 are sent in several calls.
   * @returns A result for each regId, in order: if one is refused, the others are not.
   * @throws UndecidedError if an answer was lost: `registration` shows the tags of a registration
   */
  add(
    tag: string,
    regIds: string | readonly string[],
    options: CallOptions = {},
  ): Promise<readonly RegistrationResult[]> {
    return this.#change(tag, "add", listOf(regIds), options);
  }

  /** Unsubscribes registrations from a tag. It is not an error if they are not in it. */
  remove(
    tag: string,
    regIds: string | readonly string[],
    options: CallOptions = {},
  ): Promise<readonly RegistrationResult[]> {
    return this.#change(tag, "remove", listOf(regIds), options);
  }

  /**
   * Gets one tag: its members, nodes and listeners, and who may listen.
   *
   * @throws PushServerError `tag_unknown`; `option_invalid` for "", "." and "..", which no path can name: use `page`
   */
  async get(tag: string, { signal }: CallOptions = {}): Promise<TagAnswerBody> {
    return this.#calls.call<"getTag">("GET", `/v1/tags/${pathPart("tag", tag)}`, { signal });
  }

  /** A page of the app's tags. Counts are up to 10 s old for each level of a tag's tree, plus 10 s. */
  page(query: TagQuery = {}, { signal }: CallOptions = {}): Promise<TagsAnswerBody> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) search.set(name, String(value));
    }
    const path = search.size === 0 ? "/v1/tags" : (`/v1/tags?${search}` as const);
    return this.#calls.call<"listTags">("GET", path, { signal });
  }

  /** All tags that fit, page after page. */
  async *list(
    query: Omit<TagQuery, "cursor"> = {},
    options: CallOptions = {},
  ): AsyncGenerator<TagBody, void, undefined> {
    let cursor: string | undefined;
    do {
      const { tags, next } = await this.page({ ...query, cursor }, options);
      yield* tags;
      cursor = next ?? undefined;
    } while (cursor !== undefined);
  }

  /**
   * Sets who may listen live: nobody (`closed`), holders of a token (`token`, the default), or anyone (`open`).
   *
   * @throws PushServerError `option_invalid` for "", "." and "..", which no path can name
   */
  async setLive(tag: string, access: LiveAccessName, { signal }: CallOptions = {}): Promise<void> {
    const request = { body: { access }, isChange: true, signal };
    await this.#calls.call<"setLiveAccess">(
      "PUT",
      `/v1/tags/${pathPart("tag", tag)}/live`,
      request,
    );
  }

  /**
   * Creates a token for a page to listen to a tag. Makes no call.
   *
   * @param options - `ttlSeconds`: how long the token can start a connection, 1 to 86,400. Default 3,600.
   * @throws PushServerError `option_invalid`
   */
  async listenToken(
    tag: string,
    { ttlSeconds = 3_600 }: { readonly ttlSeconds?: number } = {},
  ): Promise<string> {
    const most = LIMITS.LISTEN_TOKEN_MAX_AGE_SECONDS;
    if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > most) {
      throw optionError(`ttlSeconds: ${ttlSeconds} must be whole seconds, 1 to ${most}`);
    }
    const { keyId, host } = this.#calls;
    const iat = Math.floor(host.now() / 1_000);
    const claims = { tag, iat, exp: iat + ttlSeconds };
    return signedToken(await this.#calls.signer(), { keyId, typ: "pushmesh-listen+jwt" }, claims);
  }

  async #change(
    tag: string,
    how: "add" | "remove",
    regIds: readonly string[],
    { signal }: CallOptions,
  ): Promise<readonly RegistrationResult[]> {
    const results: RegistrationResult[] = [];
    for (let at = 0; at < regIds.length; at += LIMITS.SUBSCRIBE_REGISTRATIONS) {
      const some = regIds.slice(at, at + LIMITS.SUBSCRIBE_REGISTRATIONS);
      const answer = await this.#calls.call<"changeMembers">("POST", "/v1/tags/members", {
        body: { tag, [how]: some },
        timeoutMs: MEMBERS_TIMEOUT_MS,
        isChange: true,
        signal,
      });
      results.push(...answer.results);
    }
    return results;
  }
}

/** A thousand registrations take a thousand calls of objects, some of which may have to wait. */
const MEMBERS_TIMEOUT_MS = 60_000;

checkArguments(Tags.prototype, {
  add: [nameArgument("tag"), REG_IDS_ARGUMENT, OPTIONS_ARGUMENT],
  remove: [nameArgument("tag"), REG_IDS_ARGUMENT, OPTIONS_ARGUMENT],
  get: [nameArgument("tag"), OPTIONS_ARGUMENT],
  page: [QUERY_ARGUMENT, OPTIONS_ARGUMENT],
  list: [QUERY_ARGUMENT, OPTIONS_ARGUMENT],
  setLive: [nameArgument("tag"), textArgument("access"), OPTIONS_ARGUMENT],
  listenToken: [nameArgument("tag"), OPTIONS_ARGUMENT],
});
