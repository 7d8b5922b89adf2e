/** `npm start`: the mesh on one machine, its faults and its end. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { endOrphan, rememberProcess } from "../../hosts/workerd/orphan.ts";
import { connect, memoryStorage, type PushError } from "../../sdk/device/mod.ts";
import { demoOf, isAlive, readJson, serve, startMesh, workerdPid } from "./support/mesh.ts";
import { start, temporaryFolder } from "./support/process.ts";

/** A device of the mesh, connected. */
async function device(url: string, appId: string) {
  const client = await connect({ url, appId, storage: memoryStorage() });
  onTestFinished(() => client.close());
  const lost = new Promise<PushError | undefined>((resolve) => {
    client.onState(({ state, error }) => {
      if (state === "waiting" || state === "closed") resolve(error);
    });
  });
  return { client, lost, regId: await client.register() };
}

/** A free port, which nobody else takes meanwhile unless by bad luck. */
async function takenPort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("a start", () => {
  test("says at once that it starts, then where it listens and what to try", async () => {
    const data = temporaryFolder();
    const args = ["scripts/start.mjs", "--port", "0", "--data", data];
    const mesh = start(process.execPath, args);
    expect(await mesh.stdout.match(/./)).toBe("pushmesh is starting");
    const ready = await mesh.stdout.match(/listens on/);
    await mesh.stdout.match(/Stop: Ctrl-C/);
    expect(mesh.stdout.text).toContain("npx pushmesh listen");
    expect(mesh.stdout.text).toContain(`npx pushmesh send --to <regId> --data '{"hello":"world"}'`);
    const [, url = ""] = /(http:\/\/\S+)/.exec(ready) ?? [];
    expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ status: "ok" });
    // Nothing was installed, and the tools had nothing to complain about.
    expect(mesh.stderr.all).toEqual([]);
    mesh.kill("SIGTERM");
    expect(await mesh.exited).toBe(0);
    expect(mesh.stdout.all.at(-1)).toBe("pushmesh has stopped");
  });

  test("a second start keeps the keys, the demo app and its regIds", async () => {
    const data = temporaryFolder();
    const first = await startMesh(data);
    const secrets = readJson(join(data, "secrets.json"));
    const { appId } = demoOf(data);
    first.process.kill("SIGTERM");
    expect(await first.process.exited).toBe(0);
    const second = serve(["--json", "--data", data, "--port", "0"]);
    const ready = JSON.parse(await second.stdout.match(/"ready"/));
    expect(ready.demoMade).toBe(false);
    // Half a second on an idle machine; the bound allows for a busy one.
    expect(ready.tookMs).toBeLessThan(5_000);
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
    const data = temporaryFolder();
    await startMesh(data);
    expect(statSync(data).mode & 0o777).toBe(0o700);
    for (const file of ["secrets.json", "demo.json", "run/workerd.capnp"])
      expect([file, statSync(join(data, file)).mode & 0o777]).toEqual([file, 0o600]);
    for (const path of readdirSync(data, { recursive: true, encoding: "utf8" }))
      expect([path, statSync(join(data, path)).mode & 0o077]).toEqual([path, 0]);
    const { meshKeys, adminToken } = readJson(join(data, "secrets.json")) as Record<string, string>;
    const places = [
      execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }),
      readFileSync(join(data, "run/workerd.capnp"), "utf8"),
    ];
    expect(places[0]).toContain(join(data, "run/workerd.capnp"));
    for (const secret of [meshKeys, adminToken, demoOf(data).secret])
      for (const place of places) expect(place).not.toContain(secret);
  });
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
    const line = await failure(["--port", `${port}`, "--data", temporaryFolder()]);
    expect(line).toBe(
      `pushmesh: 127.0.0.1:${port} is taken by another process; choose one with --port`,
    );
  });

  test("another mesh works on the folder", async () => {
    const data = temporaryFolder();
    await startMesh(data);
    const line = await failure(["--port", "0", "--data", data]);
    expect(line).toBe(`pushmesh: the data folder ${data} is in use by another pushmesh`);
  });

  test("the folder cannot be written", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    expect(await failure(["--data", join(file, "data")])).toMatch(/cannot be written: ENOTDIR/);
    expect(await failure(["--data", file])).toMatch(/cannot be written: EEXIST/);
  });

  test("the limit of open files is too low", async () => {
    const args = ["--port", "0", "--data", temporaryFolder()];
    const line = await failure(args, ["/bin/sh", "-c", 'ulimit -n 255; exec "$@"', "sh"]);
    expect(line).toMatch(/limit of open files is 255, and at least 256 are needed/);
  });

  test("the secrets are damaged, and are not replaced", async () => {
    const data = temporaryFolder();
    writeFileSync(join(data, "secrets.json"), "{");
    expect(await failure(["--port", "0", "--data", data])).toMatch(/secrets.json is damaged/);
    expect(readFileSync(join(data, "secrets.json"), "utf8")).toBe("{");
  });

  test.each([
    [["--port", "http"], /--port http: give a number/],
    [["--port", "65536"], /--port 65536: give a number/],
    [["--prt", "1"], /--prt/],
    [["--listen", "192.0.2.1"], /is no address of this machine/],
  ])("the options are %j", async (args, expected) => {
    expect(await failure([...args, "--data", temporaryFolder()])).toMatch(expected);
  });
});

describe("the end", () => {
  test("L7 SIGTERM closes the links with going_away, and ends all within seconds", async () => {
    const data = temporaryFolder();
    const mesh = await startMesh(data);
    const pid = workerdPid(data);
    const { appId } = demoOf(data);
    const devices = await Promise.all([device(mesh.url, appId), device(mesh.url, appId)]);
    const began = performance.now();
    mesh.process.kill("SIGTERM");
    for (const { lost } of devices)
      expect(await lost).toMatchObject({ code: "going_away", closeCode: 4000 });
    expect(await mesh.process.exited).toBe(0);
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(isAlive(pid)).toBe(false);
  });

  test("the supervisor stops when the process that started it is killed", async () => {
    const data = temporaryFolder();
    const args = ["scripts/start.mjs", "--json", "--port", "0", "--data", data];
    const outer = start(process.execPath, args);
    await outer.stdout.match(/"ready"/);
    const pid = workerdPid(data);
    outer.kill("SIGKILL");
    // Its output ends only with the supervisor, which holds the other end too.
    await outer.exited;
    expect(outer.stdout.text).toContain(`{"event":"stopped"}`);
    expect(isAlive(pid)).toBe(false);
  });

  test("P1.2 kill -9 of the supervisor ends all, and the folder is free again", async () => {
    const data = temporaryFolder();
    const first = await startMesh(data);
    const pid = workerdPid(data);
    first.process.kill("SIGKILL");
    // Resolves when its output has ended, and workerd holds that as well.
    await first.process.exited;
    expect(isAlive(pid)).toBe(false);
    const second = await startMesh(data, Number(new URL(first.url).port));
    expect(second.url).toBe(first.url);
  });

  test("P1.2 a process left on the folder is ended before the next one starts", async () => {
    const folder = temporaryFolder();
    const config = join(folder, "workerd.capnp");
    const pidFile = join(folder, "workerd.pid");
    const script = "console.log('up'); setInterval(() => {}, 1000)";
    const left = start(process.execPath, ["-e", script, config]);
    const other = start(process.execPath, ["-e", script]);
    await Promise.all([left.stdout.match(/up/), other.stdout.match(/up/)]);
    rememberProcess(pidFile, left.pid);
    await endOrphan(pidFile, config);
    expect(await left.exited).toBe(-1);
    // A process ID that was given anew, to a process that has nothing to do with the folder.
    rememberProcess(pidFile, other.pid);
    await endOrphan(pidFile, config);
    expect(isAlive(other.pid)).toBe(true);
    // And no file at all.
    await endOrphan(pidFile, config);
  });

  test("P1.2 a workerd that dies is started again on the same port", async () => {
    const data = temporaryFolder();
    const mesh = await startMesh(data);
    const { client, lost, regId } = await device(mesh.url, demoOf(data).appId);
    const first = workerdPid(data);
    process.kill(first, "SIGKILL");
    expect((await lost)?.closeCode).toBe(1006);
    expect(await mesh.process.stderr.match(/ended by itself/)).toMatch(/signal SIGKILL/);
    await mesh.process.stderr.match(/is up again/);
    expect(workerdPid(data)).not.toBe(first);
    client.reconnectNow();
    expect(await client.register()).toBe(regId);
  });
});
