/**
 * The two processes of the workerd host. Deno has one, which whatever runs services starts again (docs/operations),
 * so none of this is a question there.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commandLine, endOrphan, rememberProcess } from "../../../hosts/workerd/orphan.ts";
import { until } from "../../chaos/wait.ts";
import { device } from "../support/device.ts";
import { demoOf, type Mesh, serve, startMesh } from "../support/mesh.ts";
import { start, temporaryFolder } from "../support/process.ts";
import { RawAccount } from "../support/raw-device.ts";

/** The process ID of the workerd that works on a data folder. */
const workerdPid = (data: string): number =>
  Number(readFileSync(join(data, "run/workerd.pid"), "utf8"));

/** Whether a process runs. One that has ended but that nobody has asked about yet does not. */
const isAlive = (pid: number): boolean => commandLine(pid) !== "";

/** More than the pauses that grow. */
const DEATHS = 7;
/** Of an attack that ends and begins again. */
const ROUNDS = 3;
/** The longest pause, and a start. */
const RESTART_MS = 50_000;

/** Several at once: a connection that the front keeps to workerd serves one of them. */
const isRefused = async (url: string): Promise<boolean> => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(`${url}/healthz`)));
  return answers.some(({ ok }) => !ok);
};

const ups = (mesh: Mesh): number =>
  mesh.process.stderr.all.filter((line) => line.includes("is up again")).length;

describe("supervisor and workerd", () => {
  test.each(["SIGTERM", "SIGKILL"] as const)(
    "%s of the supervisor ends workerd too",
    async (signal) => {
      const data = temporaryFolder();
      const mesh = await startMesh(data);
      const pid = workerdPid(data);
      expect(isAlive(pid)).toBe(true);
      mesh.process.kill(signal);
      // Resolves when its output has ended, and workerd holds that as well.
      await mesh.process.exited;
      expect(isAlive(pid)).toBe(false);
    },
  );

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

  test("H6 a workerd that keeps dying is started again without end", async () => {
    const data = temporaryFolder();
    const mesh = await startMesh(data);
    for (let killed = 1; killed <= DEATHS; killed++) {
      process.kill(workerdPid(data), "SIGKILL");
      await until("the restart", () => ups(mesh) === killed, RESTART_MS);
    }
    const pauses = mesh.process.stderr.all.flatMap(
      (line) => /again in (\d+) ms/.exec(line)?.[1] ?? [],
    );
    expect(pauses.map(Number)).toEqual([250, 500, 1_000, 2_000, 4_000, 10_000, 10_000]);
    expect((await fetch(`${mesh.url}/healthz`)).status).toBe(200);
  });

  test("H6 a workerd without a descriptor left, again and again, serves again when that ends", async () => {
    const data = temporaryFolder();
    const limited = ["/bin/sh", "-c", 'ulimit -n 300; exec "$@"', "sh"];
    const mesh = serve(["--json", "--port", "0", "--data-dir", data], limited);
    const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
    const { client, regId } = await device(url, demoOf(data).appId);
    const count = (what: RegExp) => mesh.stderr.all.filter((line) => what.test(line)).length;
    // Past the front, which lets nobody bring it there.
    const path = join(data, "run/http.sock");
    for (let round = 1; round <= ROUNDS; round++) {
      const before = count(/Too many open files|ended by itself/);
      const held = Array.from({ length: 400 }, () => connect({ path }).on("error", () => {}));
      await until(
        "its end, or that it has no descriptor left",
        () => count(/Too many open files|ended by itself/) > before,
        RESTART_MS,
      );
      // What it is asked meanwhile fails, in whatever way.
      await Promise.allSettled([fetch(`${url}/healthz`), new RawAccount().open(url)]);
      for (const socket of held) socket.destroy();
      const isUp = () =>
        fetch(`${url}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        );
      await until("its answer", isUp, RESTART_MS);
    }
    // By itself, as its device does not know that anything is over.
    await until("its link", () => client.state === "connected", RESTART_MS);
    expect(await client.register()).toBe(regId);
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
  });

  test("H6 a workerd that ends as it cannot accept, again and again, is started again, and links come back by themselves", async () => {
    const data = temporaryFolder();
    const mesh = await startMesh(data);
    const { client, regId } = await device(mesh.url, demoOf(data).appId);
    for (let round = 1; round <= ROUNDS; round++) {
      // Not even those that it has: util-linux can lower the limit of a process that runs.
      execFileSync("prlimit", [`--pid=${workerdPid(data)}`, "--nofile=10:"]);
      await until("a request that it cannot accept", () => isRefused(mesh.url), RESTART_MS);
      await until("the restart", () => ups(mesh) === round, RESTART_MS);
      await until("its link", () => client.state === "connected", RESTART_MS);
    }
    expect(mesh.process.stderr.text.match(/accept\(\): Too many open files/g)).toHaveLength(ROUNDS);
    expect(await client.register()).toBe(regId);
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
  });
});
