/** What a tag directory does on its store, told from outside: run on each implementation of the store. */
import fc from "fast-check";
import { expect } from "vitest";
import {
  TagDirectory,
  type TagDirectoryStore,
  type TagQuery,
  type TagReport,
} from "../../../core/tag/directory/directory.ts";

export interface TagDirectoryCase {
  readonly name: string;
  run(store: TagDirectoryStore): void;
}

const report = (tag: string, fields: Partial<TagReport> = {}): TagReport => ({
  tag,
  members: 1,
  listeners: 0,
  lastBroadcastAt: null,
  ...fields,
});

const query = (fields: Partial<TagQuery> = {}): TagQuery => ({
  prefix: "",
  minMembers: null,
  maxMembers: null,
  broadcastAfter: null,
  broadcastBefore: null,
  sort: "tag",
  descending: false,
  limit: 100,
  cursor: null,
  ...fields,
});

function listed(directory: TagDirectory, fields: Partial<TagQuery> = {}): string[] | undefined {
  return directory.list(query(fields))?.tags.map(({ tag }) => tag);
}

function filled(store: TagDirectoryStore, reports: readonly TagReport[]): TagDirectory {
  const directory = new TagDirectory({ store });
  for (const one of reports) directory.report(one);
  return directory;
}

const compareBytes = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));

/** All that a query finds, by the plainest means there is. */
function expected(reports: ReadonlyMap<string, TagReport>, asked: TagQuery): TagReport[] {
  const key = ({ members, lastBroadcastAt }: TagReport) =>
    asked.sort === "members" ? members : asked.sort === "tag" ? 0 : (lastBroadcastAt ?? 0);
  const { broadcastAfter, broadcastBefore } = asked;
  const found = [...reports.values()]
    .filter(({ tag }) => tag.startsWith(asked.prefix))
    .filter(({ members }) => members >= (asked.minMembers ?? 0))
    .filter(({ members }) => members <= (asked.maxMembers ?? Number.POSITIVE_INFINITY))
    .filter(({ lastBroadcastAt }) => {
      if (lastBroadcastAt === null) return broadcastAfter === null && broadcastBefore === null;
      return (
        lastBroadcastAt >= (broadcastAfter ?? 0) &&
        lastBroadcastAt <= (broadcastBefore ?? Number.POSITIVE_INFINITY)
      );
    })
    .sort((a, b) => key(a) - key(b) || compareBytes(a.tag, b.tag));
  return asked.descending ? found.reverse() : found;
}

/** Few letters, so that prefixes are shared; of all lengths in UTF-8, and on both sides of the surrogates. */
const letter = fc.constantFrom(
  ..."abé",
  "\0",
  '"',
  "\u{7f}",
  "\u{feff}",
  "\u{d7ff}",
  "\u{e000}",
  "\u{ffff}",
  "😀",
  "\u{10ffff}",
);
const tagText = fc.array(letter, { maxLength: 4 }).map((letters) => letters.join(""));
const few = fc.nat(4);
const time = fc.integer({ min: 1, max: 5 });
const anyReport = fc.record({
  tag: tagText,
  members: few,
  listeners: fc.nat(1),
  lastBroadcastAt: fc.option(time),
});
const anyQuery = fc.record({
  prefix: fc.oneof(fc.constant(""), tagText),
  minMembers: fc.option(few, { freq: 1 }),
  maxMembers: fc.option(few, { freq: 1 }),
  broadcastAfter: fc.option(time, { freq: 1 }),
  broadcastBefore: fc.option(time, { freq: 1 }),
  sort: fc.constantFrom("tag" as const, "members" as const, "lastBroadcastAt" as const),
  descending: fc.boolean(),
  limit: fc.integer({ min: 1, max: 5 }),
  cursor: fc.constant(null),
});

/** Each case gets a store that holds nothing. */
export const TAG_DIRECTORY_CASES: readonly TagDirectoryCase[] = [
  {
    name: "that was told nothing lists nothing",
    run(store) {
      const directory = new TagDirectory({ store });
      expect(directory.list(query())).toEqual({ tags: [], next: null });
      expect([...store.all()]).toEqual([]);
    },
  },
  {
    name: "keeps what was told last, also of the built-in tag, whose name is empty",
    run(store) {
      const last = report("news", { members: 7, listeners: 2, lastBroadcastAt: 1_793_491_200_000 });
      const everyone = report("", { members: 9 });
      const directory = filled(store, [report("news"), everyone, last]);
      expect(directory.list(query())?.tags).toEqual([everyone, last]);
      expect([...store.all()]).toEqual([everyone, last]);
    },
  },
  {
    name: "forgets a tag that nobody is in and that never had a broadcast, and no other",
    run(store) {
      const had = report("had", { members: 0, lastBroadcastAt: 5 });
      const watched = report("watched", { members: 0, listeners: 1 });
      const directory = filled(store, [report("gone"), had, watched]);
      directory.report(report("gone", { members: 0 }));
      directory.report(report("never", { members: 0 }));
      expect(directory.list(query())?.tags).toEqual([had, watched]);
    },
  },
  {
    name: "P8 refuses a cursor of another order, and any text that is none",
    run(store) {
      const directory = filled(store, [report("a"), report("b"), report("c")]);
      const cursor = directory.list(query({ limit: 1 }))?.next ?? "";
      expect(listed(directory, { cursor })).toEqual(["b", "c"]);
      expect(directory.list(query({ cursor, descending: true }))).toBeNull();
      expect(directory.list(query({ cursor, sort: "members" }))).toBeNull();
      const text = (plain: string) => Buffer.from(plain).toString("base64url");
      for (const bad of [
        "",
        "!",
        cursor.slice(1),
        `${cursor}=`,
        text("t+00.a"),
        text("t+0"),
        text("x+0.a"),
      ])
        expect(directory.list(query({ cursor: bad }))).toBeNull();
      expect(
        directory.list(query({ cursor: Buffer.from([0xff]).toString("base64url") })),
      ).toBeNull();
    },
  },
  {
    name: "gives each tag once through all pages, whatever is asked, as a plain list would",
    run(store) {
      const known = new Map<string, TagReport>();
      const directory = new TagDirectory({ store });
      fc.assert(
        fc.property(
          fc.array(anyReport, { maxLength: 8 }),
          fc.array(anyQuery, { minLength: 1, maxLength: 3 }),
          (reports, queries) => {
            for (const one of reports) {
              directory.report(one);
              const { members, listeners, lastBroadcastAt } = one;
              if (members === 0 && listeners === 0 && lastBroadcastAt === null)
                known.delete(one.tag);
              else known.set(one.tag, one);
            }
            for (const asked of queries) {
              const found: TagReport[] = [];
              for (let cursor: string | null = null; ; ) {
                const page = directory.list({ ...asked, cursor });
                if (page === null) throw new Error(`its own cursor was refused: ${cursor}`);
                expect(page.tags.length).toBeLessThanOrEqual(asked.limit);
                found.push(...page.tags);
                cursor = page.next;
                if (cursor === null) break;
              }
              expect(found).toEqual(expected(known, asked));
            }
          },
        ),
        { numRuns: 100 },
      );
    },
  },
  {
    name: "lists a tag that does not move once, while others come, go and move between two pages",
    run(store) {
      const standing = Array.from({ length: 20 }, (_, i) =>
        report(`s${i}`, { members: 10 * (i + 1) }),
      );
      const directory = filled(store, standing);
      const found: string[] = [];
      for (let n = 0, cursor: string | null = null; ; n++) {
        const page = directory.list(query({ sort: "members", descending: true, limit: 3, cursor }));
        found.push(...(page?.tags.map(({ tag }) => tag) ?? []));
        cursor = page?.next ?? null;
        if (cursor === null) break;
        directory.report(report(`new ${n}`, { members: 10 * n + 5 }));
        directory.report(report("s19", { members: 200 + n }));
        directory.report(report(`new ${n - 2}`, { members: 0 }));
      }
      const still = standing.map(({ tag }) => tag).slice(0, -1);
      expect(found.filter((tag) => still.includes(tag))).toEqual(still.reverse());
    },
  },
];
