/** What becomes of the shared database where its disk is full, or its files are damaged. */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { MeshAdmin, PushServer, PushServerError } from "../../../sdk/server/mod.ts";
import { device } from "../support/device.ts";
import { demoOf, readJson, serve, startMesh } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";
import { RawAccount, RawDevice } from "../support/raw-device.ts";

/** Sends of the data folder's demo app. */
function server(data: string): PushServer {
  const { url, keyId, secret } = demoOf(data);
  return new PushServer({ url, keyId, key: secret, attempts: 1 });
}

/** A registration whose device is offline, so that what is sent to it is stored. */
async function offline(data: string): Promise<string> {
  const { url, appId } = demoOf(data);
  const { client, regId } = await device(url, appId);
  client.close();
  return regId;
}

interface TinyDisk {
  readonly data: string;
  /** A command to start the mesh by. */
  readonly before: readonly string[];
  /** Makes room, for a mesh of this process ID. */
  grow(pid: number): void;
}

/** A megabyte: a file system of its own where this user may mount one, and else files that may grow no further. */
function tinyDisk(): TinyDisk {
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-tiny-"));
  const data = join(folder, "data");
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    // The limit counts 512 bytes. Without the signal, a write past it fails as on a full disk.
    const limited = `trap '' XFSZ; ulimit -S -f 2048; exec "$@"`;
    return {
      data: join(temporaryFolder(), "data"),
      before: ["/bin/sh", "-c", limited, "sh"],
      grow: (pid) => execFileSync("prlimit", ["--pid", `${pid}`, "--fsize=unlimited"]),
    };
  }
  onTestFinished(() => void execFileSync("umount", ["--lazy", folder]));
  return {
    data,
    before: [],
    grow: () => execFileSync("mount", ["-o", "remount,size=16m", folder]),
  };
}

/** What it is refused with at last. */
async function refusal(act: () => Promise<unknown>): Promise<unknown> {
  try {
    for (let i = 0; i < 1_000; i++) await act();
  } catch (error) {
    return error;
  }
  throw new Error("it was never refused");
}

const LARGE = "x".repeat(4_000);

describe("a full disk", () => {
  test("H3 nothing is taken that was not stored, and all goes on when there is room", async () => {
    const disk = tinyDisk();
    const mesh = serve(["--json", "--port", "0", "--data-dir", disk.data], disk.before);
    await mesh.stdout.match(/"ready"/);
    const push = server(disk.data);
    const regId = await offline(disk.data);
    const { url, appId } = demoOf(disk.data);
    const account = await new RawAccount().open(url);
    const { client, regId: onlineId } = await device(
      demoOf(disk.data).url,
      demoOf(disk.data).appId,
    );

    const taken: string[] = [];
    const refused = await refusal(async () => {
      taken.push((await push.send({ to: regId, data: `${taken.length} ${LARGE}` })).id);
    });
    expect(taken.length).toBeGreaterThan(0);
    expect(refused).toBeInstanceOf(PushServerError);
    expect(refused).toMatchObject({
      code: "storage_unavailable",
      status: 503,
      retryAfterMs: 1_000,
    });
    // Told once, however often it is refused.
    await expect(push.send({ to: regId, data: LARGE })).rejects.toThrow();
    await mesh.stderr.match(/cannot be written/);
    expect(mesh.stderr.all.filter((line) => line.includes("cannot be written"))).toHaveLength(1);
    const { adminToken } = readJson(join(disk.data, "secrets.json")) as { adminToken: string };
    const admin = new MeshAdmin({ url, token: adminToken });
    // Each needs a little less room than the one before.
    const app = await refusal(() => admin.createApp("Shop"));
    const key = await refusal(() => admin.createKey(appId));
    for (const error of [app, key])
      expect(error).toMatchObject({ code: "storage_unavailable", status: 503 });
    // What needs no disk goes on: the row that a link opens with waits, and what is refused to others cuts no link.
    for (let i = 0; i < 5; i++) (await RawDevice.greet(url, account)).socket.destroy();
    const states: unknown[] = [];
    client.onState(({ state }) => void states.push(state));
    for (let i = 0; i < 5; i++) {
      await expect(
        push.send({ to: onlineId, data: LARGE }, { respondAsync: true }),
      ).rejects.toThrow(PushServerError);
      expect((await push.status(taken[0] ?? "")).status).toBe("queued");
    }
    expect(states.filter((state) => state !== "connected")).toEqual([]);
    const seen = new Promise((resolve) => client.onMessage(({ data }) => void resolve(data)));
    expect((await push.send({ to: onlineId, data: "online" })).status).toBe("delivered");
    expect(await seen).toBe("online");

    disk.grow(mesh.pid);
    const after = await push.send({ to: regId, data: "after" });
    expect(after.status).toBe("queued");
    expect(await mesh.stderr.match(/can be written again/)).toBeTruthy();
    expect((await admin.createKey(appId)).keyId).toMatch(/\.k\d+$/);
    await RawDevice.greet(url, account);
    // Not one of those that were taken is missing.
    for (const id of taken) expect((await push.status(id)).status).toBe("queued");
  });
});

describe("damage", () => {
  /** A folder with queued messages, whose mesh was killed: the log holds what no checkpoint has moved. */
  async function killed(): Promise<{ data: string; ids: string[] }> {
    const data = temporaryFolder();
    const mesh = await startMesh(data);
    const regId = await offline(data);
    const push = server(data);
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) ids.push((await push.send({ to: regId, data: `${i}` })).id);
    mesh.process.kill("SIGKILL");
    await mesh.process.exited;
    return { data, ids };
  }

  /** How the messages stand after a start. */
  async function statuses(data: string, ids: readonly string[]): Promise<string[]> {
    await startMesh(data);
    const push = server(data);
    const found = [];
    for (const id of ids) found.push((await push.status(id)).status);
    return found;
  }

  test("P1.2 a log that ends in garbage loses nothing that was answered", async () => {
    const { data, ids } = await killed();
    appendFileSync(join(data, "mesh.db-wal"), Buffer.alloc(6_000, 0xa5));
    expect(new Set(await statuses(data, ids))).toEqual(new Set(["queued"]));
  });

  test("H4 a log whose last frame is damaged is taken up to the transaction before", async () => {
    const { data, ids } = await killed();
    const file = join(data, "mesh.db-wal");
    const log = readFileSync(file);
    log.fill(0xa5, log.length - 100);
    writeFileSync(file, log);
    const found = await statuses(data, ids.slice(0, -1));
    expect(new Set(found)).toEqual(new Set(["queued"]));
  });

  test.each([
    ["holds another thing", (file: Buffer) => file.fill(0x2a, 0, 100)],
    ["has a torn page", (file: Buffer) => file.fill(0xa5, 4_096, 8_192)],
  ])("H4 a database that %s is refused in one line, and stays as it is", async (_, damage) => {
    const data = temporaryFolder();
    const mesh = await startMesh(data);
    await offline(data);
    mesh.process.kill("SIGTERM");
    expect(await mesh.process.exited).toBe(0);
    const file = join(data, "mesh.db");
    const damaged = damage(readFileSync(file));
    writeFileSync(file, damaged);

    const second = serve(["--port", "0", "--data-dir", data]);
    expect(await second.exited).toBe(1);
    expect(second.stdout.all).toEqual([]);
    expect(second.stderr.all).toHaveLength(1);
    expect(second.stderr.text).toMatch(/mesh\.db is damaged \(.+\); restore it from a backup/);
    expect(readFileSync(file)).toEqual(damaged);
  });
});

test("a database of a newer version is refused in one line", async () => {
  const data = temporaryFolder();
  const mesh = await startMesh(data);
  mesh.process.kill("SIGTERM");
  expect(await mesh.process.exited).toBe(0);
  const db = new DatabaseSync(join(data, "mesh.db"));
  db.exec("PRAGMA user_version = 99");
  db.close();
  const second = serve(["--port", "0", "--data-dir", data]);
  expect(await second.exited).toBe(1);
  expect(second.stderr.all).toHaveLength(1);
  expect(second.stderr.text).toMatch(/mesh\.db was written by a newer pushmesh; run that one/);
});

test("H2 a folder of the other host is refused in one line", async () => {
  const data = temporaryFolder();
  writeFileSync(join(data, "host"), "workerd\n");
  const mesh = serve(["--port", "0", "--data-dir", data]);
  expect(await mesh.exited).toBe(1);
  expect(mesh.stderr.all).toEqual([
    `pushmesh: the data in ${data} is of the host workerd: start with --host workerd, or move it with pushmesh export and import`,
  ]);
});
