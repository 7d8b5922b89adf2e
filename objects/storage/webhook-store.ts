/** The rows of an app's webhooks, in one of its objects. docs/storage.md describes the tables. */
import type { StoredSecrets } from "../../core/identity/stored-secrets.ts";
import type {
  BatchRecord,
  HealthRecord,
  PacketHead,
  WebhookStore,
} from "../../core/webhook/store.ts";
import type { Endpoint, LabelledMessage, LabelQuery } from "../../core/webhook/types.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import { OwnTables } from "./own-tables.ts";
import type { Sql } from "./sql.ts";
import { type ObjectTables, Table } from "./table.ts";

const scope = "webhook";
const ENDPOINTS = new Table({
  own: { name: "endpoint" },
  shared: { name: "webhook_endpoints", scope },
});
const PACKETS = new Table({
  own: { name: "packet" },
  shared: { name: "webhook_packets", scope },
});
const BATCHES = new Table({
  own: { name: "batch" },
  shared: { name: "webhook_batches", scope },
});
const HEALTH = new Table({
  own: { name: "health" },
  shared: { name: "webhook_health", scope },
});
const SEEN = new Table({
  own: { name: "seen" },
  shared: { name: "webhook_seen", scope },
});

const LABELLED = new Table({
  own: { name: "labelled" },
  shared: { name: "webhook_labelled", scope },
  names: ["label"],
});

const LIST_ENDPOINTS = ENDPOINTS.select(["value"]);
const PUT_ENDPOINT = ENDPOINTS.put(["id", "value"], ["id"]);
const DELETE_ENDPOINT = ENDPOINTS.delete(["id"]);

const HEAD = ["seq", "endpoint", "packet", "events", "bytes", "at"];
const LIST_PACKETS = PACKETS.select(HEAD, { tail: "ORDER BY seq" });
const PUT_PACKET = PACKETS.insert([...HEAD, "body"]);
const READ_PACKET = PACKETS.select(["body"], { where: "seq = ?" });
const DELETE_PACKET = PACKETS.delete(["seq"]);

const BATCH = [
  ...["seq", "last", "endpoint", "id", "events", "state", "attempts", "since", "at", "error"],
];
const LIST_BATCHES = BATCHES.select(BATCH, { tail: "ORDER BY seq" });
const PUT_BATCH = BATCHES.put(BATCH, ["seq"]);
const DELETE_BATCH = BATCHES.delete(["seq"]);

const LIST_HEALTH = HEALTH.select(["value"]);
const PUT_HEALTH = HEALTH.put(["endpoint", "value"], ["endpoint"]);
const DELETE_HEALTH = HEALTH.delete(["endpoint"]);

const READ_SEEN = SEEN.select(["until"], { where: "packet = ?" });
const PUT_SEEN = SEEN.put(["packet", "until"], ["packet"]);
const LIST_OVER = SEEN.select(["packet"], { where: "until <= ?", tail: "LIMIT ?" });
const FIRST_SEEN = SEEN.select(["MIN(until) AS until"]);
const DELETE_SEEN = SEEN.delete(["packet"]);

const LABELLED_ROW = ["label", "at", "id", "reg_id"];
const LABELLED_KEY = ["label", "at", "id"];
const LABELLED_FIELDS = ["label", "at", "id", "reg_id AS regId"];
const PUT_LABELLED = LABELLED.put(LABELLED_ROW, LABELLED_KEY);
const LIST_LABELLED = LABELLED.select(LABELLED_FIELDS, {
  where: "label = ? AND at >= ? AND (at, id) < (?, ?)",
  tail: "ORDER BY at DESC, id DESC LIMIT ?",
});
const OLDEST_LABELLED = LABELLED.select(LABELLED_FIELDS, { tail: "ORDER BY at LIMIT ?" });
const COUNT_LABELLED = LABELLED.select(["COUNT(*) AS n"]);
const DELETE_LABELLED = LABELLED.delete(LABELLED_KEY);

const ALL = [ENDPOINTS, PACKETS, BATCHES, HEALTH, SEEN, LABELLED].map((table) => table.delete());

/** An endpoint as its row has it: secrets sealed, in base64url. */
interface StoredEndpoint extends Omit<Endpoint, "secrets"> {
  readonly secrets: readonly { readonly sealed: string; readonly until: number | null }[];
}

/** Part of what secrets are sealed with. */
const rowOf = (endpoint: string): string => `webhook ${endpoint}`;

/** On either kind of database. */
export abstract class WebhookRows<Tables extends ObjectTables> implements WebhookStore {
  protected readonly tables: Tables;
  readonly #secrets: StoredSecrets;
  /** Read once: nobody else writes the rows of an object while it lives. */
  #endpoints: readonly Endpoint[] | null = null;
  /** What is stored of a secret that the newest mesh key has sealed. */
  readonly #sealed = new WeakMap<Uint8Array, string>();
  #hasStaleSecrets = false;

  /** @param secrets of the app, which all of its objects share */
  constructor(tables: Tables, secrets: StoredSecrets) {
    this.tables = tables;
    this.#secrets = secrets;
  }

  abstract get exists(): boolean;

  endpoints(): readonly Endpoint[] {
    this.#endpoints ??= this.tables
      .all<{ value: string }>(LIST_ENDPOINTS)
      .map(({ value }) => this.#opened(JSON.parse(value) as StoredEndpoint))
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
    return this.#endpoints;
  }

  #opened({ secrets, ...endpoint }: StoredEndpoint): Endpoint {
    const opened = secrets.map(({ sealed, until }) => {
      const bytes = fromBase64Url(sealed) ?? new Uint8Array();
      const found = this.#secrets.open(rowOf(endpoint.id), bytes);
      if (found === null) return { secret: null, until };
      if (found.isStale) this.#hasStaleSecrets = true;
      else this.#sealed.set(found.secret, sealed);
      return { secret: found.secret, until };
    });
    return { ...endpoint, secrets: opened };
  }

  get hasStaleSecrets(): boolean {
    return this.#hasStaleSecrets;
  }

  sealStaleSecrets(): number {
    const endpoints = this.endpoints();
    if (!this.#hasStaleSecrets) return 0;
    this.#hasStaleSecrets = false;
    for (const endpoint of endpoints) this.putEndpoint(endpoint);
    return endpoints.length;
  }

  putEndpoint({ secrets, ...endpoint }: Endpoint): void {
    const sealed = secrets.flatMap(({ secret, until }) => {
      if (secret === null) return [];
      const standing = this.#sealed.get(secret);
      const text = standing ?? toBase64Url(this.#secrets.seal(rowOf(endpoint.id), secret));
      return [{ sealed: text, until }];
    });
    this.#endpoints = null;
    this.tables.run(PUT_ENDPOINT, endpoint.id, JSON.stringify({ ...endpoint, secrets: sealed }));
  }

  removeEndpoint(id: string): void {
    this.#endpoints = null;
    this.tables.run(DELETE_ENDPOINT, id);
  }

  packets(): readonly PacketHead[] {
    return this.tables.all<PacketHead>(LIST_PACKETS);
  }

  putPacket({ seq, endpoint, packet, events, bytes, at }: PacketHead, body: string): void {
    this.tables.run(PUT_PACKET, seq, endpoint, packet, events, bytes, at, body);
  }

  readPacket(seq: number): string | null {
    return this.tables.get<{ body: string }>(READ_PACKET, seq)?.body ?? null;
  }

  removePacket(seq: number): void {
    this.tables.run(DELETE_PACKET, seq);
  }

  batches(): readonly BatchRecord[] {
    return this.tables.all<BatchRecord>(LIST_BATCHES);
  }

  putBatch({ seq, last, endpoint, id, events, state, ...batch }: BatchRecord): void {
    const { attempts, since, at, error } = batch;
    this.tables.run(
      PUT_BATCH,
      ...[seq, last, endpoint, id, events, state, attempts, since, at, error],
    );
  }

  removeBatch(seq: number): void {
    this.tables.run(DELETE_BATCH, seq);
  }

  health(): readonly HealthRecord[] {
    const rows = this.tables.all<{ value: string }>(LIST_HEALTH);
    return rows.map(({ value }) => JSON.parse(value) as HealthRecord);
  }

  putHealth(health: HealthRecord): void {
    this.tables.run(PUT_HEALTH, health.endpoint, JSON.stringify(health));
  }

  removeHealth(endpoint: string): void {
    this.tables.run(DELETE_HEALTH, endpoint);
  }

  wasSeen(packet: string): boolean {
    return this.tables.get(READ_SEEN, packet) !== undefined;
  }

  putSeen(packet: string, until: number): void {
    this.tables.run(PUT_SEEN, packet, until);
  }

  forgetSeen(now: number, limit: number): number {
    const over = this.tables.all<{ packet: string }>(LIST_OVER, now, limit);
    for (const { packet } of over) this.tables.run(DELETE_SEEN, packet);
    return over.length;
  }

  seenUntil(): number | null {
    return this.tables.get<{ until: number | null }>(FIRST_SEEN)?.until ?? null;
  }

  putLabelled({ label, at, id, regId }: LabelledMessage): void {
    this.tables.run(PUT_LABELLED, label, at, id, regId);
  }

  listLabelled({ label, after, before, limit }: LabelQuery): readonly LabelledMessage[] {
    return this.tables.all<LabelledMessage>(
      LIST_LABELLED,
      ...[label, after, before.at, before.id, limit],
    );
  }

  countLabelled(): number {
    return this.tables.get<{ n: number }>(COUNT_LABELLED)?.n ?? 0;
  }

  oldestLabelled(limit: number): readonly LabelledMessage[] {
    return this.tables.all<LabelledMessage>(OLDEST_LABELLED, limit);
  }

  removeLabelled({ label, at, id }: LabelledMessage): void {
    this.tables.run(DELETE_LABELLED, label, at, id);
  }

  erase(): void {
    this.#endpoints = null;
    this.tables.erase(ALL);
  }
}

const OWN_ENDPOINTS = { endpoint: "(id TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID" };
const OWN_QUEUE = {
  packet: `(
    seq INTEGER PRIMARY KEY, endpoint TEXT NOT NULL, packet TEXT NOT NULL, events INTEGER NOT NULL, bytes INTEGER NOT NULL,
    at INTEGER NOT NULL, body TEXT NOT NULL)`,
  batch: `(
    seq INTEGER PRIMARY KEY, last INTEGER NOT NULL, endpoint TEXT NOT NULL, id TEXT NOT NULL, events INTEGER NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, since INTEGER NOT NULL, at INTEGER NOT NULL, error TEXT)`,
  health: "(endpoint TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
};
/** Made by the first call that asks to be recognised for longer. */
const OWN_SEEN = { seen: "(packet TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID" };
/** Made by the app's first message with a label. The index is by what rows are removed. */
const OWN_LABELLED = {
  labelled: `(
    label TEXT, at INTEGER, id TEXT, reg_id TEXT NOT NULL, PRIMARY KEY (label, at, id)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS labelled_at ON labelled (at)`,
};

/** On the SQLite of the object itself. */
export class SqlWebhookStore extends WebhookRows<OwnTables> {
  constructor(sql: Sql, secrets: StoredSecrets) {
    super(new OwnTables(sql, [OWN_ENDPOINTS, OWN_QUEUE, OWN_SEEN, OWN_LABELLED]), secrets);
  }

  get exists(): boolean {
    return this.tables.exist;
  }
}
