/** The lists of an app's labels, in one object of the app: messages that were sent with a label, bounded in time and number. */
import { LIMITS } from "../../schema/limits.ts";
import type { WebhookStore } from "./store.ts";
import type { LabelledMessage, LabelQuery } from "./types.ts";

type LabelStore = Pick<
  WebhookStore,
  "countLabelled" | "listLabelled" | "oldestLabelled" | "putLabelled" | "removeLabelled"
>;

/** How many old rows a new one removes at most: more than one, so that a backlog shrinks. */
const SWEPT = 2;

export class LabelledMessages {
  readonly #store: LabelStore;
  /** At least as many as there are rows: a repetition counts again. Null if it is not known yet. */
  #count: number | null = null;

  constructor(store: LabelStore) {
    this.#store = store;
  }

  /** Safe to repeat. */
  add(messages: readonly LabelledMessage[], now: number): void {
    if (messages.length === 0) return;
    for (const message of messages) this.#store.putLabelled(message);
    this.#count =
      this.#count === null ? this.#store.countLabelled() : this.#count + messages.length;
    if (this.#count > LIMITS.LABELLED_ROWS) this.#count = this.#store.countLabelled();
    const oldest = this.#store.oldestLabelled(messages.length * SWEPT);
    const excess = this.#count - LIMITS.LABELLED_ROWS;
    const over = oldest.filter(({ at }, n) => n < excess || now - at > LIMITS.LABELLED_MS);
    for (const message of over) this.#store.removeLabelled(message);
    this.#count -= over.length;
  }

  /** Those that are not over, newest first. */
  page(query: LabelQuery, now: number): readonly LabelledMessage[] {
    const after = Math.max(query.after, now - LIMITS.LABELLED_MS);
    return this.#store.listLabelled({ ...query, after });
  }
}
