/** Objects that are given what another host stored. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { AppObject } from "../../objects/app.ts";
import { SqlAppStore } from "../../objects/app-store.ts";
import { nameIn } from "../../objects/storage/device-store.ts";
import type { DevicePart } from "../../schema/export.ts";
import { newApp, newStub, randomText } from "./support/client.ts";

const { APPS } = env as unknown as { readonly APPS: DurableObjectNamespace<AppObject> };

describe("a device object", () => {
  test("M1 knows at once what it was given, sets its alarm for it, and keeps its own name", async () => {
    const stub = newStub();
    const device = stub.name ?? "";
    const { app } = newApp();
    const now = Date.now();
    // It was asked before, and has found that it holds nothing.
    const question = { app, generation: 1, seq: 4_096, key: new Uint8Array(9) };
    expect(await stub.status(question)).toEqual({ ok: true, status: "unregistered" });
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

describe("an app object", () => {
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
    });
    expect(await stub.record()).toMatchObject({
      name: "Shop",
      createdAt: 7,
      keys: [{ keyId: `${appId}.k1` }, { keyId: `${appId}.k4`, material: Uint8Array.of(4) }],
    });
    const made = await runInDurableObject(stub, (__, { storage }) =>
      new SqlAppStore(storage.sql).keysMade(),
    );
    expect(made).toBe(keysMade);
    expect(await stub.addKey("ed25519", Uint8Array.of(9))).toMatchObject({
      keyId: `${appId}.k${keysMade + 1}`,
    });
  });
});
