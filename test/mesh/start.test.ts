/** `npm start`: the mesh on one machine, its faults and its end. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { HOST } from "../support/host.ts";
import { device } from "./support/device.ts";
import { demoOf, readJson, serve, startMesh } from "./support/mesh.ts";
import { start, temporaryFolder } from "./support/process.ts";
import { shared, sharedMesh } from "./support/shared-mesh.ts";

/** A free port, which nobody else takes meanwhile unless by bad luck. */
async function takenPort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const standing = sharedMesh();

const stopped = shared(async (atEnd) => {
  const data = temporaryFolder(atEnd);
  const mesh = await startMesh(data, 0, HOST, atEnd);
  mesh.process.kill("SIGTERM");
  expect(await mesh.process.exited).toBe(0);
  return data;
});

/** A copy of the data of a mesh that was started once, and stopped. */
function stoppedData(): string {
  const data = temporaryFolder();
  const filter = (path: string): boolean => !lstatSync(path).isSocket();
  cpSync(stopped(), data, { recursive: true, filter });
  return data;
}

describe("a start", () => {
  test("says at once that it starts, then where it listens and what to try", async () => {
    const data = temporaryFolder();
    const args = ["scripts/start.mjs", "--host", HOST, "--port", "0", "--data-dir", data];
    const mesh = start(process.execPath, args);
    expect(await mesh.stdout.match(/./)).toBe("pushmesh is starting");
    const ready = await mesh.stdout.match(/listens on/);
    await mesh.stdout.match(/Stop: Ctrl-C/);
    // The folder is none that the commands look in by themselves.
    expect(mesh.stdout.text).toContain(`  npx pushmesh listen --data-dir ${data}\n`);
    expect(mesh.stdout.text).toContain(
      `npx pushmesh send --data-dir ${data} --to <regId> --data '{"hello":"world"}'`,
    );
    const [, url = ""] = /(http:\/\/\S+)/.exec(ready) ?? [];
    expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ status: "ok" });
    // Nothing was installed, and the tools had nothing to complain about.
    expect(mesh.stderr.all).toEqual([]);
    mesh.kill("SIGTERM");
    expect(await mesh.exited).toBe(0);
    expect(mesh.stdout.all.at(-1)).toBe("pushmesh has stopped");
  });

  test("a second start keeps the keys, the demo app and its regIds", async () => {
    const data = stoppedData();
    const secrets = readJson(join(data, "secrets.json"));
    const { appId } = demoOf(data);
    const began = performance.now();
    const second = serve(["--json", "--data-dir", data, "--port", "0"]);
    const ready = JSON.parse(await second.stdout.match(/"ready"/));
    expect(ready).toMatchObject({ demoMade: false, data });
    expect(ready.tookMs).toBeGreaterThan(0);
    expect(ready.tookMs).toBeLessThanOrEqual(Math.ceil(performance.now() - began));
    expect(readJson(join(data, "secrets.json"))).toEqual(secrets);
    expect(demoOf(data)).toMatchObject({ appId, url: ready.url });
  });

  test("a path too long for a Unix socket is fine", async () => {
    const mesh = await startMesh(join(temporaryFolder(), "d".repeat(120)));
    expect((await fetch(`${mesh.url}/healthz`)).status).toBe(200);
    mesh.process.kill("SIGTERM");
    expect(await mesh.process.exited).toBe(0);
    // The drain got through: it would have said otherwise.
    expect(mesh.process.stderr.all).toEqual([]);
  });

  test("nobody else can read the data folder, and no secret is on a command line", async () => {
    const { data } = standing();
    expect(statSync(data).mode & 0o777).toBe(0o700);
    for (const file of ["secrets.json", "demo.json"])
      expect([file, statSync(join(data, file)).mode & 0o777]).toEqual([file, 0o600]);
    for (const path of readdirSync(data, { recursive: true, encoding: "utf8" })) {
      // The journal of an object that fell asleep is gone.
      const found = statSync(join(data, path), { throwIfNoEntry: false });
      expect([path, (found?.mode ?? 0) & 0o077]).toEqual([path, 0]);
    }
    const { meshKeys, adminToken } = readJson(join(data, "secrets.json")) as Record<string, string>;
    const running = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    expect(running).toContain(data);
    const made = readdirSync(join(data, "run"), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => readFileSync(join(data, "run", name), "utf8"));
    for (const secret of [meshKeys, adminToken, demoOf(data).secret])
      for (const place of [running, ...made]) expect(place).not.toContain(secret);
  });
});

test("secrets are made once: a second time says what to do, and leaves them", async () => {
  const file = join(temporaryFolder(), "secrets.json");
  const make = () => start(process.execPath, ["scripts/secrets.mjs", file]);
  expect(await make().exited).toBe(0);
  const before = readFileSync(file, "utf8");
  const again = make();
  expect(await again.exited).toBe(1);
  expect(again.stderr.text).toBe(
    `pushmesh: ${file} is there already and was left as it is: deploy with it, or name another file for another mesh`,
  );
  expect(readFileSync(file, "utf8")).toBe(before);
});

describe("a fault at the start is told in one line", () => {
  /** Runs it to its end. */
  async function failure(args: readonly string[], before: readonly string[] = []) {
    const mesh = serve(args, before);
    expect(await mesh.exited).toBe(1);
    expect(mesh.stdout.all).toEqual([]);
    expect(mesh.stderr.all).toHaveLength(1);
    return mesh.stderr.text;
  }

  test("the port is taken", async () => {
    const port = await takenPort();
    const line = await failure(["--port", `${port}`, "--data-dir", temporaryFolder()]);
    expect(line).toBe(
      `pushmesh: 127.0.0.1:${port} is taken by another process; choose one with --port`,
    );
  });

  test("another mesh works on the folder", async () => {
    const { data } = standing();
    const line = await failure(["--port", "0", "--data-dir", data]);
    expect(line).toBe(`pushmesh: the data folder ${data} is in use by another pushmesh`);
  });

  test("the folder cannot be written", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    expect(await failure(["--data-dir", join(file, "data")])).toMatch(/cannot be written: ENOTDIR/);
    expect(await failure(["--data-dir", file])).toMatch(/cannot be written: ENOTDIR/);
  });

  test("the limit of open files is too low", async () => {
    const args = ["--port", "0", "--data-dir", temporaryFolder()];
    const line = await failure(args, ["/bin/sh", "-c", 'ulimit -n 255; exec "$@"', "sh"]);
    expect(line).toMatch(/limit of open files is 255, and at least 256 are needed/);
  });

  test("the disk is full", async () => {
    // No file may grow at all. Without the signal, a write fails as on a full disk.
    const full = `trap '' XFSZ; ulimit -f 0; exec "$@"`;
    const data = temporaryFolder();
    const args = ["--port", "0", "--data-dir", data];
    expect(await failure(args, ["/bin/sh", "-c", full, "sh"])).toMatch(/^pushmesh: EFBIG: .*write/);
    // And leaves no file that would be taken for a whole one.
    expect(readdirSync(data).sort()).toEqual(["lock", "run"]);
  });

  test("the secrets are missing beside data, and none are made in their place", async () => {
    const data = stoppedData();
    rmSync(join(data, "secrets.json"));
    expect(await failure(["--port", "0", "--data-dir", data])).toMatch(/secrets.json is missing/);
    expect(existsSync(join(data, "secrets.json"))).toBe(false);
  });

  test.each(["empty", "missing"] as const)(
    "H4 what was stored is %s, and no new mesh is begun in its place",
    async (how) => {
      const data = stoppedData();
      const part = join(data, HOST === "deno" ? "mesh.db" : "storage");
      let spoiled = part;
      if (how === "missing") rmSync(part, { recursive: true });
      else if (HOST === "workerd") {
        const files = readdirSync(part, { recursive: true, encoding: "utf8" });
        spoiled = join(
          part,
          files.find((file) => /AppObject.[0-9a-f]{64}\.sqlite$/.test(file)) ?? "",
        );
      }
      if (how === "empty") truncateSync(spoiled);
      const before = readdirSync(data, { recursive: true });
      for (let i = 0; i < 2; i++) {
        const line = await failure(["--port", "0", "--data-dir", data]);
        expect(line).toContain(how === "empty" ? `${spoiled} is damaged (` : `${part} is missing;`);
      }
      expect(readdirSync(data, { recursive: true })).toEqual(before);
      if (how === "empty") expect(statSync(spoiled).size).toBe(0);
    },
  );

  test("a first start that was killed before it made the database is begun again", async () => {
    const data = stoppedData();
    expect(existsSync(join(data, "new"))).toBe(false);
    // As such a start leaves it.
    for (const made of ["mesh.db", "storage", "demo.json"])
      rmSync(join(data, made), { recursive: true, force: true });
    writeFileSync(join(data, "new"), "");
    if (HOST === "deno") writeFileSync(join(data, "mesh.db"), "");
    await startMesh(data);
    expect(existsSync(join(data, "new"))).toBe(false);
  });

  test("the secrets are damaged, and are not replaced", async () => {
    const data = temporaryFolder();
    writeFileSync(join(data, "secrets.json"), "{");
    expect(await failure(["--port", "0", "--data-dir", data])).toMatch(/secrets.json is damaged/);
    expect(readFileSync(join(data, "secrets.json"), "utf8")).toBe("{");
  });

  test("a key of the mesh is malformed", async () => {
    const data = stoppedData();
    const secrets = readJson(join(data, "secrets.json")) as object;
    writeFileSync(join(data, "secrets.json"), JSON.stringify({ ...secrets, meshKeys: "1:short" }));
    expect(await failure(["--port", "0", "--data-dir", data])).toMatch(
      /^pushmesh: secrets\.json: MESH_KEYS entry 1 is not /,
    );
  });

  // What else options may be is in test/hosts/machine/options.test.ts.
  test.each([
    [["--prt", "1"], /--prt/],
    [["--listen", "192.0.2.1"], /is no address of this machine/],
  ])("the options are %j", async (args, expected) => {
    expect(await failure([...args, "--data-dir", temporaryFolder()])).toMatch(expected);
  });
});

describe("the end", () => {
  test("L7 SIGTERM closes the links with going_away, and ends all within seconds", async () => {
    const data = temporaryFolder();
    const startedAt = performance.now();
    const mesh = await startMesh(data);
    const startMs = performance.now() - startedAt;
    const { appId } = demoOf(data);
    const devices = await Promise.all([device(mesh.url, appId), device(mesh.url, appId)]);
    const began = performance.now();
    mesh.process.kill("SIGTERM");
    for (const { lost } of devices)
      expect(await lost).toMatchObject({ code: "going_away", closeCode: 4000 });
    expect(await mesh.process.exited).toBe(0);
    // A machine that takes long for a start may take long for a stop.
    expect(performance.now() - began).toBeLessThan(Math.max(8_000, 8 * startMs));
  });

  test("the mesh stops when the process that started it is killed", async () => {
    const data = temporaryFolder();
    const args = ["scripts/start.mjs", "--host", HOST, "--json", "--port", "0", "--data-dir", data];
    const outer = start(process.execPath, args);
    await outer.stdout.match(/"ready"/);
    outer.kill("SIGKILL");
    // Its output ends only with the last of its processes, which hold the other end too.
    await outer.exited;
    expect(outer.stdout.text).toContain(`{"event":"stopped"}`);
    await startMesh(data);
  });

  test("P1.2 kill -9 of what was started ends all, and the folder is free again", async () => {
    const data = temporaryFolder();
    const first = await startMesh(data);
    first.process.kill("SIGKILL");
    // Resolves when its output has ended, and every process of the mesh holds that.
    await first.process.exited;
    const second = await startMesh(data, Number(new URL(first.url).port));
    expect(second.url).toBe(first.url);
  });
});
