/** The store of an app's webhooks, in the shared database. */
import type { Keyring } from "../../../core/identity/keyring.ts";
import { StoredSecrets } from "../../../core/identity/stored-secrets.ts";
import { firstWebhookName } from "../../../core/webhook/names.ts";
import type { BatchRecord, HealthRecord, PacketHead } from "../../../core/webhook/store.ts";
import type { Endpoint, LabelledMessage } from "../../../core/webhook/types.ts";
import { WebhookRows } from "../../../objects/storage/webhook-store.ts";
import type { AlarmRow } from "./alarm-row.ts";
import type { Database } from "./database.ts";
import { ObjectAlarm } from "./object-alarm.ts";
import { ObjectWriter } from "./object-writer.ts";
import { SharedTables } from "./shared-tables.ts";

/** Rows are keyed by the object's ID; only one contains its name. */
export class SharedWebhookStore extends WebhookRows<SharedTables> implements AlarmRow {
  readonly #db: Database;
  readonly #name: string;
  readonly #writer: ObjectWriter;
  readonly #alarm: ObjectAlarm;

  /** @param writer of the object */
  constructor(db: Database, keyring: Keyring, name: string, writer = new ObjectWriter(db)) {
    const row = db.get<{ id: number; at: number | null }>(
      "SELECT id, at FROM webhooks LEFT JOIN webhook_alarms ON webhook = id WHERE name = ?",
      name,
    );
    super(
      new SharedTables(db, row?.id ?? null, writer),
      new StoredSecrets(keyring, firstWebhookName(name)),
    );
    this.#db = db;
    this.#name = name;
    this.#writer = writer;
    this.#alarm = new ObjectAlarm(writer, "webhook_alarms", "webhook", row?.at ?? null);
  }

  /** The object's ID in the tables; null until it stores something. */
  get id(): number | null {
    return this.tables.scope as number | null;
  }

  get exists(): boolean {
    return this.id !== null;
  }

  get alarmAt(): number | null {
    return this.#alarm.at;
  }

  setAlarm(at: number): void {
    this.#alarm.set(this.id, at);
  }

  clearAlarm(): void {
    this.#alarm.clear(this.id);
  }

  override putEndpoint(endpoint: Endpoint): void {
    this.#create();
    super.putEndpoint(endpoint);
  }

  override putPacket(head: PacketHead, body: string): void {
    this.#create();
    super.putPacket(head, body);
  }

  override putBatch(batch: BatchRecord): void {
    this.#create();
    super.putBatch(batch);
  }

  override putHealth(health: HealthRecord): void {
    this.#create();
    super.putHealth(health);
  }

  override putSeen(packet: string, until: number): void {
    this.#create();
    super.putSeen(packet, until);
  }

  override putLabelled(message: LabelledMessage): void {
    this.#create();
    super.putLabelled(message);
  }

  override erase(): void {
    this.#alarm.erase(this.id);
    super.erase();
    this.#writer.run("DELETE FROM webhooks WHERE id = ?", this.id);
    this.tables.scope = null;
  }

  #create(): void {
    if (this.tables.scope !== null) return;
    this.#writer.run("INSERT INTO webhooks (name) VALUES (?)", this.#name);
    const row = this.#db.get<{ id: number }>("SELECT id FROM webhooks WHERE name = ?", this.#name);
    this.tables.scope = row?.id ?? null;
  }
}
