/** A node of a tag with all the members and broadcasts that one can have, as its store holds it. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import type { LogEntry } from "../../../core/tag/calls/broadcast.ts";
import { nodeObjectName, tagIdOf } from "../../../core/tag/name.ts";
import type { TagObject } from "../../../objects/durable/tag.ts";
import { headerText } from "../../../objects/storage/log-row.ts";
import { SqlTagStore } from "../../../objects/storage/tag-store.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { newApp, randomText } from "./client.ts";
import { TAGS } from "./tags.ts";

export interface FullNode {
  readonly app: string;
  readonly stub: DurableObjectStub<TagObject>;
  readonly devices: readonly string[];
  /** Position of the last broadcast. */
  readonly head: number;
  readonly entry: (position: number) => LogEntry;
}

const OUTCOME = {
  ...{ members: 1_000, attached: 1_000, delivered: 1_000, acknowledged: 1_000 },
  ...{ offline: 0, deferred: 0, filtered: 0, failed: 0, expired: 0, collapsed: 0, owed: 0 },
};

export interface FullNodeOptions {
  /** The tables and rows of an older version. */
  readonly isOld?: boolean;
  /** Whether its members are to be called. */
  readonly areAttached?: boolean;
}

/** @param path of the node; empty for the root */
export async function fullNode(
  path: string,
  { isOld = false, areAttached = true }: FullNodeOptions = {},
): Promise<FullNode> {
  const { app } = newApp();
  const name = nodeObjectName({ app, tagId: tagIdOf(app, "news"), path });
  const stub = TAGS.getByName(name);
  const size = path === "" ? LIMITS.ROOT_LOG_ENTRIES : LIMITS.LOG_ENTRIES;
  const devices = Array.from({ length: LIMITS.NODE_MEMBERS }, () => randomText(16));
  const now = Date.now();
  const entry = (position: number): LogEntry => ({
    position,
    seq: (now - 100_000_000 + position) * 1_024,
    expiresAt: now + 1_000_000,
    cover: ["news"],
    condition: null,
    filter: null,
    key: new TextEncoder().encode(String(position).padStart(9, "0")),
    lane: 2,
    contentType: 3,
    data: new Uint8Array(100),
    collapseKey: null,
    pace: null,
    signature: null,
  });
  const attached = areAttached ? `${"_".repeat(166)}w` : "";
  const outcome = JSON.stringify(
    path === ""
      ? { counts: OUTCOME, nodes: 1, listeners: 0, startedAt: now, finishedAt: now }
      : OUTCOME,
  );
  const record = { tag: "news", born: 0, children: {}, live: "token", liveNodes: [] } as const;
  await runInDurableObject(stub, (_, { storage }) => {
    if (isOld) {
      writeOld(storage.sql, { ...record, name }, devices, size, entry, { attached, outcome });
      return;
    }
    const store = new SqlTagStore(storage.sql, name);
    store.writeNode({ ...record, isGapless: true });
    devices.forEach((device, place) => {
      store.putMember({ place, device, joined: 0, since: 0, attached: true, epoch: 0 });
    });
    for (let position = 1; position <= size; position++) {
      const state = { attached, failed: [], outcome, openFrom: null };
      store.putEntry(position % size, entry(position), state);
    }
  });
  await sleep(stub);
  return { app, stub, devices, head: size, entry };
}

/** The object leaves memory. */
export async function sleep(stub: DurableObjectStub<TagObject>): Promise<void> {
  // Only one that runs can.
  await stub.attach({ device: "nobody", after: null });
  await evictDurableObject(stub);
}

/** The tables and rows as they were before members were by device, word for word. */
function writeOld(
  sql: SqlStorage,
  record: unknown,
  devices: readonly string[],
  size: number,
  entry: (position: number) => LogEntry,
  state: { readonly attached: string; readonly outcome: string },
): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS node (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS members (
      place INTEGER PRIMARY KEY, device TEXT NOT NULL, joined INTEGER NOT NULL,
      since INTEGER NOT NULL, attached INTEGER NOT NULL, epoch INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS log (
      slot INTEGER PRIMARY KEY, position INTEGER NOT NULL, header TEXT NOT NULL, state TEXT, data BLOB NOT NULL);
  `);
  sql.exec("INSERT INTO node VALUES (1, ?)", JSON.stringify(record));
  devices.forEach((device, place) => {
    sql.exec("INSERT INTO members VALUES (?, ?, 0, 0, 1, 0)", place, device);
  });
  for (let position = 1; position <= size; position++) {
    const { attached, outcome } = state;
    sql.exec(
      "INSERT INTO log VALUES (?, ?, ?, ?, ?)",
      position % size,
      position,
      headerText(entry(position)),
      JSON.stringify({ attached, failed: [], outcome }),
      entry(position).data,
    );
  }
}
