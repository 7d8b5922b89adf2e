/** Rows that objects of tags read when they were not in memory, as SQLite counts them: docs/storage.md has the table. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { SqlTagStore } from "../../objects/storage/tag-store.ts";
import { LIMITS } from "../../schema/limits.ts";
import { randomText } from "./support/client.ts";
import { type FullNode, fullNode, sleep } from "./support/full-node.ts";
import { countReads } from "./support/reads.ts";

const MEMBERS = LIMITS.NODE_MEMBERS;
const joining = (device: string, find = false) => ({
  ...{ tag: "news", device, find, born: null, attach: false },
});

interface Call {
  readonly what: string;
  readonly run: (node: FullNode) => Promise<unknown>;
  /** Rows at the most. */
  readonly root: number;
  readonly node: number;
}

const at = ({ devices }: FullNode, place: number) => devices[place] ?? "";

/** Two of each are the node's record and what SQLite reads to open the tables. */
const CALLS: readonly Call[] = [
  {
    what: "an attach of a device that has everything",
    run: (node) => node.stub.attach({ device: at(node, 500), after: node.head }),
    root: 10,
    node: 10,
  },
  {
    what: "an attach of a device that lacks three broadcasts",
    run: (node) => node.stub.attach({ device: at(node, 501), after: node.head - 3 }),
    root: 16,
    node: 16,
  },
  {
    what: "an attach of a device that has lost its cursor",
    run: (node) => node.stub.attach({ device: at(node, 502), after: null }),
    root: 160,
    node: 160,
  },
  {
    what: "an attach of a stranger",
    run: ({ stub, head }) => stub.attach({ device: randomText(16), after: head }),
    root: 10,
    node: 10,
  },
  {
    what: "a join of who is a member",
    run: (node) => node.stub.join(joining(at(node, 503))),
    root: 20,
    node: 17,
  },
  {
    what: "a join that is sent on",
    run: ({ stub }) => stub.join(joining(randomText(16))),
    root: MEMBERS + 20,
    node: MEMBERS + 17,
  },
  {
    what: "S18 the members of the node, for a page of the list of registrations",
    run: ({ stub }) => stub.members(),
    root: MEMBERS + 20,
    node: MEMBERS + 17,
  },
  {
    what: "a leave",
    run: (node) => node.stub.leave({ device: at(node, 504) }),
    root: 20,
    node: 17,
  },
  {
    what: "a status by the broadcast's number",
    run: ({ stub, head, entry }) => {
      const { key, seq } = entry(head - 700);
      return stub.broadcastStatus(key, seq);
    },
    root: 40,
    node: 10,
  },
  {
    what: "a count",
    run: ({ stub }) => stub.info(),
    root: MEMBERS + 25,
    node: 10,
  },
];

describe("a node of 1,000 members and a full log that left memory reads", () => {
  for (const [kind, path] of [
    ["root", ""],
    ["node", "a"],
  ] as const) {
    test(`P6.7 S18 at a ${kind} no more than docs/storage.md says`, {
      timeout: 60_000,
    }, async () => {
      const node = await fullNode(path);
      const reads = await countReads(node.stub);
      for (const { what, run, [kind]: most } of CALLS) {
        await sleep(node.stub);
        reads.reset();
        await run(node);
        const rows = await reads.rows();
        expect(rows, what).toBeLessThanOrEqual(most);
      }
    });
  }

  test("P6.7 its members for a broadcast, and at the root the log for the broadcast's key", {
    timeout: 60_000,
  }, async () => {
    const message = {
      ...{ cover: ["news"], condition: null, filter: null, lane: 2 as const },
      ...{ contentType: 2 as const, key: crypto.getRandomValues(new Uint8Array(9)) },
      ...{ data: new Uint8Array(9), collapseKey: null, pace: null, signature: null },
    };
    const root = await fullNode("", { areAttached: false });
    const reads = await countReads(root.stub);
    const { app } = root;
    expect(await root.stub.broadcast({ ...message, app, ttlSeconds: 60 })).toMatchObject({
      ok: true,
    });
    await expect
      .poll(() => root.stub.broadcastStatus(message.key), { timeout: 10_000 })
      .toMatchObject({ status: "sent" });
    expect(await reads.rows()).toBeLessThanOrEqual(MEMBERS + LIMITS.ROOT_LOG_ENTRIES + 40);

    const node = await fullNode("a", { areAttached: false });
    const nodeReads = await countReads(node.stub);
    const position = node.head + 1;
    const fanOut = {
      entries: [{ ...node.entry(position), ...message }],
      ...{ tag: "news", gap: false, pace: null, sliceMs: 5_000, settle: true, drive: false },
    };
    expect(await node.stub.fanOut(fanOut)).toMatchObject({
      done: true,
      counts: { members: 1_000 },
    });
    expect(await nodeReads.rows()).toBeLessThanOrEqual(MEMBERS + 20);
  });

  test("P6.7 its members' number for the alarm that tells it", { timeout: 60_000 }, async () => {
    const root = await fullNode("");
    await root.stub.leave({ device: root.devices[0] ?? "" });
    await sleep(root.stub);
    const reads = await countReads(root.stub);
    await runDurableObjectAlarm(root.stub);
    expect(await reads.rows()).toBeLessThanOrEqual(MEMBERS + 40);
  });
});

describe("a database of an older version", () => {
  test.each(["", "a"])(
    "P6.7 opens after, at path '%s': members and broadcasts are there, and it is by device from its next write on",
    {
      timeout: 60_000,
    },
    async (path) => {
      const node = await fullNode(path, { isOld: true });
      const { stub, devices, head, entry } = node;
      const reads = await countReads(stub);
      const [first = "", second = ""] = devices;
      expect(await stub.attach({ device: first, after: head - 1 })).toMatchObject({
        ...{ kind: "attached", upTo: head, more: false },
        entries: [{ position: head, data: entry(head).data }],
      });
      await sleep(stub);
      expect(await stub.leave({ device: second })).toBe(true);
      const stranger = randomText(16);
      expect(await stub.join(joining(stranger))).toEqual({ kind: "joined", head });
      await runDurableObjectAlarm(stub);
      await sleep(stub);
      reads.reset();
      expect(await stub.attach({ device: first, after: head })).toMatchObject({ kind: "attached" });
      expect(await reads.rows()).toBeLessThanOrEqual(12);
      expect(await stub.attach({ device: second, after: head })).toEqual({ kind: "unknown" });
      expect(await stub.attach({ device: stranger, after: null })).toMatchObject({
        kind: "attached",
        upTo: head,
      });
      await runInDurableObject(stub, (_, { storage }) => {
        const members = new SqlTagStore(storage.sql, "name").listMembers();
        expect(members).toHaveLength(MEMBERS);
        expect(new Set(members.map(({ place }) => place)).size).toBe(MEMBERS);
        expect(members.find(({ device }) => device === stranger)?.place).toBe(1);
      });
    },
  );
});
