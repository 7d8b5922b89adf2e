/** What every storage must do, on each that runs without a browser (test/runtimes has IndexedDB), and what files add. */
import { execFile } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, memoryStorage, type Storage, startService } from "../../../sdk/device/mod.ts";
import { fileStorage } from "../../../sdk/device/node.ts";
import { until } from "./fake/clock.ts";
import { FakeMesh, start } from "./fake/mesh.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pushmesh-storage-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const STORAGES: [string, () => Storage][] = [
  ["memory", memoryStorage],
  ["files", () => fileStorage(join(folder, "deep/er"))],
  [
    "a storage of the app's own, without add",
    () => {
      const { add: _, ...storage } = memoryStorage();
      return storage;
    },
  ],
];

/** Two starts over one place: tabs, workers or processes. */
const SHARED: [string, () => Storage[]][] = [
  ["memory", () => [memoryStorage()].flatMap((one) => [one, one])],
  ["files", () => [1, 2].map(() => fileStorage(join(folder, "deep/er")))],
];

describe.each(SHARED)("%s, shared by two starts at once", (_, make) => {
  it("P1.9 make one device, whose mail is read", async () => {
    const mesh = new FakeMesh();
    const [one, two] = make();
    if (one === undefined || two === undefined) throw new Error("two storages");
    const started = await Promise.all([one, two].map((storage) => start(mesh, { storage })));
    const regIds = await Promise.all(started.map(({ client }) => client.register()));
    expect(new Set(regIds).size).toBe(1);
    expect(mesh.violations).toEqual([]);
    expect(mesh.devices).toBe(1);
    await Promise.all(started.map(({ client }) => client.close()));
  });

  it("P1.9 write without disturbing each other", async () => {
    const storages = make();
    const writes = Array.from({ length: 40 }, (_, n) => storages[n % 2]?.set("k", `${n}`));
    await expect(Promise.all(writes)).resolves.toBeDefined();
    expect(await storages[0]?.get("k")).toMatch(/^\d+$/);
  });

  it("P1.9 begin at once, also where no folder is there yet", async () => {
    for (let n = 0; n < 20; n++) {
      rmSync(join(folder, "deep"), { recursive: true, force: true });
      const writes = [...make(), ...make()].map((storage) => storage.set("k", `${n}`));
      await expect(Promise.all(writes)).resolves.toBeDefined();
    }
  });

  it("P1.9 add a value once: both are told the same", async () => {
    const storages = make();
    for (let n = 0; n < 20; n++) {
      const add = storages.map((storage, i) => storage.add?.(`k${n}`, `of ${i}`));
      const [first, second] = await Promise.all(add);
      expect(second).toBe(first);
      expect(await storages[0]?.get(`k${n}`)).toBe(first);
    }
  });
});

describe.each(STORAGES)("%s", (_, make) => {
  it("answers undefined for what is not there, and deletes it without an error", async () => {
    const storage = make();
    expect(await storage.get("device/key")).toBeUndefined();
    await storage.delete("device/key");
  });

  it("keeps the last value of each key, whatever the text", async () => {
    const storage = make();
    const key = fc.constantFrom("a", "a/b", "a/b/c", `app/${"A".repeat(64)}/window/16`, "x-_.Z");
    const write = fc.tuple(key, fc.option(fc.string({ unit: "grapheme" }), { nil: undefined }));
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 8 }), async (writes) => {
        const wanted = new Map<string, string | undefined>();
        for (const [name, value] of writes) {
          wanted.set(name, value);
          if (value === undefined) await storage.delete(name);
          else await storage.set(name, value);
        }
        for (const [name, value] of wanted) expect(await storage.get(name)).toBe(value);
      }),
      { numRuns: 30 },
    );
  });

  it("makes the device the same one at the next start", async () => {
    const mesh = new FakeMesh();
    const storage = make();
    const regIds: string[] = [];
    for (let i = 0; i < 2; i++) {
      const { client } = await start(mesh, { storage });
      regIds.push(await client.register());
      await client.close();
    }
    expect(regIds[0]).toBe(regIds[1]);
    expect(mesh.requests).toEqual(["POST /v1/devices"]);
    expect(mesh.violations).toEqual([]);
  });
});

describe("files", () => {
  it("P7 are for their owner alone, also where the folder was there with wider rights", async () => {
    chmodSync(folder, 0o755);
    const storage = fileStorage(folder);
    await storage.set("device/key", "secret");
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
  });

  it("fail at once where no folder can be made, as on /proc", async () => {
    const storage = fileStorage("/proc/none/device");
    await expect(storage.set("key", "x")).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("leave the old value where a write fails, and say why", async () => {
    const storage = fileStorage(folder);
    await storage.set("k", "old");
    const names = readdirSync(folder);
    // A name that no file may have, and a folder in the way of one.
    await expect(storage.set("k".repeat(300), "new")).rejects.toThrow(/ENAMETOOLONG/);
    mkdirSync(join(folder, "taken"));
    await expect(storage.set("taken", "new")).rejects.toThrow(/EISDIR/);
    expect(await storage.get("k")).toBe("old");
    expect(readdirSync(folder).filter((name) => name !== "taken")).toEqual(names);
  });

  it("P8.1 that a killed process left unfinished are removed, those of a living one are not", async () => {
    await fileStorage(folder).set("k", "v");
    for (const name of ["k~old", "k~new"]) writeFileSync(join(folder, name), "half");
    utimesSync(join(folder, "k~old"), new Date(), new Date(Date.now() - 61_000));
    await fileStorage(folder).set("k", "v");
    expect(readdirSync(folder).sort()).toEqual(["k", "k~new"]);
  });

  it("P1.9 are added once by several processes", async () => {
    const module = new URL("../../../sdk/device/node.ts", import.meta.url).href;
    const script = `
      const { fileStorage } = await import(${JSON.stringify(module)});
      const storage = fileStorage(process.argv[1]);
      for (let n = 0; n < 50; n++) console.log(await storage.add("k" + n, process.pid + ""));`;
    const run = promisify(execFile);
    const args = ["--input-type=module", "-e", script, folder];
    const outputs = await Promise.all([1, 2, 3].map(() => run(process.execPath, args)));
    const [first] = outputs;
    expect(first?.stdout.trim().split("\n")).toHaveLength(50);
    expect(new Set(outputs.map(({ stdout }) => stdout)).size).toBe(1);
  }, 30_000);

  it("are made anew after a failure to make the folder", async () => {
    const parent = join(folder, "parent");
    writeFileSync(parent, "no folder");
    const storage = fileStorage(join(parent, "child"));
    await expect(storage.set("k", "v")).rejects.toThrow(/ENOTDIR|EEXIST/);
    rmSync(parent);
    await storage.set("k", "v");
    expect(await storage.get("k")).toBe("v");
  });

  it("hold the private key as a JWK, since no file can hold the key itself", async () => {
    const mesh = new FakeMesh();
    const { client } = await start(mesh, { storage: fileStorage(folder) });
    await until(() => client.state === "connected", "the link");
    const jwk = JSON.parse(String(await fileStorage(folder).get("device/key")));
    expect(jwk).toMatchObject({ kty: "OKP", crv: "Ed25519", x: expect.any(String) });
    await client.close();
  });

  it.each([
    ["nothing but rubbish", "rubbish{"],
    ["a window of another shape", '{"number":"x","keys":7}'],
    ["null", "null"],
  ])("survive %s in a window and an account", async (_, rubbish) => {
    const mesh = new FakeMesh();
    const storage = fileStorage(folder);
    const first = await start(mesh, { storage });
    await first.client.register();
    await first.client.close();
    for (const name of readdirSync(folder)) {
      if (/window|account/.test(name)) writeFileSync(join(folder, name), rubbish);
    }
    writeFileSync(join(folder, `app,${"A".repeat(22)},window,3`), rubbish);
    const { client, errors } = await start(mesh, { storage });
    const got: unknown[] = [];
    client.onMessage(({ data }) => {
      got.push(data);
    });
    await client.register();
    await until(() => mesh.socket.attached.size === 1, "the attach");
    mesh.socket.deliver(mesh.message("a"));
    await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
    expect(got).toEqual(["a"]);
    expect(errors).toEqual([]);
    await client.close();
  });
});

describe("a start where nothing can be kept", () => {
  const missing = expect.objectContaining({
    name: "PushError",
    code: "storage_missing",
    message: expect.stringContaining("each start is a new device"),
  });

  it("says so once, where no storage was given", async () => {
    const mesh = new FakeMesh();
    const { host } = mesh;
    const client = await connect({ url: "https://push.test", appId: "Zm9v", host });
    expect(mesh.reported).toEqual([missing]);
    await client.close();
    const service = await startService({ url: "https://push.test", host });
    expect(mesh.reported).toEqual([missing, missing]);
    service.close();
  });

  it("says nothing where memory was asked for", async () => {
    const mesh = new FakeMesh();
    const { client } = await start(mesh, { storage: memoryStorage() });
    await client.close();
    expect(mesh.reported).toEqual([]);
  });
});
