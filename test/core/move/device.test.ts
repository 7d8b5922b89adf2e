/** A device's rows as lines of an export, and back, over the text form. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readDevice, writeDevice } from "../../../core/move/device.ts";
import { type DevicePart, exportLine, formatExportLine } from "../../../schema/export.ts";
import { MemoryStore } from "../device/support/memory-store.ts";

const DEVICE = "AAAAAAAAAAAAAAAAAAAAAA";
const timeMs = fc.nat(4_000_000_000_000);
const text = fc.string({ unit: "grapheme", maxLength: 20 });

const device = fc.record({
  kind: fc.constant("device" as const),
  device: fc.constant(DEVICE),
  account: fc.record(
    {
      publicKey: text,
      generation: fc.nat(),
      createdAt: timeMs,
      removals: fc.array(fc.tuple(text, timeMs), { maxLength: 5 }),
    },
    { requiredKeys: ["publicKey", "generation", "createdAt"] },
  ),
  link: fc.option(
    fc.record(
      {
        session: text,
        lastSeenMs: timeMs,
        tokens: fc.array(fc.tuple(text, fc.nat()), { maxLength: 5 }),
        seqFloor: fc.maxSafeNat(),
        seqReserve: fc.maxSafeNat(),
      },
      { requiredKeys: ["session", "lastSeenMs", "tokens", "seqFloor"] },
    ),
  ),
});
const registrations = fc.uniqueArray(
  fc
    .record({
      kind: fc.constant("registration" as const),
      device: fc.constant(DEVICE),
      slot: fc.integer({ min: 1, max: 64 }),
      app: text,
      createdAt: timeMs,
      endedAt: fc.option(timeMs),
      generation: fc.nat(),
      outcomes: fc.option(text),
      attributes: fc.option(
        fc.record({
          platform: fc.option(text),
          appVersion: fc.option(text),
          locale: fc.option(text),
          // The mesh refuses that name: see `attributesOf`.
          custom: fc.dictionary(
            text.filter((name) => name !== "__proto__"),
            text,
            { maxKeys: 3 },
          ),
        }),
      ),
      key: fc.option(fc.record({ publicKey: text, auth: text, publishedAt: timeMs })),
      sealed: fc.option(fc.integer({ min: 1, max: 2 ** 31 - 1 })),
    })
    .map(({ key, sealed, ...line }) => ({
      ...line,
      ...(key === null ? {} : { encryptionKey: key }),
      ...(sealed === null ? {} : { sealingEpoch: sealed }),
    })),
  { selector: ({ slot }) => slot, maxLength: 8 },
);
const subscriptions = fc.uniqueArray(
  fc.record({
    kind: fc.constant("subscription" as const),
    device: fc.constant(DEVICE),
    ref: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    slot: fc.integer({ min: 1, max: 64 }),
    tag: text,
    path: text,
    generation: fc.nat(),
    epoch: timeMs,
    cursor: fc.option(fc.nat()),
  }),
  { selector: ({ ref }) => ref, maxLength: 8 },
);
const holdings = fc.uniqueArray(
  fc.record({
    kind: fc.constant("holding" as const),
    device: fc.constant(DEVICE),
    slot: fc.integer({ min: 1, max: 64 }),
    alias: text,
    shared: fc.boolean(),
    suspended: fc.boolean(),
    leaving: fc.boolean(),
    generation: fc.nat(),
  }),
  { selector: ({ slot, alias }) => `${slot} ${alias}`, maxLength: 8 },
);
const button = fc.record(
  { action: text, title: text, icon: text, url: text },
  { requiredKeys: ["action", "title"] },
);
const notification = fc.record(
  { title: text, body: text, badge: fc.nat(), actions: fc.array(button, { maxLength: 2 }) },
  { requiredKeys: [] },
);
const messageOptions = fc.record(
  { label: text, trace: fc.constant(true as const), receipts: fc.constant(true as const) },
  { requiredKeys: [] },
);
const mail = fc.uniqueArray(
  fc
    .record({
      kind: fc.constant("mail" as const),
      device: fc.constant(DEVICE),
      seq: fc.maxSafeNat(),
      slot: fc.integer({ min: 1, max: 64 }),
      lane: fc.constantFrom(1 as const, 2 as const, 3 as const),
      key: text,
      expiresAt: timeMs,
      collapseKey: fc.option(text),
      contentType: fc.constantFrom(1 as const, 2 as const, 3 as const),
      data: fc.uint8Array({ maxLength: 40 }),
      firstAckAlias: fc.option(text),
      fingerprint: fc.option(fc.nat()),
      options: fc.option(messageOptions),
      hold: fc.option(
        fc.oneof(
          fc.record({ until: timeMs, local: text }),
          fc.record({ until: timeMs }),
          fc.record({ idSeq: fc.nat() }),
        ),
      ),
      shown: fc.option(notification),
    })
    .map(({ shown, ...line }) => (shown === null ? line : { ...line, notification: shown })),
  { selector: ({ seq }) => seq, maxLength: 8 },
);
const timelines = fc.uniqueArray(
  fc.record({
    kind: fc.constant("timeline" as const),
    device: fc.constant(DEVICE),
    seq: fc.maxSafeNat(),
    source: text,
    slot: fc.integer({ min: 1, max: 64 }),
    key: text,
    endedAt: fc.option(timeMs),
    events: text,
    options: fc.option(text),
  }),
  { selector: ({ seq, source }) => `${seq} ${source}`, maxLength: 8 },
);
const parts: fc.Arbitrary<DevicePart[]> = fc
  .tuple(device, registrations, subscriptions, holdings, mail, timelines)
  .map(([first, slots, tags, aliases, rows, told]) => [
    first,
    ...slots.sort((a, b) => a.slot - b.slot),
    // A device that never had a link has come to no place of any log.
    ...(first.link === null ? tags.map((tag) => ({ ...tag, cursor: null })) : tags),
    ...aliases,
    ...rows.sort((a, b) => a.seq - b.seq),
    ...told,
  ]);

/** Tags and aliases of a device have no order. */
const sorted = (lines: readonly DevicePart[]): string[] =>
  lines.map((line) => formatExportLine(line)).sort();

describe("a device that is moved", () => {
  test("M1 is the same in every row, through the text of an export and however it is cut into batches", () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 5 }), (lines, batch) => {
        const read = lines.map((line) => exportLine.parse(JSON.parse(formatExportLine(line))));
        expect(read).toEqual(lines);
        const store = new MemoryStore();
        for (let at = 0; at < lines.length; at += batch)
          writeDevice(store, lines.slice(at, at + batch));
        expect(sorted([...readDevice(DEVICE, store)])).toEqual(sorted(lines));
      }),
    );
  });

  test("without an account has nothing to move", () => {
    expect([...readDevice(DEVICE, new MemoryStore())]).toEqual([]);
  });

  test("is not mixed with one that is there", () => {
    fc.assert(
      fc.property(parts, (lines) => {
        const store = new MemoryStore();
        writeDevice(store, lines);
        expect(() => writeDevice(store, lines)).toThrow("is there already");
        expect(sorted([...readDevice(DEVICE, store)])).toEqual(sorted(lines));
      }),
    );
  });
});
