/** All that one device stores, as lines of an export, and back: the same for every host. */
import type { DevicePart } from "../../schema/export.ts";
import type { DeviceStore } from "../device/store.ts";

/**
 * Reads a device line by line, so that no mailbox is ever in memory whole.
 *
 * @param name of its object: base64url of the device ID
 * @returns nothing for a device without an account: it has nothing
 */
export function* readDevice(name: string, store: DeviceStore): Generator<DevicePart> {
  const account = store.readAccount();
  if (account === null) return;
  const link = store.readLink();
  yield {
    kind: "device",
    device: name,
    account,
    link: link && { ...link, tokens: link.tokens.map(([jti, exp]) => [jti, exp]) },
  };
  for (const record of store.listRegistrations()) {
    const outcomes = store.readOutcomes(record.slot);
    yield { kind: "registration", device: name, ...record, outcomes };
  }
  for (const { bytes: _, ...header } of store.listMail()) {
    const body = store.readMail(header.seq);
    if (body !== null) yield { kind: "mail", device: name, ...header, ...body };
  }
}

/**
 * Writes some lines of one device into its store, in their order; the first of all is its `device` line.
 *
 * @throws Error where the store holds an account already: two devices must not be mixed
 */
export function writeDevice(store: DeviceStore, parts: Iterable<DevicePart>): void {
  for (const part of parts) {
    if (part.kind === "device") {
      if (store.readAccount() !== null) throw new Error(`device ${part.device} is there already`);
      store.writeAccount(part.account);
      if (part.link !== null) store.writeLink(part.link);
    } else if (part.kind === "registration") {
      const { kind: _, device: __, outcomes, ...record } = part;
      store.putRegistration(record);
      if (outcomes !== null) store.writeOutcomes(record.slot, outcomes);
    } else {
      const { kind: _, device: __, contentType, data, ...header } = part;
      store.insertMail(
        { firstAckAlias: null, ...header, bytes: data.length },
        { contentType, data },
      );
    }
  }
}
