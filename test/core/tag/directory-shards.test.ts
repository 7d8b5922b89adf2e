/** A directory in several objects lists as one in one object does. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  byOrder,
  TagDirectory,
  type TagQuery,
  type TagReport,
} from "../../../core/tag/directory/directory.ts";
import {
  directoryNameOf,
  directoryNames,
  mergePages,
  reportToShard,
} from "../../../core/tag/directory/directory-shards.ts";

const APP = "ZGVmZ2hpams";
const SHARDS = 16;
const ANY: Omit<TagQuery, "sort" | "descending" | "limit" | "cursor"> = {
  prefix: "",
  minMembers: null,
  maxMembers: null,
  broadcastAfter: null,
  broadcastBefore: null,
};

/** The part of a store that a list needs, over an array. */
function directoryOf(reports: readonly TagReport[]): TagDirectory {
  return new TagDirectory({
    store: {
      read: () => null,
      put: () => {},
      remove: () => {},
      all: () => reports,
      select: ({ sort, descending, limit, after }) => {
        const compare = byOrder({ sort, descending });
        const place = after && {
          tag: after.tag,
          members: after.value,
          listeners: 0,
          lastBroadcastAt: after.value,
        };
        return [...reports]
          .sort(compare)
          .filter((report) => place === null || compare(report, place) > 0)
          .slice(0, limit);
      },
    },
  });
}

const report: fc.Arbitrary<TagReport> = fc.record({
  tag: fc.string({ unit: "binary", minLength: 1, maxLength: 3 }),
  members: fc.nat(3),
  listeners: fc.constant(0),
  lastBroadcastAt: fc.integer({ min: 1, max: 3 }),
});

test("T14 pages of all shards together are those of one directory, in any order", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(report, { selector: ({ tag }) => tag, maxLength: 40 }),
      fc.constantFrom("tag", "members", "lastBroadcastAt" as const),
      fc.boolean(),
      fc.integer({ min: 1, max: 7 }),
      (reports, sort, descending, limit) => {
        const whole = directoryOf(reports);
        const shards = directoryNames(APP, SHARDS).map((name) =>
          directoryOf(reports.filter(({ tag }) => directoryNameOf(APP, tag, SHARDS) === name)),
        );
        let cursor: string | null = null;
        const listed: TagReport[] = [];
        do {
          const query: TagQuery = { ...ANY, sort, descending, limit, cursor };
          const page = mergePages(
            shards.map((shard) => shard.list(query)),
            query,
          );
          expect(page?.tags).toEqual(whole.list(query)?.tags);
          listed.push(...(page?.tags ?? []));
          cursor = page?.next ?? null;
        } while (cursor !== null);
        expect(listed).toHaveLength(reports.length);
      },
    ),
    { numRuns: 300 },
  );
});

test("a cursor that one shard does not take is none of the list", () => {
  const query: TagQuery = { ...ANY, sort: "tag", descending: false, limit: 5, cursor: "x" };
  expect(mergePages([{ tags: [], next: null }, null], query)).toBeNull();
});

test("tags are spread evenly; one object alone is named as before there were several", () => {
  expect(directoryNames(APP, 1)).toEqual([APP]);
  expect(directoryNameOf(APP, "news", 1)).toBe(APP);
  const counts = new Map<string, number>();
  for (let n = 0; n < 3_200; n++) {
    const name = directoryNameOf(APP, `tag ${n}`, SHARDS);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual(directoryNames(APP, SHARDS).sort());
  for (const count of counts.values()) expect(count).toBeGreaterThan(120);
});

test("T14 a tag whose report failed on its way out of the first object is listed once in the end", async () => {
  const storeOf = (...reports: TagReport[]) => {
    const rows = new Map(reports.map((each) => [each.tag, each]));
    return {
      rows,
      read: (tag: string) => rows.get(tag) ?? null,
      put: (each: TagReport) => void rows.set(each.tag, each),
      remove: (tag: string) => void rows.delete(tag),
      select: () => [],
      all: () => [...rows.values()],
    };
  };
  const news = { tag: "news", members: 2, listeners: 0, lastBroadcastAt: null };
  const first = storeOf({ ...news, members: 1 });
  const shard = storeOf();
  let calls = 0;
  const toFirst = async (gone: TagReport) => {
    if (calls++ === 0) throw new Error("unreachable");
    await reportToShard(first, gone, null);
  };
  await expect(reportToShard(shard, news, toFirst)).rejects.toThrow("unreachable");
  // The root reports again.
  await reportToShard(shard, news, toFirst);
  await reportToShard(shard, { ...news, members: 3 }, toFirst);
  expect([first.all(), shard.all(), calls]).toEqual([[], [{ ...news, members: 3 }], 2]);
});
