/** Nodes, aliases and the tag directory as lines of an export, and back, over the text form. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AliasRecord, AliasStore } from "../../../core/alias/host.ts";
import type { ChangeStore, SignedChange } from "../../../core/app/changes.ts";
import { readAlias, writeAlias } from "../../../core/move/alias.ts";
import { readDirectory, writeDirectory } from "../../../core/move/directory.ts";
import { nodeAlarmOf, readNode, writeNode } from "../../../core/move/node.ts";
import type { TagDirectoryStore, TagReport } from "../../../core/tag/directory/directory.ts";
import { nodeObjectName } from "../../../core/tag/name.ts";
import { Schedule } from "../../../core/tag/root/schedule.ts";
import { SCHEDULED_SLOT } from "../../../core/tag/store.ts";
import {
  type DataLine,
  EXPORT_CHANGES,
  EXPORT_MEMBERS,
  exportLine,
  formatExportLine,
  type NodePart,
} from "../../../schema/export.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { MemoryTagStore } from "../tag/support/memory-tag-store.ts";

const APP = "AAAAAAAAAAA";
const TAG_ID = "A".repeat(22);
const DEVICE = "AAAAAAAAAAAAAAAAAAAAAA";
const nameOf = (path: string) => nodeObjectName({ app: APP, tagId: TAG_ID, path });

const position = fc.integer({ min: 1, max: 1_000_000 });
const timeMs = fc.nat(4_000_000_000_000);
const text = fc.string({ unit: "grapheme", maxLength: 20 });
const texts = fc.array(text, { maxLength: 3 });
const lane = fc.constantFrom(1 as const, 2 as const, 3 as const);

type Condition = { tag: string } | { any: Condition[] } | { all: Condition[] } | { not: Condition };
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({ tag: text }),
    fc.record({ any: fc.array(tie("condition"), { maxLength: 3 }) }),
    fc.record({ all: fc.array(tie("condition"), { maxLength: 3 }) }),
    fc.record({ not: tie("condition") }),
  ),
}));
const filter = fc.record(
  {
    platform: texts,
    appVersion: fc.record({ min: text, max: text }, { requiredKeys: [] }),
    locale: texts,
    attributes: fc.dictionary(
      fc.string({ minLength: 1, maxLength: 5 }).map((key) => `a${key}`),
      texts,
      {
        maxKeys: 3,
        noNullPrototype: true,
      },
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const parts = fc
  .record({
    path: fc.stringMatching(/^[0-9a-f]{0,4}$/),
    tag: text,
    born: fc.nat(),
    children: fc.dictionary(
      fc.constantFrom(..."0123456789abcdef"),
      fc.record({ members: fc.nat(), nodes: fc.nat(), depth: fc.nat() }),
      { noNullPrototype: true },
    ),
    live: fc.constantFrom("closed" as const, "token" as const, "open" as const),
    members: fc.uniqueArray(
      fc.record({
        place: fc.nat(LIMITS.NODE_MEMBERS - 1),
        device: fc.constant(DEVICE),
        joined: fc.nat(),
        since: fc.nat(),
        attached: fc.boolean(),
        epoch: timeMs,
      }),
      { selector: ({ place }) => place, maxLength: 20 },
    ),
    first: position,
    entries: fc.array(
      fc.record({
        seq: fc.maxSafeNat(),
        key: fc.uint8Array({ minLength: 9, maxLength: 9 }),
        cover: texts,
        condition: fc.option(condition),
        filter: fc.option(filter),
        lane,
        contentType: lane,
        data: fc.uint8Array({ maxLength: 40 }),
        expiresAt: timeMs,
        collapseKey: fc.option(text),
        pace: fc.option(fc.integer({ min: 1, max: LIMITS.PACE_MAX })),
        signature: fc.option(fc.uint8Array({ minLength: 64, maxLength: 64 })),
        state: fc.option(
          fc.record({
            attached: fc.base64String(),
            failed: fc.array(fc.nat(LIMITS.NODE_MEMBERS - 1), { maxLength: 5 }),
            outcome: text,
          }),
        ),
      }),
      { maxLength: 8 },
    ),
  })
  .map(({ path, members, first, entries, ...record }): { name: string; lines: NodePart[] } => {
    const name = nameOf(path);
    const kept = members.sort((a, b) => a.place - b.place);
    return {
      name,
      lines: [
        { kind: "node", node: name, ...record },
        ...(kept.length === 0 ? [] : [{ kind: "members" as const, node: name, members: kept }]),
        ...entries.map((entry, i) => ({
          kind: "broadcast" as const,
          node: name,
          ...entry,
          position: first + i,
        })),
      ],
    };
  });

const throughText = <Line extends DataLine>(lines: readonly Line[]): Line[] =>
  lines.map((line) => exportLine.parse(JSON.parse(formatExportLine(line))) as Line);

describe("a node that is moved", () => {
  test("M1 is the same in every row, through the text of an export and however it is cut into batches", () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 4 }), ({ name, lines }, batch) => {
        const read = throughText(lines);
        expect(read).toEqual(lines);
        const store = new MemoryTagStore();
        for (let at = 0; at < read.length; at += batch)
          writeNode(name, store, read.slice(at, at + batch));
        expect([...readNode(name, store)]).toEqual(lines);
      }),
    );
  });

  test("that was never made has nothing to move, and none is written over another", () => {
    expect([...readNode(nameOf(""), new MemoryTagStore())]).toEqual([]);
    const store = new MemoryTagStore();
    const name = nameOf("a");
    const line = {
      kind: "node",
      node: name,
      tag: "t",
      born: 1,
      children: {},
      live: "open",
    } as const;
    writeNode(name, store, [line]);
    expect(() => writeNode(name, store, [line])).toThrow("is there already");
  });

  test("M1 tells its members some at a time, and leaves its live nodes behind", () => {
    const store = new MemoryTagStore();
    const name = nameOf("");
    const record = { tag: "t", born: 0, children: {}, live: "token" } as const;
    store.writeNode({ ...record, liveNodes: [{ region: "weur", n: 0 }] });
    const count = EXPORT_MEMBERS + 1;
    for (let place = 0; place < count; place++)
      store.putMember({ place, device: DEVICE, joined: 0, since: 0, attached: true, epoch: 0 });
    const lines = [...readNode(name, store)];
    expect(lines.map(({ kind }) => kind)).toEqual(["node", "members", "members"]);
    const other = new MemoryTagStore();
    writeNode(name, other, throughText(lines));
    expect(other.readNode()).toEqual({ ...record, liveNodes: [] });
    expect(other.listMembers()).toHaveLength(count);
  });

  test("M1 goes on with what waits at once, and tells its counts within minutes", () => {
    const now = 1_793_491_200_000;
    const entry = {
      kind: "broadcast",
      position: LIMITS.ROOT_LOG_ENTRIES + 3,
      seq: 2,
      key: new Uint8Array(9),
      cover: ["t"],
      condition: null,
      filter: null,
      lane: 2,
      contentType: 2,
      data: Uint8Array.of(1),
      expiresAt: now,
      collapseKey: null,
      pace: null,
      signature: null,
    } as const;
    const state = { attached: "", failed: [], outcome: "{}" };
    const alarmWith = (path: string, served: boolean) => {
      const node = nameOf(path);
      const store = new MemoryTagStore();
      writeNode(node, store, [
        { kind: "node", node, tag: "t", born: 0, children: {}, live: "token" },
        { ...entry, node, cover: ["t"], state: served ? state : null },
      ]);
      return nodeAlarmOf(node, store, now);
    };
    expect(alarmWith("", false)).toBe(now);
    // Served, and one that waits for its time.
    const node = nameOf("");
    const store = new MemoryTagStore();
    const lines: NodePart[] = [
      { kind: "node", node, tag: "t", born: 0, children: {}, live: "token" },
      { ...entry, node, cover: ["t"], recalledAt: now, state },
      { ...entry, node, cover: ["t"], position: SCHEDULED_SLOT + 1, sendAt: now + 9, state: null },
      { ...entry, node, cover: ["t"], position: SCHEDULED_SLOT, sendAt: now + 5, state: null },
    ];
    writeNode(node, store, throughText(lines));
    expect(new Schedule(store).nextAt).toBe(now + 5);
    expect(new Set(readNode(node, store))).toEqual(new Set(lines));
    expect(nodeAlarmOf(node, store, now)).toBe(now);
    for (const path of ["", "a", "b7"]) {
      const later = alarmWith(path, true) - now;
      expect(later).toBeGreaterThan(0);
      expect(later).toBeLessThan(600_000);
    }
  });
});

class MemoryAliasStore implements AliasStore {
  #record: AliasRecord | null = null;

  read(): AliasRecord | null {
    return this.#record;
  }

  write(record: AliasRecord): void {
    this.#record = record;
  }

  erase(): void {
    this.#record = null;
  }
}

describe("an alias that is moved", () => {
  test("M1 A3 keeps its holders in their order and what they took, and is not written over another", () => {
    const holders = [3, 1, 2].map((generation) => ({ device: `device-${generation}`, generation }));
    const taken = [
      { key: "AAAAAAAAAAAA", device: "d", generation: 1, seq: 5, fingerprint: null, at: 9 },
    ];
    const line = { kind: "alias", app: APP, alias: "имя", shared: true, holders, taken } as const;
    const store = new MemoryAliasStore();
    expect(readAlias(store)).toBeNull();
    const [read] = throughText([{ ...line, holders, taken }]);
    if (read === undefined) throw new Error("the line is gone");
    writeAlias(store, read);
    expect(readAlias(store)).toEqual(line);
    expect(() => writeAlias(store, read)).toThrow("is there already");
  });
});

class MemoryDirectoryStore implements TagDirectoryStore, ChangeStore {
  readonly changes = new Map<number, SignedChange>();

  *listChanges() {
    for (const [slot, change] of this.changes) yield { slot, ...change };
  }

  putChange(slot: number, change: SignedChange): void {
    this.changes.set(slot, change);
  }

  dropChanges(): void {
    this.changes.clear();
  }

  readonly #tags = new Map<string, TagReport>();

  read(tag: string): TagReport | null {
    return this.#tags.get(tag) ?? null;
  }

  put(report: TagReport): void {
    this.#tags.set(report.tag, report);
  }

  remove(tag: string): void {
    this.#tags.delete(tag);
  }

  select(): TagReport[] {
    return [...this.#tags.values()];
  }

  all(): Iterable<TagReport> {
    return this.#tags.values();
  }
}

test("M1 A6 a tag directory that is moved lists the same and notes the same signed changes, but for who listens: they connect again", () => {
  const store = new MemoryDirectoryStore();
  store.put({ tag: "", members: 7, listeners: 2, lastBroadcastAt: null });
  store.put({ tag: "watched", members: 0, listeners: 1, lastBroadcastAt: null });
  store.put({ tag: "old", members: 0, listeners: 0, lastBroadcastAt: 9 });
  const changes = Array.from({ length: EXPORT_CHANGES + 1 }, (_, at) => ({ id: `${at}`, at }));
  changes.forEach((change, slot) => {
    store.putChange(slot, change);
  });
  const lines = throughText([...readDirectory(APP, store)]);
  const other = new MemoryDirectoryStore();
  writeDirectory(other, lines);
  expect([...other.all()]).toEqual([
    { tag: "", members: 7, listeners: 0, lastBroadcastAt: null },
    { tag: "old", members: 0, listeners: 0, lastBroadcastAt: 9 },
  ]);
  expect([...other.changes.values()]).toEqual(changes);
});
