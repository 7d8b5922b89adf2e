/** Converts the stored state of a device to lines of an export, and back. */
import type { DeviceLine, DevicePart } from "../../schema/export.ts";
import type { DeviceStore, LinkRecord } from "../device/store.ts";
import { contentBytes } from "../message/options.ts";

/**
 * Reads a device line by line, so that its mailbox is never in memory as a whole.
 *
 * @param name the name of its object: base64url of the device ID
 * @returns nothing for a device without an account
 */
export function* readDevice(name: string, store: DeviceStore): Generator<DevicePart> {
  const account = store.readAccount();
  if (account === null) return;
  const link = store.readLink();
  const cursors = link?.cursors ?? {};
  yield { kind: "device", device: name, account, link: link && linkLine(link) };
  for (const { sealing, ...record } of store.listRegistrations()) {
    const outcomes = store.readOutcomes(record.slot);
    const attributes = store.readAttributes(record.slot);
    const line = {
      ...({ kind: "registration", device: name, ...record, outcomes, attributes } as const),
      // Without the secret: the app sets up another key, and gets nothing before.
      ...(sealing === undefined ? {} : { sealingEpoch: sealing.epoch }),
    };
    const key = store.readEncryptionKey(record.slot);
    if (key?.generation !== record.generation) yield line;
    else {
      const { generation: _, ...encryptionKey } = key;
      yield { ...line, encryptionKey };
    }
  }
  for (const record of store.listTags()) {
    const cursor = cursors[record.ref] ?? null;
    yield { kind: "subscription", device: name, ...record, cursor };
  }
  for (const record of store.listAliases()) yield { kind: "holding", device: name, ...record };
  for (const { bytes: _, ...header } of store.listMail()) {
    const body = store.readMail(header.seq);
    if (body !== null) yield { kind: "mail", device: name, ...header, ...body };
  }
  for (const record of store.listTimelines()) yield { kind: "timeline", device: name, ...record };
  for (const record of store.listReceipts()) yield { kind: "receipt", device: name, ...record };
}

/** The link without its cursors: each is in the line of its tag, so that no line grows with their number. */
function linkLine({ cursors: _, tokens, sent, ...rest }: LinkRecord): DeviceLine["link"] {
  return {
    ...rest,
    tokens: tokens.map(([jti, exp]) => [jti, exp]),
    ...(sent === undefined ? {} : { sent: sent.map((mark) => [...mark]) }),
  };
}

/**
 * Writes lines of one device into its store, in order; the first one of all must be its `device` line.
 *
 * @throws Error if the store has an account already: two devices must not be mixed
 */
export function writeDevice(store: DeviceStore, parts: Iterable<DevicePart>): void {
  const cursors: Record<number, number> = {};
  for (const part of parts) {
    writePart(store, part);
    if (part.kind === "subscription" && part.cursor !== null) cursors[part.ref] = part.cursor;
  }
  const link = store.readLink();
  if (link !== null && Object.keys(cursors).length > 0)
    store.writeLink({ ...link, cursors: { ...link.cursors, ...cursors } });
}

/**
 * When the first alarm of an imported device is due; the device sets later ones itself. At once if an alias has yet to be notified of
 * an acknowledged message (`Outcomes`): otherwise nothing would do that before the device gets a message.
 *
 * @param now milliseconds since 1970
 * @returns milliseconds since 1970; infinity for none
 */
export function deviceAlarmOf(parts: Iterable<DevicePart>, now: number): number {
  let at = Number.POSITIVE_INFINITY;
  for (const part of parts) {
    if (part.kind === "mail") at = Math.min(at, part.hold?.until ?? part.expiresAt);
    const owes = part.kind === "registration" && part.outcomes?.includes('"untold":') === true;
    if (owes || part.kind === "receipt") at = Math.min(at, now);
  }
  return at;
}

function writePart(store: DeviceStore, part: DevicePart): void {
  switch (part.kind) {
    case "device": {
      if (store.readAccount() !== null) throw new Error(`device ${part.device} is there already`);
      store.writeAccount(part.account);
      if (part.link !== null) store.writeLink(part.link);
      return;
    }
    case "registration": {
      const { kind: _, device: __, outcomes, attributes, encryptionKey, ...rest } = part;
      const { sealingEpoch: epoch, ...record } = rest;
      const sealing = epoch === undefined ? {} : { sealing: { epoch, secret: null } };
      store.putRegistration({ ...record, ...sealing });
      if (outcomes !== null) store.writeOutcomes(record.slot, outcomes);
      if (attributes !== null) store.writeAttributes(record.slot, attributes);
      if (encryptionKey !== undefined) {
        const { generation } = record;
        store.writeEncryptionKey(record.slot, { ...encryptionKey, generation });
      }
      return;
    }
    case "subscription": {
      const { kind: _, device: __, cursor: ___, ...record } = part;
      store.putTag(record);
      return;
    }
    case "holding": {
      const { kind: _, device: __, ...record } = part;
      store.putAlias(record);
      return;
    }
    case "mail": {
      const { kind: _, device: __, contentType, data, notification, ...header } = part;
      const body = { contentType, data, ...(notification === undefined ? {} : { notification }) };
      store.insertMail({ ...header, bytes: contentBytes(body) }, body);
      return;
    }
    case "timeline": {
      const { kind: _, device: __, ...record } = part;
      store.putTimeline(record);
      return;
    }
    case "receipt": {
      const { kind: _, device: __, ...record } = part;
      store.putReceipts(record);
    }
  }
}
