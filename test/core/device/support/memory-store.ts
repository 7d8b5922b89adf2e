/** A device's ports in memory, counting rows as SQLite counts them: insert, update and delete are 1 each. */
import type { Attributes } from "../../../../core/condition/types.ts";
import type {
  AccountRecord,
  DeviceStore,
  EncryptionKey,
  HeldAlias,
  LinkRecord,
  MailBody,
  MailHeader,
  ReceiptRecord,
  RegistrationRecord,
  TagRecord,
  TimelineRecord,
} from "../../../../core/device/store.ts";

/** Tables of docs/storage.md. */
export type Table =
  | "state"
  | "registrations"
  | "mail"
  | "outcomes"
  | "receipts"
  | "timelines"
  | "tags"
  | "aliases"
  | "attributes";

interface Mail {
  readonly header: MailHeader;
  readonly body: MailBody;
}

export class MemoryStore implements DeviceStore {
  account: AccountRecord | null = null;
  link: LinkRecord | null = null;
  readonly registrations = new Map<number, RegistrationRecord>();
  readonly mail = new Map<number, Mail>();
  readonly outcomes = new Map<number, string>();
  readonly tags = new Map<number, TagRecord>();
  /** By slot and alias. */
  readonly aliases = new Map<string, HeldAlias>();
  readonly attributes = new Map<number, Attributes>();
  readonly receipts = new Map<number, ReceiptRecord>();
  /** By seq and source. */
  readonly timelines = new Map<string, TimelineRecord>();
  readonly encryptionKeys = new Map<number, EncryptionKey>();
  readonly written: Record<Table, number> = {
    state: 0,
    registrations: 0,
    mail: 0,
    outcomes: 0,
    receipts: 0,
    timelines: 0,
    tags: 0,
    aliases: 0,
    attributes: 0,
  };

  get exists(): boolean {
    return this.account !== null || this.link !== null;
  }

  /** Rows written since the store was made. */
  get rowsWritten(): number {
    return Object.values(this.written).reduce((sum, rows) => sum + rows, 0);
  }

  /** What a process finds that is killed now: records are immutable, so the maps are enough. */
  copy(): MemoryStore {
    const copy = new MemoryStore();
    copy.account = this.account;
    copy.link = this.link;
    for (const [slot, record] of this.registrations) copy.registrations.set(slot, record);
    for (const [seq, mail] of this.mail) copy.mail.set(seq, mail);
    for (const [slot, log] of this.outcomes) copy.outcomes.set(slot, log);
    for (const [ref, record] of this.tags) copy.tags.set(ref, record);
    for (const [id, record] of this.aliases) copy.aliases.set(id, record);
    for (const [slot, attributes] of this.attributes) copy.attributes.set(slot, attributes);
    for (const [slot, key] of this.encryptionKeys) copy.encryptionKeys.set(slot, key);
    for (const [n, record] of this.receipts) copy.receipts.set(n, record);
    for (const [id, record] of this.timelines) copy.timelines.set(id, record);
    Object.assign(copy.written, this.written);
    return copy;
  }

  readAccount(): AccountRecord | null {
    return this.account;
  }

  writeAccount(record: AccountRecord): void {
    this.account = record;
    this.written.state++;
  }

  readLink(): LinkRecord | null {
    return this.link;
  }

  writeLink(record: LinkRecord): void {
    this.link = record;
    this.written.state++;
  }

  erase(): void {
    this.receipts.clear();
    this.account = null;
    this.link = null;
    const tables = [this.registrations, this.mail, this.outcomes, this.tags, this.aliases];
    for (const table of [...tables, this.timelines, this.attributes, this.encryptionKeys])
      table.clear();
  }

  listRegistrations(): RegistrationRecord[] {
    return [...this.registrations.values()].sort((a, b) => a.slot - b.slot);
  }

  putRegistration(record: RegistrationRecord): void {
    this.registrations.set(record.slot, record);
    this.written.registrations++;
  }

  deleteRegistration(slot: number): void {
    if (this.registrations.delete(slot)) this.written.registrations++;
    this.writeEncryptionKey(slot, null);
    if (this.outcomes.delete(slot)) this.written.outcomes++;
    for (const record of this.timelines.values())
      if (record.slot === slot) this.deleteTimeline(record.seq, record.source);
  }

  listMail(): MailHeader[] {
    return [...this.mail.values()].map(({ header }) => header).sort((a, b) => a.seq - b.seq);
  }

  insertMail(header: MailHeader, body: MailBody): void {
    if (this.mail.has(header.seq))
      throw new Error(`UNIQUE constraint failed: mail.seq ${header.seq}`);
    // A row outlives the buffer that it was made from.
    this.mail.set(header.seq, { header, body: { ...body, data: body.data.slice() } });
    this.written.mail++;
  }

  moveMail(seq: number, header: MailHeader): void {
    const mail = this.mail.get(seq);
    if (mail === undefined) throw new Error(`no row ${seq}`);
    if (seq !== header.seq && this.mail.has(header.seq))
      throw new Error(`UNIQUE constraint failed: mail.seq ${header.seq}`);
    this.mail.delete(seq);
    this.mail.set(header.seq, { ...mail, header });
    this.written.mail++;
  }

  deleteMail(seqs: readonly number[]): void {
    for (const seq of seqs) if (this.mail.delete(seq)) this.written.mail++;
  }

  readMail(seq: number): MailBody | null {
    return this.mail.get(seq)?.body ?? null;
  }

  readOutcomes(slot: number): string | null {
    return this.outcomes.get(slot) ?? null;
  }

  writeOutcomes(slot: number, log: string): void {
    this.outcomes.set(slot, log);
    this.written.outcomes++;
  }

  listReceipts(): ReceiptRecord[] {
    return [...this.receipts.values()].sort((a, b) => a.n - b.n);
  }

  putReceipts(record: ReceiptRecord): void {
    this.receipts.set(record.n, record);
    this.written.receipts++;
  }

  deleteReceipts(n: number): void {
    if (this.receipts.delete(n)) this.written.receipts++;
  }

  readTimeline(seq: number, source: string): TimelineRecord | null {
    return this.timelines.get(`${seq} ${source}`) ?? null;
  }

  putTimeline(record: TimelineRecord): void {
    this.timelines.set(`${record.seq} ${record.source}`, record);
    this.written.timelines++;
  }

  deleteTimeline(seq: number, source: string): void {
    if (this.timelines.delete(`${seq} ${source}`)) this.written.timelines++;
  }

  countTimelines(): number {
    return this.timelines.size;
  }

  listTimelines(limit = Number.POSITIVE_INFINITY): TimelineRecord[] {
    return [...this.timelines.values()].sort((a, b) => a.seq - b.seq).slice(0, limit);
  }

  listTags(): TagRecord[] {
    return [...this.tags.values()];
  }

  putTag(record: TagRecord): void {
    this.tags.set(record.ref, record);
    this.written.tags++;
  }

  deleteTag(ref: number): void {
    if (this.tags.delete(ref)) this.written.tags++;
  }

  listAliases(): HeldAlias[] {
    return [...this.aliases.values()];
  }

  putAlias(record: HeldAlias): void {
    this.aliases.set(`${record.slot} ${record.alias}`, record);
    this.written.aliases++;
  }

  deleteAlias(slot: number, alias: string): void {
    if (this.aliases.delete(`${slot} ${alias}`)) this.written.aliases++;
  }

  readAttributes(slot: number): Attributes | null {
    return this.attributes.get(slot) ?? null;
  }

  writeAttributes(slot: number, attributes: Attributes | null): void {
    if (attributes === null) {
      if (this.attributes.delete(slot)) this.written.attributes++;
    } else {
      this.attributes.set(slot, attributes);
      this.written.attributes++;
    }
  }

  readEncryptionKey(slot: number): EncryptionKey | null {
    return this.encryptionKeys.get(slot) ?? null;
  }

  /** In `state`, as in an object's own database. */
  writeEncryptionKey(slot: number, key: EncryptionKey | null): void {
    if (key === null) {
      if (this.encryptionKeys.delete(slot)) this.written.state++;
    } else {
      this.encryptionKeys.set(slot, key);
      this.written.state++;
    }
  }
}
