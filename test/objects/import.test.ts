/** Objects that are given what another host stored. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { StoredSecrets } from "../../core/identity/stored-secrets.ts";
import { aliasObjectName, nodeObjectName } from "../../core/tag/name.ts";
import { DEFAULT_POLICY } from "../../core/trust/policy.ts";
import type { AliasObject } from "../../objects/durable/alias.ts";
import type { AppObject } from "../../objects/durable/app.ts";
import type { TagObject } from "../../objects/durable/tag.ts";
import type { TagDirectoryObject } from "../../objects/durable/tag-directory.ts";
import { SqlAppStore } from "../../objects/storage/app-store.ts";
import { nameIn } from "../../objects/storage/device-store.ts";
import { SqlTagDirectoryStore } from "../../objects/storage/tag-directory-store.ts";
import { nodeNameIn } from "../../objects/storage/tag-store.ts";
import type { DevicePart } from "../../schema/export.ts";
import { KEY_SCOPES } from "../../schema/http/enums.ts";
import { meshKeyring, newApp, newStub, randomText } from "./support/client.ts";

const { APPS, TAGS, ALIASES, TAG_DIRECTORIES } = env as unknown as {
  readonly APPS: DurableObjectNamespace<AppObject>;
  readonly TAGS: DurableObjectNamespace<TagObject>;
  readonly ALIASES: DurableObjectNamespace<AliasObject>;
  readonly TAG_DIRECTORIES: DurableObjectNamespace<TagDirectoryObject>;
};

describe("a device object", () => {
  test("M1 A3 tells an alias at once of a first acknowledgement that came in a later batch", async () => {
    const stub = newStub();
    const device = stub.name ?? "";
    const now = Date.now();
    const of = (slot: number, outcomes: string | null): DevicePart => ({
      ...{ kind: "registration", device, slot, app: newApp().app, createdAt: now },
      ...{ endedAt: null, generation: 1, outcomes, attributes: null },
    });
    const account = { publicKey: randomText(32), generation: 1, createdAt: now };
    await stub.write([{ kind: "device", device, account, link: null }, of(1, null)]);
    const untold = [{ key: "AAAAAAAAAAAA", alias: "me", expiresAt: now + 3_600_000 }];
    await stub.write([of(2, JSON.stringify({ forgotten: 0, entries: [], untold }))]);
    const logs = () =>
      runInDurableObject(stub, (_, { storage }) =>
        storage.sql.exec("SELECT log FROM outcomes").toArray(),
      );
    await expect.poll(async () => JSON.stringify(await logs())).not.toContain("untold");
  });

  test("M1 a batch that it refuses leaves it as it was", async () => {
    const stub = newStub();
    const device = stub.name ?? "";
    const account = { publicKey: randomText(32), generation: 1, createdAt: Date.now() };
    const parts: DevicePart[] = [{ kind: "device", device, account, link: null }];
    await stub.write(parts);
    await runInDurableObject(stub, async (object) => {
      await expect(object.write(parts)).rejects.toThrow("is there already");
      const question = { app: newApp().app, generation: 1 };
      expect(await object.describe(question)).toEqual({ ok: false, code: "unregistered" });
    });
  });

  test("M1 knows at once what it was given, sets its alarm for it, and keeps its own name", async () => {
    const stub = newStub();
    const device = stub.name ?? "";
    const { app } = newApp();
    const now = Date.now();
    // It was asked before, and has found that it holds nothing.
    const question = { app, generation: 1, seq: 4_096, key: new Uint8Array(9) };
    expect(await stub.status(question)).toEqual({ ok: false, code: "message_not_found" });
    const parts: DevicePart[] = [
      {
        kind: "device",
        device,
        account: { publicKey: randomText(32), generation: 1, createdAt: now },
        link: { session: randomText(16), lastSeenMs: now, tokens: [["jti", 9]], seqFloor: 8_192 },
      },
      {
        kind: "registration",
        device,
        slot: 3,
        app,
        createdAt: now,
        endedAt: null,
        generation: 1,
        outcomes: null,
        attributes: null,
      },
    ];
    const expiresAt = now + 3_600_000;
    await stub.write(parts);
    await stub.write([
      {
        kind: "mail",
        device,
        seq: 4_096,
        slot: 3,
        lane: 2,
        key: "AAAAAAAAAAAA",
        expiresAt,
        collapseKey: null,
        contentType: 2,
        data: new TextEncoder().encode("hi"),
        firstAckAlias: null,
        fingerprint: null,
        options: null,
        hold: null,
      },
    ]);
    expect(await stub.status(question)).toEqual({ ok: true, status: "queued" });
    const { alarm, name } = await runInDurableObject(stub, async (_, { storage }) => ({
      alarm: await storage.getAlarm(),
      name: nameIn(storage.sql),
    }));
    expect(alarm).toBeGreaterThanOrEqual(expiresAt);
    expect(name).toBe(device);
    await runInDurableObject(stub, (object) =>
      expect(object.write(parts)).rejects.toThrow("is there already"),
    );
  });
});

describe("a device object that owes a first acknowledgement", () => {
  test("M1 A3 tells the other holders after an import", async () => {
    const stub = newStub();
    const device = stub.name ?? "";
    const { app } = newApp();
    const createdAt = Date.now();
    const untold = [{ key: "AAAAAAAAAAAA", alias: "me", expiresAt: createdAt + 3_600_000 }];
    await stub.write([
      {
        kind: "device",
        device,
        account: { publicKey: randomText(32), generation: 1, createdAt },
        link: null,
      },
      {
        kind: "registration",
        device,
        slot: 1,
        ...{ app, createdAt, endedAt: null, generation: 1, attributes: null },
        outcomes: JSON.stringify({ forgotten: 0, entries: [], untold }),
      },
    ]);
    const outcomes = () =>
      runInDurableObject(stub, (_, { storage }) =>
        storage.sql.exec<{ log: string }>("SELECT log FROM outcomes").one(),
      );
    await expect.poll(async () => (await outcomes()).log).not.toContain("untold");
  });
});

describe("an app object", () => {
  const IN_2100 = 4_102_444_800_000;

  test.each([
    ["the last key revoked", 5],
    ["the last key standing", 4],
  ])("M1 holds the keys it was given and counts on, with %s", async (_, keysMade) => {
    const stub = APPS.getByName(newApp().appId);
    const key = (n: number) => ({
      n,
      algorithm: "ed25519" as const,
      material: Uint8Array.of(n),
      createdAt: n,
      scopes: [KEY_SCOPES[n % KEY_SCOPES.length] ?? "send"],
      expiresAt: n === 1 ? null : IN_2100,
      lastUsedAt: n === 1 ? null : 8,
    });
    const appId = stub.name ?? "";
    const keys = [key(1), key(4)];
    await stub.write({
      kind: "app",
      appId,
      name: "Shop",
      createdAt: 7,
      keysMade,
      keys,
      liveKey: null,
      policy: DEFAULT_POLICY,
      trustVersion: 3,
      denials: [{ kind: "grant", name: "AAAAAAAAAAAA", expiresAt: 9 }],
      quota: { perSecond: 2, burst: 20 },
    });
    expect(await stub.record()).toMatchObject({
      name: "Shop",
      createdAt: 7,
      policy: DEFAULT_POLICY,
      trustVersion: 3,
      revoked: ["AAAAAAAAAAAA"],
      quota: { perSecond: 2, burst: 20 },
      keys: [
        { keyId: `${appId}.k1`, scopes: ["manage"], expiresAt: null },
        {
          keyId: `${appId}.k4`,
          material: Uint8Array.of(4),
          scopes: ["send"],
          expiresAt: IN_2100,
          lastUsedAt: 8,
        },
      ],
    });
    const made = await runInDurableObject(stub, (__, { storage }) =>
      new SqlAppStore(storage.sql, new StoredSecrets(meshKeyring(), appId)).keysMade(),
    );
    expect(made).toBe(keysMade);
    expect(await stub.addKey("ed25519", Uint8Array.of(9))).toMatchObject({
      keyId: `${appId}.k${keysMade + 1}`,
    });
  });

  test("S35 M1 of the version without scopes has keys with all of them, and takes one with some", async () => {
    const stub = APPS.getByName(newApp().appId);
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec(`
        CREATE TABLE app (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, created_at INTEGER NOT NULL);
        CREATE TABLE key (
          n INTEGER PRIMARY KEY AUTOINCREMENT, algorithm TEXT NOT NULL, material BLOB NOT NULL, created_at INTEGER NOT NULL);
        INSERT INTO app VALUES (1, 'Shop', 1);
        INSERT INTO key VALUES (1, 'ed25519', x'07', 2);`);
    });
    const old = { material: Uint8Array.of(7), scopes: KEY_SCOPES, expiresAt: null };
    // Read twice, because the first life of the object was there before its tables.
    await evictDurableObject(stub);
    expect((await stub.record())?.keys).toMatchObject([old]);
    const rights = { scopes: ["send" as const], expiresAt: 5 };
    await stub.addKey("ed25519", Uint8Array.of(8), rights);
    expect((await stub.record())?.keys).toMatchObject([old, rights]);
    await evictDurableObject(stub);
    expect((await stub.record())?.keys).toMatchObject([old, rights]);
  });
});

describe("a node object", () => {
  const nameOf = (path: string) =>
    nodeObjectName({ app: newApp().app, tagId: randomText(16), path });
  const nodeLine = (node: string) =>
    ({ kind: "node", node, tag: "news", born: 0, children: {}, live: "open" }) as const;
  const member = { place: 0, joined: 0, since: 0, attached: false, epoch: 0 } as const;
  const entry = {
    kind: "broadcast",
    position: 1,
    seq: 4_096,
    key: new Uint8Array(9),
    cover: ["news"],
    condition: null,
    filter: null,
    lane: 2,
    contentType: 2,
    data: Uint8Array.of(1),
    expiresAt: Date.now() + 3_600_000,
    collapseKey: null,
    pace: null,
    signature: null,
  } as const;

  test("M1 knows at once what it was given, in whichever batch it came, and keeps its own name", async () => {
    const name = nameOf("");
    const stub = TAGS.getByName(name);
    // It was asked before, and has found that it holds nothing.
    expect(await stub.info()).toBeNull();
    const device = randomText(16);
    const state = { attached: "", failed: [], outcome: "{}" };
    await stub.write([nodeLine(name)]);
    await stub.write([{ kind: "members", node: name, members: [{ ...member, device }] }]);
    await stub.write([{ ...entry, cover: ["news"], node: name, state }]);
    expect(await stub.info()).toMatchObject({ tag: "news", members: 1, head: 1, live: "open" });
    expect(await stub.attach({ device, after: null })).toMatchObject({
      kind: "attached",
      entries: [{ position: 1, data: Uint8Array.of(1) }],
    });
    const stored = await runInDurableObject(stub, async (_, { storage }) => ({
      alarm: await storage.getAlarm(),
      name: nodeNameIn(storage.sql),
    }));
    expect(stored).toEqual({ alarm: expect.any(Number), name });
    await runInDurableObject(stub, (object) =>
      expect(object.write([nodeLine(name)])).rejects.toThrow("is there already"),
    );
  });

  test("M1 serves a broadcast that waited as soon as its alarm comes", async () => {
    const name = nameOf("");
    const stub = TAGS.getByName(name);
    await stub.write([nodeLine(name), { ...entry, cover: ["news"], node: name, state: null }]);
    await expect.poll(async () => (await stub.broadcastStatus(entry.key))?.status).toBe("sent");
  });
});

describe("an alias object and a tag directory", () => {
  test("M1 hold what they were given", async () => {
    const { app } = newApp();
    const alias = ALIASES.getByName(aliasObjectName(app, "me"));
    const holders = [{ device: randomText(16), generation: 2 }];
    await alias.write({ kind: "alias", app, alias: "me", shared: true, holders });
    expect(await alias.holders()).toEqual({ shared: true, holders });
    const directory = TAG_DIRECTORIES.getByName(app);
    const line = { kind: "tag", app, tag: "news", members: 3, lastBroadcastAt: 9 } as const;
    await directory.write([line]);
    await runInDurableObject(directory, (_, { storage }) =>
      expect([...new SqlTagDirectoryStore(storage.sql).all()]).toEqual([
        { tag: "news", members: 3, listeners: 0, lastBroadcastAt: 9 },
      ]),
    );
  });
});
