/** What every TagStore does, told from outside: run on each implementation. */
import { expect } from "vitest";
import type { LogEntry } from "../../../core/tag/calls/broadcast.ts";
import type { LogState, MemberRecord, NodeRecord, TagStore } from "../../../core/tag/store.ts";

export interface TagStoreCase {
  readonly name: string;
  run(store: TagStore): void;
}

const node: NodeRecord = {
  tag: "новости",
  born: 0,
  children: {},
  live: "token",
  liveNodes: [],
};

const member = (place: number, more: Partial<MemberRecord> = {}): MemberRecord => ({
  place,
  device: `device-${place}`,
  joined: 0,
  since: 0,
  attached: false,
  epoch: 1_793_491_200_001,
  ...more,
});

const entry = (position: number, more: Partial<LogEntry> = {}): LogEntry => ({
  position,
  seq: 366_280_744_960_000 + position,
  expiresAt: 1_800_000_000_000,
  cover: ["новости"],
  condition: null,
  filter: null,
  key: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 254, 255),
  lane: 2,
  contentType: 3,
  data: Uint8Array.of(0, 255, position & 0xff),
  collapseKey: null,
  pace: null,
  signature: null,
  ...more,
});

const headerOf = ({ data, ...rest }: LogEntry) => ({ ...rest, bytes: data.length });

const state = (more: Partial<LogState> = {}): LogState => ({
  attached: "AQ",
  failed: [],
  outcome: "{}",
  ...more,
});

/** Each case gets a store that holds nothing; all but the first make the node, as a node does. */
export const TAG_STORE_CASES: readonly TagStoreCase[] = [
  {
    name: "a store of nothing has no node",
    run(store) {
      expect(store.readNode()).toBeNull();
    },
  },
  {
    name: "the node is what was written last",
    run(store) {
      store.writeNode(node);
      expect(store.readNode()).toEqual(node);
      expect(store.listMembers()).toEqual([]);
      expect(store.listLog()).toEqual([]);
      const again: NodeRecord = {
        ...node,
        born: Number.MAX_SAFE_INTEGER,
        children: { f: { members: 1_000, nodes: 1, depth: 1 } },
        live: "open",
        liveNodes: [{ region: "eu", n: 3 }],
      };
      store.writeNode(again);
      expect(store.readNode()).toEqual(again);
    },
  },
  {
    name: "members are listed whole, counted, and found by device; one that goes is gone alone, and its place is given anew",
    run(store) {
      store.writeNode(node);
      expect(store.countMembers()).toEqual({ members: 0, places: 0 });
      store.putMember(member(999));
      store.putMember(member(0));
      store.putMember(member(0, { since: Number.MAX_SAFE_INTEGER, attached: true }));
      store.putMember(member(1));
      store.putMember(member(2, { generation: 2 ** 32 * 3 + 90_000_000 }));
      expect(store.readMember("device-2")?.generation).toBe(2 ** 32 * 3 + 90_000_000);
      store.deleteMember(2, member(2).device);
      store.deleteMember(999, member(999).device);
      store.putMember(member(999, { device: "another", attached: true }));
      expect(store.countMembers()).toEqual({ members: 3, places: 1_000 });
      expect(store.readMember("another")).toEqual(
        member(999, { device: "another", attached: true }),
      );
      expect(store.readMember(member(999).device)).toBeNull();
      store.deleteMember(1, member(1).device);
      store.deleteMember(7, member(7).device);
      // Its place was given to another one.
      store.deleteMember(999, member(999).device);
      expect(store.listMembers().toSorted((a, b) => a.place - b.place)).toEqual([
        member(0, { since: Number.MAX_SAFE_INTEGER, attached: true }),
        member(999, { device: "another", attached: true }),
      ]);
    },
  },
  {
    name: "the log is listed in order of position, whatever its slots, with all of its headers",
    run(store) {
      store.writeNode(node);
      const all = [
        entry(130, {
          collapseKey: "ключ",
          pace: 0.5,
          lane: 1,
          signature: new Uint8Array(64).fill(255),
        }),
        entry(127, { condition: { all: [{ tag: "a" }, { not: { tag: "" } }] }, cover: ["a", "b"] }),
        entry(128, { filter: { locale: ["de"], attributes: { plan: ["pro"] } } }),
        entry(129, { data: new Uint8Array() }),
      ];
      for (const one of all) store.putEntry(one.position % 128, one, null);
      for (const one of all)
        expect(store.readEntry(one.position % 128)).toEqual({ header: headerOf(one), state: null });
      expect(store.readEntry(3)).toBeNull();
      expect(store.listLog()).toEqual(
        all
          .toSorted((a, b) => a.position - b.position)
          .map((one) => ({ header: headerOf(one), state: null })),
      );
    },
  },
  {
    name: "an entry takes the place of the one in its slot, data and state too",
    run(store) {
      store.writeNode(node);
      store.putEntry(1, entry(1), state());
      store.putEntry(2, entry(2), null);
      store.putEntry(1, entry(129, { data: Uint8Array.of(7) }), null);
      expect(store.listLog().map(({ header, state }) => [header.position, state])).toEqual([
        [2, null],
        [129, null],
      ]);
      expect(store.readData(1, 1)).toBeNull();
      expect(store.readData(1, 129)).toEqual(Uint8Array.of(7));
    },
  },
  {
    name: "a state is what was written last, of its entry alone",
    run(store) {
      store.writeNode(node);
      store.putEntry(1, entry(1), null);
      store.putEntry(2, entry(2), state());
      const last = state({ attached: "_-8", failed: [0, 999], outcome: '{"ключ":1}' });
      store.writeState(1, state());
      store.writeState(1, last);
      expect(store.listLog().map(({ state }) => state)).toEqual([last, state()]);
      expect(store.listLog()[0]?.header).toEqual(headerOf(entry(1)));
      expect(store.readData(1, 1)).toEqual(entry(1).data);
    },
  },
  {
    name: "data is what was put in, though the bytes it was put in with are used again",
    run(store) {
      store.writeNode(node);
      const buffer = Uint8Array.of(9, 0, 255, 7, 9);
      store.putEntry(1, entry(1, { data: buffer.subarray(1, 4) }), null);
      store.putEntry(2, entry(2, { data: new Uint8Array() }), null);
      buffer.fill(1);
      expect(store.readData(1, 1)).toEqual(Uint8Array.of(0, 255, 7));
      expect(store.readData(2, 2)).toEqual(new Uint8Array());
      expect(store.readData(3, 3)).toBeNull();
    },
  },
  {
    name: "what is erased is as if it had never been, and can be made anew",
    run(store) {
      store.writeNode(node);
      store.putMember(member(0));
      store.putEntry(1, entry(1), state());
      store.erase();
      expect(store.readNode()).toBeNull();
      store.writeNode({ ...node, born: 7 });
      expect(store.readNode()).toEqual({ ...node, born: 7 });
      expect(store.listMembers()).toEqual([]);
      expect(store.listLog()).toEqual([]);
    },
  },
];
