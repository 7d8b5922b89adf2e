/** What a live node's store does, whichever host keeps it. */
import { expect } from "vitest";
import type { LiveEntry, LiveStore } from "../../../core/live/store.ts";

const entry = (position: number, fields: Partial<LiveEntry> = {}): LiveEntry => ({
  position,
  expiresAt: 1_800_000_000_000,
  collapseKey: null,
  text: `{"cursor":${position}}`,
  ...fields,
});

export const LIVE_STORE_CASES: readonly {
  readonly name: string;
  readonly run: (store: LiveStore) => void;
}[] = [
  {
    name: "holds nothing at first",
    run: (store) => expect(store.read()).toBeNull(),
  },
  {
    name: "keeps the node",
    run: (store) => {
      const record = { tag: "news/ü", born: 7 };
      store.write(record);
      expect(store.read()).toEqual(record);
      expect(store.list()).toEqual([]);
    },
  },
  {
    name: "keeps entries in order of position, as they were",
    run: (store) => {
      store.write({ tag: "news", born: 0 });
      const entries = [
        entry(9, { text: null }),
        entry(10, { expiresAt: null }),
        entry(130, { collapseKey: "ü" }),
      ];
      for (const each of entries.toReversed()) store.put(each.position % 128, each);
      expect(store.list()).toEqual(entries);
    },
  },
  {
    name: "puts an entry in place of the one in its slot",
    run: (store) => {
      store.write({ tag: "news", born: 0 });
      store.put(1, entry(1, { collapseKey: "k" }));
      store.put(1, entry(129, { text: null, expiresAt: null }));
      expect(store.list()).toEqual([entry(129, { text: null, expiresAt: null })]);
    },
  },
];
