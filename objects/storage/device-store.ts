/** The rows of a device on the SQLite of its own object. docs/storage.md describes the tables. */
import type {
  AccountRecord,
  DeviceStore,
  EncryptionKey,
  LinkRecord,
} from "../../core/device/store.ts";
import { DeviceRows } from "./device-rows.ts";
import { DeviceTables } from "./device-tables.ts";
import type { Sql } from "./sql.ts";

/** Rows of `state`. In the shared database they are columns: of the device, or of the registration. */
const ACCOUNT = 1;
const LINK = 2;
/** Plus the slot: the encryption key of its registration. In this table because one of its own would cost every device 2 rows. */
const ENCRYPTION_KEYS = 1_000;
/** Bound parameters of one statement (platform limit: 100). */
const PARAMETERS = 100;

/** The account as it is stored, with the name of the object, because the database file does not tell that by itself. */
type StoredAccount = AccountRecord & { readonly name: string };

/** The name of the device whose database this is; null if it never held an account. */
export const nameIn = (sql: Sql): string | null => new SqlDeviceStore(sql, "").readName();

export class SqlDeviceStore extends DeviceRows<DeviceTables> implements DeviceStore {
  readonly #sql: Sql;
  readonly #name: string;

  /** @param name of the object */
  constructor(sql: Sql, name: string) {
    super(new DeviceTables(sql));
    this.#sql = sql;
    this.#name = name;
  }

  /** Whether anything is stored. */
  get exists(): boolean {
    return this.tables.exist;
  }

  readAccount(): AccountRecord | null {
    const stored = this.#read<StoredAccount>(ACCOUNT);
    if (stored === null) return null;
    const { name: _, ...record } = stored;
    return record;
  }

  /** Name of the device whose account is stored; null if there is none. */
  readName(): string | null {
    return this.#read<StoredAccount>(ACCOUNT)?.name ?? null;
  }

  writeAccount(record: AccountRecord): void {
    this.tables.make();
    this.#write(ACCOUNT, { ...record, name: this.#name } satisfies StoredAccount);
  }

  readLink(): LinkRecord | null {
    return this.#read<LinkRecord>(LINK);
  }

  writeLink(record: LinkRecord): void {
    this.#write(LINK, record);
  }

  erase(): void {
    this.tables.drop();
  }

  override deleteRegistration(slot: number): void {
    super.deleteRegistration(slot);
    this.#sql.exec("DELETE FROM outcomes WHERE slot = ?", slot);
    this.writeEncryptionKey(slot, null);
  }

  readEncryptionKey(slot: number): EncryptionKey | null {
    return this.#read<EncryptionKey>(ENCRYPTION_KEYS + slot);
  }

  writeEncryptionKey(slot: number, key: EncryptionKey | null): void {
    const id = ENCRYPTION_KEYS + slot;
    if (key === null) this.#sql.exec("DELETE FROM state WHERE id = ?", id);
    else this.#write(id, key);
  }

  /** Deletes many with one statement, because each crosses into the runtime. SQLite inside the process does as well with one a message. */
  override deleteMail(seqs: readonly number[]): void {
    for (let at = 0; at < seqs.length; at += PARAMETERS) {
      const some = seqs.slice(at, at + PARAMETERS);
      this.#sql.exec(`DELETE FROM mail WHERE seq IN (${some.map(() => "?").join()})`, ...some);
    }
  }

  /** From a table of their own. In the shared database they are in a column of their registration's row. */
  readOutcomes(slot: number): string | null {
    const row = this.#sql
      .exec<{ log: string }>("SELECT log FROM outcomes WHERE slot = ?", slot)
      .toArray()[0];
    return row?.log ?? null;
  }

  writeOutcomes(slot: number, log: string): void {
    this.#sql.exec(
      `INSERT INTO outcomes (slot, log) VALUES (?, ?)
       ON CONFLICT (slot) DO UPDATE SET log = excluded.log`,
      slot,
      log,
    );
  }

  #read<Value>(id: number): Value | null {
    if (!this.tables.exist) return null;
    const [row] = this.#sql
      .exec<{ value: string }>("SELECT value FROM state WHERE id = ?", id)
      .toArray();
    return row === undefined ? null : (JSON.parse(row.value) as Value);
  }

  #write(id: number, value: StoredAccount | LinkRecord | EncryptionKey): void {
    this.#sql.exec(
      `INSERT INTO state (id, value) VALUES (?, ?)
       ON CONFLICT (id) DO UPDATE SET value = excluded.value`,
      id,
      JSON.stringify(value),
    );
  }
}
