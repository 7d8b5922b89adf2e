/**
 * The two processes of the workerd host. Deno has one, which whatever runs services starts again (docs/operations),
 * so none of this is a question there.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commandLine, endOrphan, rememberProcess } from "../../../hosts/workerd/orphan.ts";
import { until } from "../../chaos/wait.ts";
import { device } from "../support/device.ts";
import { demoOf, type Mesh, startMesh } from "../support/mesh.ts";
import { start, temporaryFolder } from "../support/process.ts";

/** The process ID of the workerd that works on a data folder. */
const workerdPid = (data: string): number =>
  Number(readFileSync(join(data, "run/workerd.pid"), "utf8"));

/** Whether a process runs. One that has ended but that nobody has asked about yet does not. */
const isAlive = (pid: number): boolean => commandLine(pid) !== "";

/** More than the pauses that grow. */
const DEATHS = 7;
/** The longest pause, and a start. */
const RESTART_MS = 50_000;

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
    expect((await fetch(`${mesh.url}/healthz`)).status).toBe(200);
  }, 120_000);
});
