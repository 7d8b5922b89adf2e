/** The messages of an app by their labels. */
import type { MessagesAnswerBody, MessagesQuery } from "../../schema/http.ts";
import { checkArguments, OPTIONS_ARGUMENT, objectArgument } from "./arguments.ts";
import type { CallOptions } from "./call.ts";
import type { SignedCalls } from "./signed-calls.ts";

/** A message of a list. */
export type ListedMessage = MessagesAnswerBody["messages"][number];

export class Messages {
  readonly #calls: SignedCalls;

  /** @internal */
  constructor(calls: SignedCalls) {
    this.#calls = calls;
  }

  /** A page of the messages with a label, newest first: up to 100. */
  page(query: MessagesQuery, { signal }: CallOptions = {}): Promise<MessagesAnswerBody> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) search.set(name, String(value));
    return this.#calls.call<"listMessages">("GET", `/v1/messages?${search}`, { signal });
  }

  /**
   * Iterates over all messages to registrations and aliases with a label of the last 30 days, newest first, page by page. `status` tells how each went.
   *
   * @param query.after - Accepted at this time or later, milliseconds since 1970.
   * @param query.before - Accepted before it.
   * @example
   * for await (const { id, to } of push.messages.list({ label: "order-17" })) console.log(to, (await push.status(id)).status);
   */
  async *list(
    query: MessagesQuery,
    options: CallOptions = {},
  ): AsyncGenerator<ListedMessage, void, undefined> {
    let cursor: string | null | undefined = query.cursor;
    do {
      const page = { ...query, ...(cursor === undefined ? {} : { cursor }) };
      const { messages, next } = await this.page(page, options);
      yield* messages;
      cursor = next ?? undefined;
    } while (cursor !== undefined);
  }
}

checkArguments(Messages.prototype, {
  page: [objectArgument("query"), OPTIONS_ARGUMENT],
});
