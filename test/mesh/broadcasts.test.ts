/**
 * Broadcasts in trees of several nodes, to devices that are there and away: counted, caught up on, and held apart from
 * what a hostile device claims.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  CHANNEL_LINK,
  type Cursor,
  encodeEnvelope,
  encodeLinkUp,
  PROTOCOL_REVISION,
} from "../../schema/generated/link.ts";
import type { BroadcastStatusBody, ConditionBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { connect, memoryStorage } from "../../sdk/device/mod.ts";
import { type BroadcastMessage, type PushServer, PushServerError } from "../../sdk/server/mod.ts";
import { type App, Mesh } from "../chaos/mesh.ts";
import { until } from "../chaos/wait.ts";
import { HOST } from "../support/host.ts";
import { push, RawAccount, RawDevice } from "./support/raw-device.ts";

/** Members of a node: a tag of 40 has nodes on three levels at least, for the root and its 16 children hold 68 at the most. */
const NODE_MEMBERS = 2;
const MEMBERS = 40;
const AWAY = 10;

let mesh: Mesh;
let app: App;
let server: PushServer;

beforeAll(async () => {
  mesh = await Mesh.start(HOST, { PUSHMESH_NODE_MEMBERS: `${NODE_MEMBERS}` });
  app = await mesh.app("broadcasts");
  server = mesh.sender(app);
});

afterAll(() => mesh.stop());

const comes = (what: string, holds: () => boolean | Promise<boolean>) => until(what, holds, 30_000);

/** A device whose app keeps what it was shown. */
async function device(storage = memoryStorage()) {
  const client = await connect({ url: mesh.url, appId: app.appId, storage });
  onTestFinished(() => client.close());
  const shown: unknown[] = [];
  client.onMessage(({ data }) => {
    shown.push(data);
  });
  return { client, regId: await client.register(), shown, storage };
}

async function join(tag: string, devices: readonly { readonly regId: string }[]): Promise<void> {
  const results = await server.tags.add(
    tag,
    devices.map(({ regId }) => regId),
  );
  expect(results.every(({ ok }) => ok)).toBe(true);
}

/** Sends it, and resolves with its counts once they are final. */
async function broadcast(message: BroadcastMessage): Promise<BroadcastStatusBody> {
  const { id } = await server.broadcast(message);
  let status = await server.status(id);
  await comes(`the end of ${id}`, async () => {
    status = await server.status(id);
    return status.status === "sent";
  });
  if (!("attached" in status)) throw new Error(`${id} is no broadcast`);
  return status;
}

describe("a tag of many nodes", () => {
  test("B1 B3 B15 reaches who is there at once and who is away later, once, and counts each", async () => {
    const devices = await Promise.all(Array.from({ length: MEMBERS }, () => device()));
    await join("crowd", devices);
    const there = devices.slice(AWAY);
    const away = devices.slice(0, AWAY);
    await Promise.all(away.map(({ client }) => client.close()));
    for (const { regId } of away) {
      await comes("its end", async () => !(await server.registration(regId)).connected);
    }

    const first = await broadcast({ to: { tag: "crowd" }, data: "first" });
    const { attached, delivered, acknowledged, offline, nodes } = first;
    expect({ attached, delivered, acknowledged, offline }).toEqual({
      attached: MEMBERS,
      delivered: there.length,
      acknowledged: there.length,
      offline: AWAY,
    });
    expect(first).toMatchObject({ members: MEMBERS, filtered: 0, deferred: 0, failed: 0 });
    expect(nodes).toBeGreaterThan(Math.ceil(MEMBERS / NODE_MEMBERS) - 1);
    // Found to be away, they are not asked again.
    const second = await broadcast({ to: { tag: "crowd" }, data: "second" });
    expect(second).toMatchObject({ members: MEMBERS, attached: there.length, offline: 0, nodes });

    const back = await Promise.all(away.map(({ storage }) => device(storage)));
    for (const { shown } of back) await comes("what it missed", () => shown.length === 2);
    const third = await broadcast({ to: { tag: "crowd" }, data: "third", pace: 100 });
    expect(third).toMatchObject({ attached: MEMBERS, acknowledged: MEMBERS, remaining: 0 });
    for (const { shown } of [...there, ...back])
      expect(shown).toEqual(["first", "second", "third"]);
    // 10 s a level until its root knows how many there are.
    await until(
      "the count of the root",
      async () => (await server.tags.get("crowd")).members === MEMBERS,
      8 * LIMITS.COUNT_DELAY_MS,
    );
    const { depth } = await server.tags.get("crowd");
    expect(depth).toBeGreaterThan(2);
  });
});

describe("a collapse key", () => {
  test("B12 a later broadcast replaces an earlier one only for whom it is meant", async () => {
    const away = await device();
    const key = { to: { tag: "scores" }, collapseKey: "score" } as const;
    await join("scores", [away]);
    await away.client.close();
    await comes("its end", async () => !(await server.registration(away.regId)).connected);
    await broadcast({ ...key, data: "old" });
    await broadcast({ ...key, data: "for all" });
    await broadcast({ ...key, data: "gold", filter: { attributes: { tier: ["gold"] } } });
    await broadcast({ ...key, data: "now", ttl: 0 });
    await broadcast({ to: { tag: "scores" }, data: "last" });
    const { shown } = await device(away.storage);
    await comes("what it missed", () => shown.includes("last"));
    expect(shown).toEqual(["for all", "last"]);
  });
});

describe("a more urgent broadcast", () => {
  test("B7 B11 B15 overtakes one of ttl 0, which reaches all who are there and counts them all the same", async () => {
    const devices = await Promise.all(Array.from({ length: MEMBERS }, () => device()));
    await join("rush", devices);
    const to = { tag: "rush" };
    // At this pace it takes 8 s, if nothing overtakes it.
    const now = { to, data: "now", ttl: 0, priority: "low", pace: 5 } as const;
    const ends = Promise.all([
      broadcast(now),
      comes("the first", () => devices.some(({ shown }) => shown.length > 0)).then(() =>
        broadcast({ to, data: "urgent", priority: "high" }),
      ),
    ]);
    for (const end of await ends) {
      const counts = { attached: MEMBERS, delivered: MEMBERS, acknowledged: MEMBERS };
      expect(end).toMatchObject({ ...counts, deferred: 0, failed: 0, remaining: 0 });
    }
    for (const { shown } of devices) expect(shown).toEqual(["now", "urgent"]);
  });
});

/** Whether a condition holds for a device that is in these tags: in other words than the mesh's. */
function holds(condition: ConditionBody, tags: ReadonlySet<string>): boolean {
  if ("tag" in condition) return tags.has(condition.tag);
  if ("any" in condition) return condition.any.some((each) => holds(each, tags));
  if ("all" in condition) return condition.all.every((each) => holds(each, tags));
  return !holds(condition.not, tags);
}

describe("a condition", () => {
  const names = ["v", "w", "x", "y", "z"] as const;
  const [a, b, c, d, e] = [
    { tag: "v" },
    { tag: "w" },
    { tag: "x" },
    { tag: "y" },
    { tag: "z" },
  ] as const;
  const conditions: ConditionBody[] = [
    { any: [{ all: [a, { not: b }] }, { all: [c, { any: [d, { not: e }] }] }] },
    { any: [a, b, c, d, e] },
    { all: [{ any: [a, b] }, { not: { any: [c, { all: [d, e] }] } }] },
    { not: { any: [a, b, c, { all: [d, e] }] } },
  ];

  test("B9 B22 over five tags, nested, reaches exactly those it holds for, once", async () => {
    // Each in the tags that the bits of its number name.
    const devices = await Promise.all(Array.from({ length: 16 }, () => device()));
    const tags = devices.map(
      (_, i) => new Set<string>(names.filter((_, bit) => ((i * 7 + 3) >> bit) & 1)),
    );
    for (const tag of names) {
      await join(
        tag,
        devices.filter((_, i) => tags[i]?.has(tag)),
      );
    }
    for (const [n, condition] of conditions.entries()) {
      const { acknowledged } = await broadcast({ to: { condition }, data: `${n}` });
      const due = tags.filter((set) => holds(condition, set)).length;
      expect(due).toBeGreaterThan(0);
      // One that is in several tags of the cover has it through the first that comes.
      expect(acknowledged).toBe(due);
    }
    for (const [i, { shown }] of devices.entries()) {
      const due = conditions.flatMap((condition, n) =>
        holds(condition, tags[i] ?? new Set()) ? [`${n}`] : [],
      );
      // Their order is promised within a tag, and these go by several.
      expect([...shown].sort()).toEqual(due);
    }
  });
});

describe("who comes back", () => {
  test("B11 B12 gets of a collapse key the newest only, and nothing that expired", async () => {
    const one = await device();
    await join("board", [one]);
    await one.client.close();
    await comes("its end", async () => !(await server.registration(one.regId)).connected);
    const to = { tag: "board" };
    const expires = await server.broadcast({ to, data: "expires", ttl: 1 });
    await server.broadcast({ to, data: "now or never", ttl: 0 });
    for (const score of ["1:0", "1:1", "2:1"]) {
      await server.broadcast({ to, data: score, collapseKey: "score" });
    }
    await server.broadcast({ to, data: "plain" });
    const status = await server.status(expires.id);
    await comes("its end", () => Date.now() > status.acceptedAt + 1_000);
    const back = await device(one.storage);
    await comes("the rest", () => back.shown.includes("plain"));
    await broadcast({ to, data: "last" });
    expect(back.shown).toEqual(["2:1", "plain", "last"]);
  });
});

/** A link of an account, whose Hello says how far the device has come. */
async function greet(account: RawAccount, cursors: Cursor[] = []): Promise<RawDevice> {
  const raw = await RawDevice.open(mesh.url, account);
  onTestFinished(() => raw.socket.destroy());
  const value = { revision: PROTOCOL_REVISION, attach: [], cursors };
  const body = encodeLinkUp({ kind: "hello", value });
  raw.socket.binary(encodeEnvelope({ channel: CHANNEL_LINK, body }));
  const frame = await raw.next();
  if (frame.kind !== "welcome") throw new Error(`instead of a welcome: ${frame.kind}`);
  const slot = frame.value.registrations[0]?.slot;
  if (slot !== undefined) raw.socket.binary(push({ kind: "attach", value: { slot } }));
  return raw;
}

/** What is broadcast to it, up to this data, which is acknowledged with `over` or not at all. */
async function takeUpTo(raw: RawDevice, last: string, over: Partial<Cursor> | null = {}) {
  const texts: string[] = [];
  let cursor: Cursor | undefined;
  while (texts.at(-1) !== last) {
    const frame = await raw.next();
    if (frame.kind !== "broadcasts") throw new Error(`instead of broadcasts: ${frame.kind}`);
    for (const { slot, tagRef, position, data } of frame.value.broadcasts) {
      texts.push(new TextDecoder().decode(data));
      cursor = { slot, tagRef, position };
    }
  }
  if (cursor === undefined) throw new Error("nothing came");
  if (over !== null) raw.socket.binary(push({ kind: "cursors", value: [{ ...cursor, ...over }] }));
  return { texts, cursor };
}

describe("P1.5 B1 cursors that are stale or foreign", () => {
  test("lose and double nothing, for who says so and for who does not", async () => {
    const healthy = await device();
    const account = await new RawAccount().open(mesh.url);
    const first = await greet(account);
    const { regId } = await first.register(app.appId);
    await join("claims", [healthy, { regId }]);
    const to = { tag: "claims" };
    const sent: string[] = [];
    const send = async (data: string) => {
      await server.broadcast({ to, data });
      sent.push(data);
    };

    // Acknowledged far beyond what was sent: it counts up to what was.
    await send("a");
    await takeUpTo(first, "a", { position: Number.MAX_SAFE_INTEGER });
    await send("b");
    const { cursor } = await takeUpTo(first, "b", null);
    // Of no tag, of no slot, and of nothing at all.
    for (const wrong of [
      { tagRef: cursor.tagRef ^ 1 },
      { slot: cursor.slot + 1 },
      { tagRef: -1, position: -1 },
    ]) {
      first.socket.binary(push({ kind: "cursors", value: [{ ...cursor, ...wrong }] }));
    }
    first.socket.destroy();
    await send("c");

    // It keeps nothing itself: the mesh remembers.
    const second = await greet(account);
    expect((await takeUpTo(second, "c", null)).texts).toEqual(["b", "c"]);
    second.socket.destroy();
    // It claims more than there ever was, and what is somebody else's.
    const claims = [
      { ...cursor, position: cursor.position + 1_000_000 },
      { ...cursor, tagRef: cursor.tagRef ^ 2 },
      { ...cursor, slot: 99 },
      { ...cursor, position: -5 },
    ];
    const third = await greet(account, claims);
    await send("d");
    expect((await takeUpTo(third, "d", null)).texts).toEqual(["b", "c", "d"]);
    third.socket.destroy();
    // It keeps its cursor, and lost the acknowledgement: what the mesh remembers is older.
    const fourth = await greet(account, [{ ...cursor, position: cursor.position + 1 }]);
    expect((await takeUpTo(fourth, "d")).texts).toEqual(["d"]);
    fourth.socket.destroy();
    await comes("all of them", () => healthy.shown.length === sent.length);
    expect(healthy.shown).toEqual(sent);
  });
});

describe("P4.4 what is out of bounds", () => {
  const deep = (levels: number): ConditionBody =>
    levels === 0 ? { tag: "crowd" } : { not: deep(levels - 1) };
  const many = (count: number) => Array.from({ length: count }, (_, i) => ({ tag: `${i}` }));
  const tooLong = "x".repeat(LIMITS.TAG_BYTES + 1);
  const cases: [string, string, Partial<BroadcastMessage>][] = [
    ["an unknown tag", "tag_unknown", { to: { tag: "nobody was ever here" } }],
    ["unknown tags of a condition", "tag_unknown", { to: { condition: { any: many(3) } } }],
    ["too long a tag", "field_invalid", { to: { tag: tooLong } }],
    ["too many tags", "field_invalid", { to: { condition: { any: many(6) } } }],
    [
      "too deep a condition",
      "field_invalid",
      { to: { condition: deep(LIMITS.CONDITION_DEPTH + 1) } },
    ],
    ["an unknown filter", "field_invalid", { filter: { colour: ["red"] } as object }],
  ];
  test.each(cases)("is refused by name: %s", async (_name, code, wrong) => {
    const one = await device();
    await join("bounds", [one]);
    const refused = server.broadcast({ to: { tag: "bounds" }, data: "wrong", ...wrong });
    await expect(refused).rejects.toMatchObject({ code });
    await expect(refused).rejects.toBeInstanceOf(PushServerError);
    await broadcast({ to: { tag: "bounds" }, data: "right" });
    expect(one.shown).toEqual(["right"]);
  });
});
