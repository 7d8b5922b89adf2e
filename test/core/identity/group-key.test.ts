import { expect, it } from "vitest";
import { groupKey, type IdempotencyBasis } from "../../../core/identity/message-key.ts";
import { KEY_BYTES, toBase64Url } from "../../../schema/text.ts";

const APP = new Uint8Array(8).fill(1);
const KEY: IdempotencyBasis = { kind: "idempotency-key", value: "order-1" };

it("P2.2 a message to an alias or a broadcast has one key, and shares it with nothing else", () => {
  const key = groupKey(APP, { kind: "alias", name: "a" }, KEY);
  expect(key.length).toBe(KEY_BYTES);
  expect(groupKey(APP, { kind: "alias", name: "a" }, { ...KEY })).toEqual(key);
  const others = [
    groupKey(new Uint8Array(8), { kind: "alias", name: "a" }, KEY),
    groupKey(APP, { kind: "broadcast", name: "a" }, KEY),
    groupKey(APP, { kind: "alias", name: "ao" }, { ...KEY, value: "rder-1" }),
    groupKey(APP, { kind: "alias", name: "a" }, { ...KEY, value: "order-2" }),
    groupKey(
      APP,
      { kind: "alias", name: "a" },
      { kind: "signature", value: new TextEncoder().encode(KEY.value as string) },
    ),
  ];
  expect(new Set([key, ...others].map(toBase64Url)).size).toBe(others.length + 1);
});
