/** What every DeviceStore does, told from outside: run on each implementation. */
import { expect } from "vitest";
import type { DeviceStore, MailHeader } from "../../../core/device/store.ts";

export interface StoreCase {
  readonly name: string;
  run(store: DeviceStore): void;
}

const header = (seq: number, more: Partial<MailHeader> = {}): MailHeader => ({
  seq,
  slot: 1,
  lane: 2,
  key: `key-${seq}`,
  bytes: 3,
  expiresAt: 1_800_000_000_000,
  collapseKey: null,
  firstAckAlias: null,
  fingerprint: null,
  options: null,
  hold: null,
  ...more,
});
const body = { contentType: 3, data: Uint8Array.of(0, 255, 7) } as const;
const account = { publicKey: "p", generation: 1, createdAt: 1_793_491_200_000 };

/** Each case gets a store that holds nothing; all but the first make the account, as a device does. */
export const DEVICE_STORE_CASES: readonly StoreCase[] = [
  {
    name: "a store of nothing has no account, no link and no tables to ask for them",
    run(store) {
      expect(store.readAccount()).toBeNull();
      expect(store.readLink()).toBeNull();
    },
  },
  {
    name: "the account and the link are what was written last",
    run(store) {
      store.writeAccount(account);
      expect(store.readAccount()).toEqual(account);
      expect(store.readLink()).toBeNull();
      const again = { ...account, publicKey: "q", generation: 2 };
      store.writeAccount(again);
      const link = {
        session: "s",
        lastSeenMs: 5,
        tokens: [["jti", 9]],
        seqFloor: Number.MAX_SAFE_INTEGER,
        seqReserve: Number.MAX_SAFE_INTEGER,
      } as const;
      store.writeLink({ ...link, tokens: [] });
      store.writeLink(link);
      expect(store.readAccount()).toEqual(again);
      expect(store.readLink()).toEqual(link);
    },
  },
  {
    name: "registrations are listed by slot; one of the same slot replaces the other",
    run(store) {
      store.writeAccount(account);
      const record = { slot: 2, app: "a", createdAt: 1, endedAt: null, generation: 2 ** 32 + 1 };
      store.putRegistration(record);
      store.putRegistration({
        slot: 1,
        app: "b",
        createdAt: 2,
        endedAt: 3,
        generation: 2 ** 32 + 1,
      });
      store.putRegistration({ ...record, endedAt: 4 });
      expect(store.listRegistrations()).toEqual([
        { slot: 1, app: "b", createdAt: 2, endedAt: 3, generation: 2 ** 32 + 1 },
        { slot: 2, app: "a", createdAt: 1, endedAt: 4, generation: 2 ** 32 + 1 },
      ]);
    },
  },
  {
    name: "a registration is read with how its device wants messages, until it wants nothing else",
    run(store) {
      store.writeAccount(account);
      const record = { slot: 1, app: "a", createdAt: 1, endedAt: null, generation: 1 };
      const accept = [{ days: 127, startMinute: 480, endMinute: 1_320 }];
      const delivery = { paused: true, accept, timeZone: "Europe/Berlin", presence: true };
      for (const one of [{ ...record, delivery }, record]) {
        store.putRegistration(one);
        expect(store.listRegistrations()).toEqual([one]);
      }
    },
  },
  {
    name: "a registration is read with its key, as long as it has one",
    run(store) {
      store.writeAccount(account);
      const record = { slot: 1, app: "a", createdAt: 1, endedAt: null, generation: 1 };
      for (const secret of ["s".repeat(66), null]) {
        const sealed = { ...record, sealing: { epoch: 2 ** 31 - 1, secret } };
        store.putRegistration(sealed);
        expect(store.listRegistrations()).toEqual([sealed]);
      }
      store.putRegistration(record);
      expect(store.listRegistrations()).toEqual([record]);
    },
  },
  {
    name: "a registration is deleted with its outcomes, and with no other's",
    run(store) {
      store.writeAccount(account);
      for (const slot of [1, 2]) {
        store.putRegistration({
          slot,
          app: `${slot}`,
          createdAt: 1,
          endedAt: null,
          generation: 2 ** 32 + 1,
        });
        store.writeOutcomes(slot, `log ${slot}`);
      }
      store.deleteRegistration(1);
      store.deleteRegistration(7);
      expect(store.listRegistrations().map(({ slot }) => slot)).toEqual([2]);
      expect(store.readOutcomes(1)).toBeNull();
      expect(store.readOutcomes(2)).toBe("log 2");
    },
  },
  {
    name: "mail is listed by seq, whatever the order it came in, with all of its header",
    run(store) {
      store.writeAccount(account);
      const all = [
        header(Number.MAX_SAFE_INTEGER, { lane: 1, collapseKey: "ключ" }),
        header(5, { slot: 32, lane: 3, firstAckAlias: "семья", fingerprint: null }),
        header(366_280_744_960_000),
      ];
      for (const one of all) store.insertMail(one, body);
      expect(store.listMail()).toEqual(all.toSorted((a, b) => a.seq - b.seq));
    },
  },
  {
    name: "mail that is held moves to another seq with its content, and with no other's",
    run(store) {
      store.writeAccount(account);
      const held = header(5, {
        hold: { until: 9, local: "2026-12-24T18:00" },
        options: { label: "l" },
      });
      for (const one of [held, header(6)]) store.insertMail(one, body);
      expect(store.listMail()).toEqual([held, header(6)]);
      const moved = { ...held, seq: 7, expiresAt: 3, hold: { idSeq: 5 } };
      store.moveMail(5, moved);
      expect(store.listMail()).toEqual([header(6), moved]);
      expect(store.readMail(5)).toBeNull();
      expect(store.readMail(7)).toEqual(body);
    },
  },
  {
    name: "O1 mail keeps what its sender asked for and the notification, which counts to its bytes as data does",
    run(store) {
      store.writeAccount(account);
      const notification = {
        ...{ title: "Anna", body: "Mittag\u0000?", url: "/chat/7", badge: 0 },
        actions: [{ action: "yes", title: "Да" }],
      };
      const options = { label: "lunch\u0000", trace: true, receipts: true } as const;
      const bytes = 3 + new TextEncoder().encode(JSON.stringify(notification)).length;
      const all = [
        header(1, { options }),
        header(2, { bytes }),
        header(3, { bytes, options }),
        header(4),
      ];
      const shown = { ...body, notification };
      const bodies = [body, shown, shown, body];
      for (const [at, one] of all.entries()) store.insertMail(one, bodies[at] ?? body);
      expect(store.listMail()).toEqual(all);
      expect([1, 2, 3, 4].map((seq) => store.readMail(seq))).toEqual(bodies);
    },
  },
  {
    name: "a body is what was put in, though the bytes it was put in with are used again",
    run(store) {
      store.writeAccount(account);
      const buffer = Uint8Array.of(9, 0, 255, 7, 9);
      store.insertMail(header(1), { contentType: 3, data: buffer.subarray(1, 4) });
      store.insertMail(header(2, { bytes: 0 }), { contentType: 1, data: new Uint8Array() });
      buffer.fill(1);
      expect(store.readMail(1)).toEqual(body);
      expect(store.readMail(2)).toEqual({ contentType: 1, data: new Uint8Array() });
      expect(store.readMail(3)).toBeNull();
    },
  },
  {
    name: "two rows of one seq are refused: one would replace the other",
    run(store) {
      store.writeAccount(account);
      store.insertMail(header(1), body);
      expect(() => store.insertMail(header(1, { key: "other" }), body)).toThrow(/UNIQUE/);
    },
  },
  {
    name: "mail is deleted by seq, more at once than one statement binds, and none that was not named",
    run(store) {
      store.writeAccount(account);
      for (let seq = 1; seq <= 250; seq++) store.insertMail(header(seq), body);
      store.deleteMail([]);
      store.deleteMail([999]);
      store.deleteMail(Array.from({ length: 249 }, (_, i) => i + 1));
      expect(store.listMail().map(({ seq }) => seq)).toEqual([250]);
      expect(store.readMail(249)).toBeNull();
    },
  },
  {
    name: "F1 F3 timelines are read by seq and source, listed from the oldest on, and deleted alone or with their registration",
    run(store) {
      store.writeAccount(account);
      expect(store.readTimeline(1, "")).toBeNull();
      expect(store.countTimelines()).toBe(0);
      expect(store.listTimelines()).toEqual([]);
      store.deleteTimeline(1, "");
      store.deleteRegistration(1);
      const one = {
        ...{ seq: 7, source: "", slot: 1, key: "k", endedAt: null, events: "[]" },
        options: null,
      };
      const all = [
        { ...one, seq: Number.MAX_SAFE_INTEGER, endedAt: 1_800_000_000_000, options: "{}" },
        { ...one, source: "tag" },
        one,
        { ...one, seq: 8, slot: 2 },
      ];
      for (const record of all) store.putTimeline(record);
      store.putTimeline({ ...one, events: '[["sent",1]]' });
      expect(store.readTimeline(7, "")).toEqual({ ...one, events: '[["sent",1]]' });
      expect(store.readTimeline(7, "tag")).toEqual(all[1]);
      expect(store.readTimeline(Number.MAX_SAFE_INTEGER, "")).toEqual(all[0]);
      expect(store.countTimelines()).toBe(4);
      expect(store.listTimelines(3).map(({ seq }) => seq)).toEqual([7, 7, 8]);
      store.deleteTimeline(7, "");
      expect(store.listTimelines().map(({ seq }) => seq)).toEqual([7, 8, Number.MAX_SAFE_INTEGER]);
      store.deleteRegistration(1);
      expect(store.listTimelines()).toEqual([all[3]]);
    },
  },
  {
    name: "an outcome log is what was written last, as long as 1,152 endings make it",
    run(store) {
      store.writeAccount(account);
      store.putRegistration({
        slot: 1,
        app: "a",
        createdAt: 1,
        endedAt: null,
        generation: 2 ** 32 + 1,
      });
      expect(store.readOutcomes(1)).toBeNull();
      store.writeOutcomes(1, "x");
      const log = "y".repeat(60_000);
      store.writeOutcomes(1, log);
      expect(store.readOutcomes(1)).toBe(log);
    },
  },
  {
    name: "the positions of tags go with the link",
    run(store) {
      store.writeAccount(account);
      const link = { session: "s", lastSeenMs: 5, tokens: [], seqFloor: 1 };
      store.writeLink({ ...link, cursors: { 1: 7, 2147483647: Number.MAX_SAFE_INTEGER } });
      expect(store.readLink()?.cursors).toEqual({ 1: 7, 2147483647: Number.MAX_SAFE_INTEGER });
      store.writeLink(link);
      expect(store.readLink()).toEqual(link);
    },
  },
  {
    name: "a tag is what was put under its ref last; one that is deleted goes alone",
    run(store) {
      store.writeAccount(account);
      const epoch = 1_793_491_200_001;
      const tag = { ref: 2_147_483_647, slot: 1, tag: "новости", path: "", generation: 1, epoch };
      store.putTag(tag);
      store.putTag({ ref: 1, slot: 32, tag: "", path: "0f", generation: 1, epoch });
      store.putTag({ ref: 2, slot: 1, tag: "b", path: "a", generation: 1, epoch });
      store.putTag({ ref: 4, slot: 1, tag: 'a\u0000"\\\u{1f4a9}', path: "", generation: 1, epoch });
      store.putTag({ ...tag, path: "0123456f" });
      store.deleteTag(2);
      store.deleteTag(3);
      expect(store.listTags().toSorted((a, b) => a.ref - b.ref)).toEqual([
        { ref: 1, slot: 32, tag: "", path: "0f", generation: 1, epoch },
        { ref: 4, slot: 1, tag: 'a\u0000"\\\u{1f4a9}', path: "", generation: 1, epoch },
        { ...tag, path: "0123456f" },
      ]);
    },
  },
  {
    name: "an alias is held by slot and name",
    run(store) {
      store.writeAccount(account);
      const alias = "имя";
      const state = { shared: true, suspended: false, leaving: false, generation: 1 };
      store.putAlias({ slot: 1, alias, ...state, shared: false, suspended: true });
      store.putAlias({ slot: 2, alias, ...state });
      store.putAlias({ slot: 3, alias, ...state, suspended: true, leaving: true });
      store.putAlias({ slot: 1, alias: "b", ...state, suspended: true });
      store.putAlias({ slot: 1, alias, ...state });
      store.deleteAlias(1, "b");
      store.deleteAlias(4, alias);
      expect(store.listAliases().toSorted((a, b) => a.slot - b.slot)).toEqual([
        { slot: 1, alias, ...state },
        { slot: 2, alias, ...state },
        { slot: 3, alias, ...state, suspended: true, leaving: true },
      ]);
    },
  },
  {
    name: "attributes are what was written last for their slot, until they are taken away",
    run(store) {
      store.writeAccount(account);
      expect(store.readAttributes(1)).toBeNull();
      const attributes = {
        platform: "web",
        appVersion: null,
        locale: "de-AT",
        custom: { город: "Вена" },
      };
      store.writeAttributes(1, { ...attributes, platform: null });
      store.writeAttributes(1, attributes);
      store.writeAttributes(2, { ...attributes, custom: {} });
      expect(store.readAttributes(1)).toEqual(attributes);
      store.writeAttributes(1, null);
      expect(store.readAttributes(1)).toBeNull();
      expect(store.readAttributes(2)).toEqual({ ...attributes, custom: {} });
    },
  },
  {
    name: "an encryption key is what was written last for its slot, until it is taken away or its registration forgotten",
    run(store) {
      store.writeAccount(account);
      expect(store.readEncryptionKey(1)).toBeNull();
      const registration = { app: "a", createdAt: 1, endedAt: null, generation: 1 };
      for (const slot of [1, 2, 3]) store.putRegistration({ ...registration, slot });
      const key = { publicKey: "B_-", auth: "a_-", publishedAt: 1_793_491_200_002, generation: 1 };
      store.writeEncryptionKey(1, { ...key, publicKey: "C" });
      store.writeEncryptionKey(1, key);
      for (const slot of [2, 3]) store.writeEncryptionKey(slot, { ...key, auth: `${slot}` });
      // A registration that is written again keeps it.
      store.putRegistration({ ...registration, slot: 1, endedAt: 2 });
      expect(store.readEncryptionKey(1)).toEqual(key);
      store.writeEncryptionKey(1, null);
      expect(store.readEncryptionKey(1)).toBeNull();
      expect(store.readEncryptionKey(2)).toEqual({ ...key, auth: "2" });
      store.deleteRegistration(3);
      expect(store.readEncryptionKey(3)).toBeNull();
      expect(store.readAccount()).toEqual(account);
      store.erase();
      store.writeAccount(account);
      expect(store.readEncryptionKey(2)).toBeNull();
    },
  },
];
