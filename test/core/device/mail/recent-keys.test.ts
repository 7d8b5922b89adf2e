/** Final answers that are kept without a row: how they are stored, also by an older version. */
import { expect, test } from "vitest";
import { RecentKeys } from "../../../../core/device/mail/recent-keys.ts";
import { HybridClock } from "../../../../core/message/clock.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import { keyOf, START_MS } from "../support/rig.ts";

const keyed = (name: string) => toBase64Url(keyOf(name));
/** Of a ttl 0 message. */
const seq = HybridClock.at(START_MS) + 1;

/** One that was delivered, two that are asked after, with the hash of their data and without. */
function filled(): RecentKeys {
  const keys = new RecentKeys();
  keys.add(1, keyed("had"), { status: "delivered", seq, fingerprint: 7 });
  const sent = { status: "sent", seq, fingerprint: null } as const;
  keys.add(2, keyed("hashed"), sent, {
    lane: 1,
    dataHash: -3,
    options: { trace: true, receipts: true },
  });
  keys.add(2, keyed("bare"), sent, { lane: 3, dataHash: null, options: null });
  return keys;
}

/** What is told of them. */
function told(keys: RecentKeys) {
  const hashes = keys
    .queries(2, START_MS)
    .map(({ key, lane, dataHash, options }) => [key, lane, dataHash, options]);
  return [keys.find(1, keyed("had")), keys.find(2, keyed("hashed"))?.status, hashes];
}

const HAD = { status: "delivered", seq, fingerprint: 7 };

test("P2.2 P4.3 what is kept is known again", () => {
  const again = new RecentKeys();
  again.load(filled().bytes(START_MS));
  const asked = [
    [keyed("hashed"), 1, -3, { trace: true, receipts: true }],
    [keyed("bare"), 3, null, null],
  ];
  expect(told(again)).toEqual([HAD, "sent", asked]);
  expect(again.bytes(START_MS)).toEqual(filled().bytes(START_MS));
  again.load(new Uint8Array());
  expect(again.find(1, keyed("had"))).toBeUndefined();
  expect(again.bytes(START_MS)).toHaveLength(0);
});

test("P2.2 P4.3 M1 what an older version kept, without hashes and flags, is known again", () => {
  const stored = filled().bytes(START_MS).subarray(1);
  // Its entries ended with the lane alone, and had one flag.
  const old = Array.from({ length: 3 }, (_, n) => {
    const entry = stored.slice(28 * n, 28 * n + 24);
    entry[1] = (entry[1] ?? 0) & 0xbf;
    entry[23] = (entry[23] ?? 0) & 0x03;
    return [...entry];
  }).flat();
  const again = new RecentKeys();
  again.load(new Uint8Array(old));
  const asked = [
    [keyed("hashed"), 1, null, null],
    [keyed("bare"), 3, null, null],
  ];
  expect(told(again)).toEqual([HAD, "sent", asked]);
  const many = Array.from({ length: LIMITS.RECENT_KEYS + 1 }, () => old.slice(0, 24)).flat();
  again.load(new Uint8Array(many));
  expect(again.bytes(START_MS)).toHaveLength(1 + 28 * LIMITS.RECENT_KEYS);
});
