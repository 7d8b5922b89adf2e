/** What a thief of the database has: nothing that signs. */
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { parseKeyring } from "../../../../core/identity/keyring.ts";
import { appOf } from "../../../../hosts/deno/objects/shells.ts";
import { Database } from "../../../../hosts/deno/store/database.ts";
import { sealStaleSecrets } from "../../../../hosts/deno/store/seal-secrets.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { databasePath, newApp, openMesh, testKeyring } from "../support/mesh.ts";

const secret = Buffer.from("a secret that signs whole pushes");
const seed = Buffer.from("a seed that signs all broadcasts");

/** Everything that is on the disk. */
const bytesOn = (path: string): Buffer =>
  Buffer.concat([path, `${path}-wal`].filter(existsSync).map((file) => readFileSync(file)));

/** The database of a version that stored secrets in the clear. */
function plainDatabase() {
  const path = databasePath();
  const { appId } = newApp();
  new Database(path).close();
  const plain = new DatabaseSync(path);
  plain.prepare("INSERT INTO apps VALUES (?, 'Shop', 1, 1)").run(appId);
  const insert = "INSERT INTO keys VALUES (?, ?, ?, ?, 2, NULL, NULL, NULL)";
  plain.prepare(insert).run(appId, 1, "hmac-sha256", secret);
  // Public keys beside it, so that SQLite has no reason to use the place of the secret again.
  for (let n = 2; n <= LIMITS.APP_KEYS; n++)
    plain.prepare(insert).run(appId, n, "ed25519", Buffer.alloc(32, n));
  plain.prepare("INSERT INTO live_keys VALUES (?, ?, x'01')").run(appId, seed);
  plain.close();
  expect(bytesOn(path).includes(secret)).toBe(true);
  expect(bytesOn(path).includes(seed)).toBe(true);
  return { path, appId };
}

describe("secrets in the database", () => {
  test("S38 are not in its files, and are what they were to a mesh with its keys", async () => {
    const path = databasePath();
    const { appId } = newApp();
    const { mesh, db } = openMesh(path);
    const app = appOf(mesh, appId);
    await app.create("Shop");
    await app.addKey("hmac-sha256", secret);
    const live = await app.liveKey();
    expect((await app.record())?.keys[0]?.material).toEqual(new Uint8Array(secret));
    expect(await appOf(mesh, appId).liveKey()).toEqual(live);
    db.commit();
    expect(bytesOn(path).includes(secret)).toBe(false);
    expect(bytesOn(path).includes(Buffer.from(live?.seed ?? secret))).toBe(false);
  });

  test("S39 of an older version are sealed at the start, and nothing of them is left on the disk", async () => {
    const { path, appId } = plainDatabase();
    const { mesh, db } = openMesh(path);
    expect(await sealStaleSecrets(db, testKeyring)).toBe(2);
    expect(bytesOn(path).includes(secret)).toBe(false);
    expect(bytesOn(path).includes(seed)).toBe(false);
    expect(await sealStaleSecrets(db, testKeyring)).toBe(0);
    const app = appOf(mesh, appId);
    expect((await app.record())?.keys[0]?.material).toEqual(new Uint8Array(secret));
    expect((await app.liveKey())?.seed).toEqual(new Uint8Array(seed));
  });

  test("S39 are gone at the next start if a kill came between the sealed rows and the checkpoint", async () => {
    const { path, appId } = plainDatabase();
    const reader = new DatabaseSync(path);
    const db = new Database(path);
    // Its transaction holds up the checkpoint, so that the files are as a kill before it leaves them.
    reader.exec("BEGIN; SELECT * FROM apps");
    expect(await sealStaleSecrets(db, testKeyring)).toBe(2);
    const killed = databasePath();
    for (const end of ["", "-wal"]) copyFileSync(path + end, killed + end);
    reader.close();
    db.close();
    expect(readFileSync(killed).includes(secret)).toBe(true);
    expect(readFileSync(killed).includes(seed)).toBe(true);
    const next = openMesh(killed);
    expect(await sealStaleSecrets(next.db, testKeyring)).toBe(0);
    expect(bytesOn(killed).includes(secret)).toBe(false);
    expect(bytesOn(killed).includes(seed)).toBe(false);
    const app = appOf(next.mesh, appId);
    expect((await app.record())?.keys[0]?.material).toEqual(new Uint8Array(secret));
  });

  test("S39 S41 are sealed anew with the newest key, after which the key between it and the last can go", async () => {
    const { path, appId } = plainDatabase();
    const [key1, key2, key3] = [7, 8, 9].map((byte) =>
      Buffer.alloc(32, byte).toString("base64url"),
    );
    const ringOf = (text: string) => {
      const keyring = parseKeyring(text);
      if (typeof keyring === "string") throw new Error(keyring);
      return keyring;
    };
    const db = new Database(path);
    expect(await sealStaleSecrets(db, ringOf(`2:${key2},1:${key1}`))).toBe(2);
    // It is accepted, but seals nothing yet.
    expect(await sealStaleSecrets(db, ringOf(`3:${key3};accept,2:${key2},1:${key1}`))).toBe(0);
    expect(await sealStaleSecrets(db, ringOf(`3:${key3},2:${key2},1:${key1}`))).toBe(2);
    // A process that is a stage behind leaves them alone.
    expect(await sealStaleSecrets(db, ringOf(`3:${key3};accept,2:${key2},1:${key1}`))).toBe(0);
    db.close();
    const { mesh } = openMesh(path, { keyring: ringOf(`3:${key3},1:${key1}`) });
    const app = appOf(mesh, appId);
    expect((await app.record())?.keys[0]?.material).toEqual(new Uint8Array(secret));
    expect((await app.liveKey())?.seed).toEqual(new Uint8Array(seed));
  });

  test("S38 of a mesh whose key is gone are none: its keys sign nothing and are still listed", async () => {
    const { path, appId } = plainDatabase();
    const db = new Database(path);
    await sealStaleSecrets(db, testKeyring);
    db.close();
    const other = parseKeyring(`5:${Buffer.alloc(32, 5).toString("base64url")}`);
    if (typeof other === "string") throw new Error(other);
    const { mesh } = openMesh(path, { keyring: other });
    const app = appOf(mesh, appId);
    expect((await app.record())?.keys).toContainEqual(
      expect.objectContaining({ keyId: `${appId}.k1`, material: null }),
    );
    await expect(app.liveKey()).rejects.toThrow("MESH_KEYS lacks the key");
    expect(await app.revokeKey(`${appId}.k1`)).toBe(true);
  });
});
