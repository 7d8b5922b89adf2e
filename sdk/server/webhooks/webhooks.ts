/** The webhooks of an app: URLs of its server that the mesh sends events to. */
import type {
  DeadLettersBody,
  DeadLettersQuery,
  ReplayAnswerBody,
  WebhookBody,
  WebhookChange,
  WebhookSettings,
  WebhookStateBody,
  WebhookTestBody,
  WebhookWithSecretBody,
} from "../../../schema/http.ts";
import {
  checkArguments,
  OPTIONS_ARGUMENT,
  objectArgument,
  QUERY_ARGUMENT,
  textArgument,
} from "../arguments.ts";
import type { CallOptions } from "../call.ts";
import type { SignedCalls } from "../signed-calls.ts";

export interface RotateOptions extends CallOptions {
  /** How long the old secret signs beside the new one, 0 to 604,800. Default 86,400, set by the mesh. */
  readonly overlapSeconds?: number;
}

export interface ReplayOptions extends CallOptions {
  /** Ids of dead letters, at most 100. Default: all. */
  readonly ids?: readonly string[];
}

/** A request that the mesh gave up, with its events. */
export type DeadLetter = DeadLettersBody["deadLetters"][number];

export class Webhooks {
  readonly #calls: SignedCalls;

  /** @internal */
  constructor(calls: SignedCalls) {
    this.#calls = calls;
  }

  /**
   * Creates a webhook: the mesh sends events to its URL from now on. docs/webhooks.md says which, and how to receive them.
   *
   * @returns It with its secret, which no other answer has: store it, and pass it to `verifyWebhook`.
   * @throws PushServerError `webhook_url_refused` for a URL that the mesh may not call, `too_many_webhooks`, `webhooks_off`;
   *   `outcome_unknown` if the answer was lost: list them, and delete the one whose secret you do not have
   * @example
   * const { id, secret } = await push.webhooks.create({ url: "https://example.com/push-events", events: ["clicked"] });
   */
  create(settings: WebhookSettings, { signal }: CallOptions = {}): Promise<WebhookWithSecretBody> {
    const request = { body: settings, isChange: true, signal };
    return this.#calls.call<"createWebhook">("POST", "/v1/webhooks", request);
  }

  /** Lists the webhooks of the app, at most eight. */
  async list({ signal }: CallOptions = {}): Promise<readonly WebhookBody[]> {
    const { webhooks } = await this.#calls.call<"listWebhooks">("GET", "/v1/webhooks", { signal });
    return webhooks;
  }

  /** Gets a webhook with its health: how many events wait, since when it fails and why. @throws PushServerError `webhook_not_found` */
  get(id: string, { signal }: CallOptions = {}): Promise<WebhookStateBody> {
    return this.#calls.call<"getWebhook">("GET", pathOf(id), { signal });
  }

  /**
   * Changes the settings that are named; the others stay. `disabled: false` enables a webhook again.
   *
   * @throws PushServerError as `create`, and `webhook_not_found`
   */
  change(id: string, change: WebhookChange, { signal }: CallOptions = {}): Promise<WebhookBody> {
    const request = { body: change, isChange: true, signal };
    return this.#calls.call<"changeWebhook">("PATCH", pathOf(id), request);
  }

  /** Deletes a webhook, with its waiting events and its dead letters. */
  async delete(id: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#calls.call<"deleteWebhook">("DELETE", pathOf(id), { isChange: true, signal });
  }

  /** Gives a webhook a new secret. Until the overlap ends, requests are signed with both. */
  rotate(
    id: string,
    { signal, overlapSeconds }: RotateOptions = {},
  ): Promise<WebhookWithSecretBody> {
    const body = overlapSeconds === undefined ? {} : { overlapSeconds };
    const request = { body, isChange: true, signal };
    return this.#calls.call<"rotateWebhook">("POST", `${pathOf(id)}/rotate`, request);
  }

  /** Sends an event of type `test` now, and returns the receiver's answer. */
  test(id: string, { signal }: CallOptions = {}): Promise<WebhookTestBody> {
    const request = { body: {}, timeoutMs: TEST_TIMEOUT_MS, isChange: true, signal };
    return this.#calls.call<"testWebhook">("POST", `${pathOf(id)}/test`, request);
  }

  /** Gets a page of dead letters: requests that could not be delivered within a day. */
  deadLetterPage(
    id: string,
    query: DeadLettersQuery = {},
    { signal }: CallOptions = {},
  ): Promise<DeadLettersBody> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) search.set(name, String(value));
    return this.#calls.call<"listDeadLetters">("GET", `${pathOf(id)}/dead-letters?${search}`, {
      signal,
    });
  }

  /** Iterates over all dead letters, page by page. */
  async *deadLetters(
    id: string,
    options: CallOptions = {},
  ): AsyncGenerator<DeadLetter, void, undefined> {
    let cursor: string | undefined;
    do {
      const { deadLetters, next } = await this.deadLetterPage(id, { cursor }, options);
      yield* deadLetters;
      cursor = next ?? undefined;
    } while (cursor !== undefined);
  }

  /**
   * Retries dead letters for another day, with the `webhook-id` that they had.
   *
   * @returns How many requests.
   */
  async replay(id: string, { signal, ids }: ReplayOptions = {}): Promise<number> {
    let replayed = 0;
    for (let answer: ReplayAnswerBody | undefined; answer?.more !== false; ) {
      const request = { body: ids === undefined ? {} : { ids }, isChange: true, signal };
      const path = `${pathOf(id)}/replay` as const;
      answer = await this.#calls.call<"replayDeadLetters">("POST", path, request);
      replayed += answer.replayed;
      if (answer.replayed === 0) break;
    }
    return replayed;
  }
}

/** The mesh waits ten seconds for the receiver (`WEBHOOK_ANSWER_MS`), and then still answers. */
const TEST_TIMEOUT_MS = 30_000;

const pathOf = (id: string) => `/v1/webhooks/${encodeURIComponent(id)}` as const;

const ID = textArgument("id");

checkArguments(Webhooks.prototype, {
  create: [objectArgument("settings"), OPTIONS_ARGUMENT],
  get: [ID, OPTIONS_ARGUMENT],
  change: [ID, objectArgument("change"), OPTIONS_ARGUMENT],
  delete: [ID, OPTIONS_ARGUMENT],
  rotate: [ID, OPTIONS_ARGUMENT],
  test: [ID, OPTIONS_ARGUMENT],
  deadLetterPage: [ID, QUERY_ARGUMENT, OPTIONS_ARGUMENT],
  replay: [ID, OPTIONS_ARGUMENT],
});
