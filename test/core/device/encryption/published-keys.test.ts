import { describe, expect, test } from "vitest";
import { toBase64Url } from "../../../../schema/text.ts";
import { Rig } from "../support/rig.ts";

const point = (fill: number) => Uint8Array.of(4, ...new Uint8Array(64).fill(fill));
const secret = (fill: number) => new Uint8Array(16).fill(fill);
const none = new Uint8Array();

const publish = (rig: Rig, publicKey: Uint8Array, auth: Uint8Array, slot = 1) => {
  rig.take();
  rig.command({ kind: "publishKey", value: { request: 7, slot, publicKey, auth } });
  return rig.take().at(-1);
};

const keyOf = (rig: Rig, app = "a", generation = 1) => {
  const answer = rig.device.describe({ app, generation });
  if (!answer.ok) return answer.code;
  return answer.encryptionKey ?? null;
};

const published = (fill: number, publishedAt: number, generation = 1) => {
  const publicKey = toBase64Url(point(fill));
  return { publicKey, auth: toBase64Url(secret(fill)), publishedAt, generation };
};

describe("S31 the encryption key of a registration", () => {
  test("S31 is what the device published last, costs a row when it changes, and survives a restart", () => {
    const rig = Rig.registered();
    expect(keyOf(rig)).toBeNull();
    const before = rig.store.rowsWritten;
    expect(publish(rig, point(1), secret(1))).toMatchObject({
      kind: "done",
      value: { request: 7 },
    });
    expect(rig.store.rowsWritten - before).toBe(1);
    const first = rig.now;
    rig.now += 60_000;
    publish(rig, point(1), secret(1));
    expect(rig.store.rowsWritten - before).toBe(1);
    expect(keyOf(rig)).toEqual(published(1, first));
    publish(rig, point(2), secret(2));
    expect(rig.store.rowsWritten - before).toBe(2);
    rig.restart();
    expect(keyOf(rig)).toEqual(published(2, rig.now));
  });

  test("S31 is withdrawn by two empty fields", () => {
    const rig = Rig.registered();
    publish(rig, point(1), secret(1));
    expect(publish(rig, none, none)).toMatchObject({ kind: "done" });
    expect(keyOf(rig)).toBeNull();
    const before = rig.store.rowsWritten;
    publish(rig, none, none);
    expect(rig.store.rowsWritten).toBe(before);
  });

  test.each([
    ["a short point", point(1).subarray(1), secret(1)],
    ["a long point", Uint8Array.of(...point(1), 0), secret(1)],
    ["a compressed point", Uint8Array.of(2, ...new Uint8Array(32)), secret(1)],
    ["another form of 65 bytes", Uint8Array.of(3, ...new Uint8Array(64)), secret(1)],
    ["a short secret", point(1), secret(1).subarray(1)],
    ["a long secret", point(1), new Uint8Array(17)],
    ["no secret", point(1), none],
    ["no point", none, secret(1)],
  ])("S31 with %s is refused, and the earlier one stays", (_, publicKey, auth) => {
    const rig = Rig.registered();
    publish(rig, point(9), secret(9));
    const before = rig.store.rowsWritten;
    expect(publish(rig, publicKey, auth)).toMatchObject({
      kind: "refusal",
      value: { request: 7, name: "encryption_key_invalid", code: 240 },
    });
    expect(keyOf(rig)).toEqual(published(9, rig.now));
    expect(rig.store.rowsWritten).toBe(before);
  });

  test("S31 needs a registration", () => {
    const rig = Rig.registered();
    expect(publish(rig, point(1), secret(1), 2)).toMatchObject({
      kind: "refusal",
      value: { request: 7, name: "slot_unknown" },
    });
    expect(rig.store.encryptionKeys.size).toBe(0);
  });

  test("S31 ends with its registration: the next one in the slot has none, and an end without a key costs no row more", () => {
    const [rig, keyless] = [Rig.registered(), Rig.registered()];
    publish(rig, point(1), secret(1));
    const rows = [rig, keyless].map((each) => {
      const before = each.store.rowsWritten;
      each.command({ kind: "unregister", value: { request: 9, slot: 1 } });
      return each.store.rowsWritten - before;
    });
    expect(rows[0]).toBe(1 + (rows[1] ?? 0));
    expect(keyOf(rig)).toBe("unregistered");
    expect(rig.store.encryptionKeys.size).toBe(0);
    rig.register("a");
    expect(keyOf(rig, "a", 1 + 2 ** 32)).toBeNull();
  });

  test("S31 of an earlier registration, left by a program that knew no keys, is not that of the next", () => {
    const rig = Rig.registered();
    rig.store.writeEncryptionKey(1, published(1, rig.now, 1 + 2 ** 32));
    expect(keyOf(rig)).toBeNull();
  });
});
