/** What every AliasStore does, told from outside: run on each implementation. */
import { expect } from "vitest";
import type { AliasRecord, AliasStore } from "../../../core/alias/host.ts";

export interface AliasStoreCase {
  readonly name: string;
  run(store: AliasStore): void;
}

const record: AliasRecord = { app: "AAAAAAAAAAA", alias: "имя", shared: false, holders: [] };

/** Each case gets a store that holds nothing. */
export const ALIAS_STORE_CASES: readonly AliasStoreCase[] = [
  {
    name: "a store of nothing has no record",
    run(store) {
      expect(store.read()).toBeNull();
    },
  },
  {
    name: "the record is what was written last, its holders in their order",
    run(store) {
      store.write(record);
      expect(store.read()).toEqual(record);
      const holders = Array.from({ length: 128 }, (_, i) => ({
        device: `device-${127 - i}`,
        generation: i,
      }));
      store.write({ ...record, shared: true, holders });
      expect(store.read()).toEqual({ ...record, shared: true, holders });
      const taken = [
        { key: "AAAAAAAAAAAA", device: "d", generation: 1, seq: 2, fingerprint: null, at: 3 },
      ];
      store.write({ ...record, taken });
      expect(store.read()).toEqual({ ...record, taken });
    },
  },
  {
    name: "P8.12 one that is erased has no record, and takes another",
    run(store) {
      store.write(record);
      store.erase();
      expect(store.read()).toBeNull();
      store.write({ ...record, shared: true });
      expect(store.read()).toEqual({ ...record, shared: true });
    },
  },
];
