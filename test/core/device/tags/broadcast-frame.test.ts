import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeOneBroadcast } from "../../../../core/device/tags/broadcast-frame.ts";
import { isNowOrNever } from "../../../../core/message/clock.ts";
import type { LogEntry } from "../../../../core/tag/calls/broadcast.ts";
import { type Broadcast, encodePushDown } from "../../../../schema/generated/link.ts";

const number = fc.integer({ min: 1, max: 0x7fff_ffff });
const bytes = (max: number) => fc.uint8Array({ maxLength: max });

test("the shared part of a broadcast and a device's own make the frame that the codec makes", () => {
  const shared = fc.record(
    {
      tag: fc.string(),
      position: fc.maxSafeNat(),
      seq: fc.maxSafeNat(),
      key: bytes(9),
      source: fc.string(),
      priority: fc.constantFrom(1 as const, 2 as const, 3 as const),
      contentType: fc.constantFrom(1 as const, 2 as const, 3 as const),
      data: bytes(4_096),
      expiresAtMs: fc.maxSafeNat(),
      collapseKey: fc.string(),
      notification: fc.record(
        { title: fc.string({ maxLength: 200 }), badge: fc.nat(9) },
        { requiredKeys: [] },
      ),
    },
    {
      requiredKeys: [
        ...(["tag", "position", "seq", "key", "source"] as const),
        ...(["priority", "contentType", "data"] as const),
      ],
    },
  );
  const devices = fc.array(fc.record({ slot: number, ref: number }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(shared, devices, (same, some) => {
      const { seq, expiresAtMs, collapseKey = null, ...rest } = same;
      const lasts = !isNowOrNever(seq);
      const expiresAt = expiresAtMs ?? seq;
      const entry = { seq, expiresAt, collapseKey } as LogEntry;
      for (const { slot, ref } of some) {
        const broadcast: Broadcast = {
          ...{ slot, tagRef: ref, seq, ...rest },
          ...(lasts ? { expiresAtMs: expiresAt } : {}),
          ...(collapseKey === null ? {} : { collapseKey }),
        };
        // Another time for each device of one entry.
        const remainingMs = Math.min(expiresAt, slot);
        const now = expiresAt - remainingMs;
        const made = encodeOneBroadcast(entry, { slot, ref }, now, () => broadcast);
        const value = { broadcasts: [{ ...broadcast, ...(lasts ? { remainingMs } : {}) }] };
        expect(Buffer.from(made).equals(encodePushDown({ kind: "broadcasts", value }))).toBe(true);
      }
    }),
  );
});
