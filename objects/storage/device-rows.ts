/** The rows of a device that are the same on either kind of database: registrations, mail, tags, aliases and attributes. */
import type { Attributes } from "../../core/condition/types.ts";
import type { SealingRecord } from "../../core/device/sealing/seal.ts";
import type {
  HeldAlias,
  MailBody,
  MailHeader,
  MailStore,
  ReceiptRecord,
  ReceiptStore,
  RegistrationRecord,
  RegistrationStore,
  SubscriptionStore,
  TagRecord,
  TimelineRecord,
  TimelineStore,
} from "../../core/device/store.ts";
import { aliasBits, ofAliasBits } from "../../core/device/store.ts";
import type { Standing } from "../../core/device/trust/standing.ts";
import type { ContentTypeCode } from "../../core/message/send.ts";
import type { DeliverySettings } from "../../schema/delivery.ts";
import { holdText, type MailRow, mailOf, notificationIn, optionsText } from "./mail-options.ts";
import { bytesOf, type ObjectTables, Table } from "./table.ts";
import { DELETE_TIMELINES, TimelineRows } from "./timeline-rows.ts";

const shared = (name: string) => ({ name, scope: "device" });

const REGISTRATIONS = new Table({
  own: { name: "registrations" },
  shared: shared("registrations"),
});
const MAIL = new Table({
  own: { name: "mail" },
  shared: shared("mail"),
  names: ["collapse_key", "first_ack_alias"],
});
const TAGS = new Table({ own: { name: "tags" }, shared: shared("device_tags"), names: ["tag"] });
const ALIASES = new Table({
  own: { name: "aliases" },
  shared: shared("device_aliases"),
  names: ["alias"],
});
const ATTRIBUTES = new Table({
  own: { name: "attributes" },
  shared: shared("device_attributes"),
});

const LIST_REGISTRATIONS = REGISTRATIONS.select(
  [
    ...["slot", "app", "created_at AS createdAt", "ended_at AS endedAt", "generation"],
    ...["standing", "sealing", "delivery"],
  ],
  { tail: "ORDER BY slot" },
);
const PUT_REGISTRATION = REGISTRATIONS.put(
  ["slot", "app", "created_at", "ended_at", "generation", "standing", "sealing", "delivery"],
  ["slot"],
);
const DELETE_REGISTRATION = REGISTRATIONS.delete(["slot"]);

const LIST_MAIL = MAIL.select(
  [
    ...["seq", "slot", "lane", "key", "length(data) AS bytes", "expires_at AS expiresAt"],
    ...["collapse_key AS collapseKey", "first_ack_alias AS firstAckAlias", "fingerprint"],
    ...["options", "hold"],
  ],
  { tail: "ORDER BY seq" },
);
const INSERT_MAIL = MAIL.insert([
  ...["seq", "slot", "lane", "key", "expires_at", "collapse_key", "first_ack_alias"],
  ...["content_type", "data", "fingerprint", "options", "hold"],
]);
const MOVE_MAIL = MAIL.update(["seq", "expires_at", "hold"], ["seq"]);
const DELETE_MAIL = MAIL.delete(["seq"]);
const READ_MAIL = MAIL.select(["content_type AS contentType", "data", "options"], {
  where: "seq = ?",
});

const TAG_COLUMNS = ["ref", "slot", "tag", "path", "generation", "epoch"];
const LIST_TAGS = TAGS.select([...TAG_COLUMNS, "by_server AS byServer"]);
const PUT_TAG = TAGS.put([...TAG_COLUMNS, "by_server"], ["ref"]);
const DELETE_TAG = TAGS.delete(["ref"]);

const ALIAS_COLUMNS = ["slot", "alias", "shared", "generation"];
const LIST_ALIASES = ALIASES.select(ALIAS_COLUMNS);
const PUT_ALIAS = ALIASES.put(ALIAS_COLUMNS, ["slot", "alias"]);
const DELETE_ALIAS = ALIASES.delete(["slot", "alias"]);

const READ_ATTRIBUTES = ATTRIBUTES.select(["value"], { where: "slot = ?" });
const PUT_ATTRIBUTES = ATTRIBUTES.put(["slot", "value"], ["slot"]);
const DELETE_ATTRIBUTES = ATTRIBUTES.delete(["slot"]);

const RECEIPTS = new Table({ own: { name: "receipts" }, shared: shared("device_receipts") });
const RECEIPT_COLUMNS = ["n", "app", "events"];
const LIST_RECEIPTS = RECEIPTS.select(RECEIPT_COLUMNS, { tail: "ORDER BY n" });
const PUT_RECEIPTS = RECEIPTS.put(RECEIPT_COLUMNS, ["n"]);
const DELETE_RECEIPTS = RECEIPTS.delete(["n"]);

/** All rows of these tables. */
export const DELETE_ALL = [
  ...[REGISTRATIONS, MAIL, TAGS, ALIASES, ATTRIBUTES, RECEIPTS].map((table) => table.delete()),
  DELETE_TIMELINES,
];

/** A registration as it is stored. */
export type RegistrationRow = Omit<RegistrationRecord, "standing" | "sealing" | "delivery"> & {
  /** JSON. */
  readonly delivery: string | null;
  /** JSON. */
  readonly standing: string | null;
  /** JSON. */
  readonly sealing: string | null;
};

export const registrationOf = ({
  standing,
  sealing,
  delivery,
  ...row
}: RegistrationRow): RegistrationRecord => ({
  ...row,
  ...(delivery === null ? {} : { delivery: JSON.parse(delivery) as DeliverySettings }),
  ...(standing === null ? {} : { standing: JSON.parse(standing) as Standing }),
  ...(sealing === null ? {} : { sealing: JSON.parse(sealing) as SealingRecord }),
});

/** A tag as it is stored. */
export type DeviceTagRow = Omit<TagRecord, "byServer"> & { readonly byServer: number };

export const deviceTagOf = ({ byServer, ...row }: DeviceTagRow): TagRecord =>
  byServer === 0 ? row : { ...row, byServer: true };

export class DeviceRows<Tables extends ObjectTables>
  implements RegistrationStore, MailStore, SubscriptionStore, TimelineStore, ReceiptStore
{
  protected readonly tables: Tables;
  readonly #timelines: TimelineRows;

  constructor(tables: Tables) {
    this.tables = tables;
    this.#timelines = new TimelineRows(tables);
  }

  listRegistrations(): RegistrationRecord[] {
    return this.tables.all<RegistrationRow>(LIST_REGISTRATIONS).map(registrationOf);
  }

  putRegistration({ standing, sealing, delivery, ...record }: RegistrationRecord): void {
    const { slot, app, createdAt, endedAt, generation } = record;
    const decided = standing === undefined ? null : JSON.stringify(standing);
    const key = sealing === undefined ? null : JSON.stringify(sealing);
    const settings = delivery === undefined ? null : JSON.stringify(delivery);
    this.tables.run(
      PUT_REGISTRATION,
      ...[slot, app, createdAt, endedAt, generation, decided, key, settings],
    );
  }

  deleteRegistration(slot: number): void {
    this.tables.run(DELETE_REGISTRATION, slot);
    this.#timelines.deleteOf(slot);
  }

  listMail(): MailHeader[] {
    return this.tables.all<MailRow>(LIST_MAIL).map(mailOf);
  }

  moveMail(seq: number, { seq: to, expiresAt, hold }: MailHeader): void {
    this.tables.run(MOVE_MAIL, to, expiresAt, holdText(hold), seq);
  }

  insertMail(header: MailHeader, body: MailBody): void {
    const { seq, slot, lane, key, expiresAt, collapseKey, firstAckAlias, fingerprint } = header;
    this.tables.run(
      INSERT_MAIL,
      ...[seq, slot, lane, key, expiresAt, collapseKey, firstAckAlias],
      ...[body.contentType, body.data, fingerprint, optionsText(header, body)],
      holdText(header.hold),
    );
  }

  deleteMail(seqs: readonly number[]): void {
    for (const seq of seqs) this.tables.run(DELETE_MAIL, seq);
  }

  readMail(seq: number): MailBody | null {
    const row = this.tables.get<{
      readonly contentType: ContentTypeCode;
      readonly data: Uint8Array | ArrayBuffer;
      readonly options: string | null;
    }>(READ_MAIL, seq);
    if (row === undefined) return null;
    const { contentType, data, options } = row;
    return { contentType, data: bytesOf(data), ...notificationIn(options) };
  }

  readTimeline(seq: number, source: string): TimelineRecord | null {
    return this.#timelines.readTimeline(seq, source);
  }

  putTimeline(record: TimelineRecord): void {
    this.#timelines.putTimeline(record);
  }

  deleteTimeline(seq: number, source: string): void {
    this.#timelines.deleteTimeline(seq, source);
  }

  countTimelines(): number {
    return this.#timelines.countTimelines();
  }

  listTimelines(limit?: number): TimelineRecord[] {
    return this.#timelines.listTimelines(limit);
  }

  listReceipts(): ReceiptRecord[] {
    return this.tables.all<ReceiptRecord>(LIST_RECEIPTS);
  }

  putReceipts({ n, app, events }: ReceiptRecord): void {
    this.tables.run(PUT_RECEIPTS, n, app, events);
  }

  deleteReceipts(n: number): void {
    this.tables.run(DELETE_RECEIPTS, n);
  }

  listTags(): TagRecord[] {
    return this.tables.all<DeviceTagRow>(LIST_TAGS).map(deviceTagOf);
  }

  putTag({ ref, slot, tag, path, generation, epoch, byServer }: TagRecord): void {
    this.tables.run(PUT_TAG, ref, slot, tag, path, generation, epoch, byServer ? 1 : 0);
  }

  deleteTag(ref: number): void {
    this.tables.run(DELETE_TAG, ref);
  }

  listAliases(): HeldAlias[] {
    return this.tables
      .all<{ slot: number; alias: string; shared: number; generation: number }>(LIST_ALIASES)
      .map(({ shared, ...row }) => ({ ...row, ...ofAliasBits(shared) }));
  }

  putAlias({ slot, alias, generation, ...state }: HeldAlias): void {
    this.tables.run(PUT_ALIAS, slot, alias, aliasBits(state), generation);
  }

  deleteAlias(slot: number, alias: string): void {
    this.tables.run(DELETE_ALIAS, slot, alias);
  }

  readAttributes(slot: number): Attributes | null {
    const row = this.tables.get<{ readonly value: string }>(READ_ATTRIBUTES, slot);
    return row === undefined ? null : (JSON.parse(row.value) as Attributes);
  }

  writeAttributes(slot: number, attributes: Attributes | null): void {
    if (attributes === null) this.tables.run(DELETE_ATTRIBUTES, slot);
    else this.tables.run(PUT_ATTRIBUTES, slot, JSON.stringify(attributes));
  }
}
