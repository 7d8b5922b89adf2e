/** Converts the stored state of an alias to a line of an export, and back. */
import type { AliasLine } from "../../schema/export.ts";
import type { AliasStore } from "../alias/host.ts";

/** @returns null for an alias that was never set */
export function readAlias(store: AliasStore): AliasLine | null {
  const record = store.read();
  if (record === null) return null;
  const { app, alias, shared, holders, taken } = record;
  return {
    ...{ kind: "alias", app, alias, shared, holders: [...holders] },
    ...(taken === undefined ? {} : { taken: [...taken] }),
  };
}

/** @throws Error if the store has an alias already */
export function writeAlias(store: AliasStore, { kind: _, begun: __, ...record }: AliasLine): void {
  if (store.read() !== null) throw new Error(`alias ${record.alias} is there already`);
  store.write(record);
}
