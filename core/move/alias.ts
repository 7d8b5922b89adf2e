/** What one alias stores, as a line of an export, and back: the same for every host. */
import type { AliasLine } from "../../schema/export.ts";
import type { AliasStore } from "../alias/host.ts";

/** @returns null for an alias that was never set */
export function readAlias(store: AliasStore): AliasLine | null {
  const record = store.read();
  if (record === null) return null;
  const { begun, ...rest } = record;
  const recent = begun === undefined ? {} : { begun: [...begun] };
  return { kind: "alias", ...rest, holders: [...record.holders], ...recent };
}

/** @throws Error where the store holds an alias already */
export function writeAlias(store: AliasStore, { kind: _, begun, ...record }: AliasLine): void {
  if (store.read() !== null) throw new Error(`alias ${record.alias} is there already`);
  store.write(begun === undefined ? record : { ...record, begun });
}
