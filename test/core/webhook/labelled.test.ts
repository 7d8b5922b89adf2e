/** The lists of labels: bounded in time and number. */
import { expect, test, vi } from "vitest";
import { LabelledMessages } from "../../../core/webhook/labelled.ts";
import type { LabelledMessage, LabelQuery } from "../../../core/webhook/types.ts";
import { LIMITS } from "../../../schema/limits.ts";

/** Rows in memory. @param spare rows that are counted and are not there */
class Rows {
  readonly rows: LabelledMessage[] = [];
  readonly #spare: number;

  constructor(spare = 0) {
    this.#spare = spare;
  }

  putLabelled(message: LabelledMessage): void {
    if (!this.rows.some(({ id }) => id === message.id)) this.rows.push(message);
  }

  listLabelled({ label, after, before, limit }: LabelQuery): LabelledMessage[] {
    return this.rows
      .filter((one) => one.label === label && one.at >= after && one.at < before.at)
      .sort((a, b) => b.at - a.at)
      .slice(0, limit);
  }

  readonly countLabelled = vi.fn(() => this.rows.length + this.#spare);

  oldestLabelled(limit: number): LabelledMessage[] {
    return this.rows.toSorted((a, b) => a.at - b.at).slice(0, limit);
  }

  removeLabelled({ id }: LabelledMessage): void {
    const at = this.rows.findIndex((one) => one.id === id);
    this.rows.splice(at, 1);
  }
}

const message = (id: string, at: number): LabelledMessage => ({
  ...{ label: "l", at, id, regId: "r" },
});
const ALL: LabelQuery = { label: "l", after: 0, before: { at: 1e15, id: "" }, limit: 10 };
const ids = (messages: readonly LabelledMessage[]) => messages.map(({ id }) => id);

test("F5 those older than 30 days are in no page, and the next ones remove them", () => {
  const rows = new Rows();
  const list = new LabelledMessages(rows);
  list.add([message("a", 1_000), message("b", 2_000)], 2_000);
  const later = 1_000 + LIMITS.LABELLED_MS;
  expect(ids(list.page(ALL, later))).toEqual(["b", "a"]);
  expect(ids(list.page(ALL, later + 1))).toEqual(["b"]);
  list.add([message("c", later + 1)], later + 1);
  expect(ids(rows.rows)).toEqual(["b", "c"]);
  expect(rows.countLabelled).toHaveBeenCalledTimes(1);
});

test("F5 at the bound the oldest go, and a repetition removes none", () => {
  const rows = new Rows(LIMITS.LABELLED_ROWS - 3);
  const list = new LabelledMessages(rows);
  const three = [message("a", 1), message("b", 2), message("c", 3)];
  list.add(three, 10);
  list.add(three, 10);
  expect(rows.rows).toHaveLength(3);
  list.add([message("d", 4)], 10);
  expect(ids(rows.rows)).toEqual(["b", "c", "d"]);
});
