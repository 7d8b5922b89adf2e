/** The rules of the list of apps: bounded, without duplicates. */
import { LIMITS } from "../../schema/limits.ts";

export interface DirectoryEntry {
  readonly appId: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** The storage port of the list. Every call takes effect before it returns. */
export interface DirectoryStore {
  count(): number;
  has(appId: string): boolean;
  add(entry: DirectoryEntry): void;
  /** False if it is not listed. */
  remove(appId: string): boolean;
  /** Oldest first. */
  list(): readonly DirectoryEntry[];
}

/** Adds an app, unless it is listed already. @returns false at `LIMITS.APPS` */
export function addToDirectory(store: DirectoryStore, entry: DirectoryEntry): boolean {
  if (store.has(entry.appId)) return true;
  if (store.count() >= LIMITS.APPS) return false;
  store.add(entry);
  return true;
}
