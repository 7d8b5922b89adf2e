import fc from "fast-check";
import { expect, test } from "vitest";
import { Ranking } from "../../../../hosts/machine/net/admission/ranking.ts";

test("P8.5 the largest is told as by a look at all, whatever was counted before", () => {
  const change = fc.record({ item: fc.nat(8), count: fc.nat(12), skipped: fc.nat(8) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
      const ranking = new Ranking<number>();
      const counts = new Map<number, number>();
      for (const { item, count, skipped } of changes) {
        const before = counts.get(item);
        if (before !== undefined) ranking.remove(item, before);
        counts.delete(item);
        if (count > 0) {
          ranking.add(item, count);
          counts.set(item, count);
        }
        for (const skip of [null, skipped]) {
          const others = [...counts].filter(([other]) => other !== skip);
          const most = Math.max(...others.map(([, each]) => each));
          const first = others.find(([, each]) => each === most)?.[0] ?? null;
          expect(ranking.largest(skip)).toBe(first);
        }
      }
    }),
  );
});
