/** What becomes of a mesh when the npm, or the terminal, that it was started from ends. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { HOST } from "../support/host.ts";
import { startMesh } from "./support/mesh.ts";
import { start, temporaryFolder } from "./support/process.ts";

/** The tests themselves may run under npm, and under nohup. */
const UNDER_NOTHING = { npm_lifecycle_event: "", npm_package_name: "", _: "", PUSHMESH_NOHUP: "" };

const npmStart = (data: string) => [
  "start",
  "--",
  "--host",
  HOST,
  "--json",
  "--port",
  "0",
  "--data-dir",
  data,
];

test.each(["SIGTERM", "SIGHUP", "SIGKILL"] as const)(
  "L9 %s to npm alone stops the mesh that it runs",
  async (signal) => {
    const data = temporaryFolder();
    const npm = start("npm", npmStart(data), UNDER_NOTHING);
    await npm.stdout.match(/"ready"/);
    npm.kill(signal);
    // npm's output ends only with the last of its processes, which hold the other end too.
    await npm.exited;
    expect(npm.stdout.text).toContain(`{"event":"stopped"}`);
    // The folder is free again.
    await startMesh(data);
  },
);

/**
 * Runs a command in the background of a terminal of its own, and closes the terminal when a file is there: the kernel
 * hangs up what is in the foreground alone. Arguments: the command line, the file.
 */
const IN_BACKGROUND = `
import os, pty, sys, time
output = os.dup2(1, 9)
pid, terminal = pty.fork()
if pid == 0:
    os.execv("/bin/sh", ["sh", "-c", "set -m; %s >&9 9>&- & echo pid $! >&9; wait" % sys.argv[1]])
os.close(output)
while not os.path.exists(sys.argv[2]): time.sleep(0.05)
os.close(terminal)
os.waitpid(pid, 0)
`;

const inBackground = (data: string, before = "") => {
  const command = `${before} ${process.execPath} scripts/start.mjs ${npmStart(data).slice(2).join(" ")}`;
  return start("python3", ["-c", IN_BACKGROUND, command, join(data, "demo.json")], UNDER_NOTHING);
};

test("L9 a terminal that is closed stops the mesh in its background", async () => {
  const data = temporaryFolder();
  const mesh = inBackground(data);
  await mesh.exited;
  expect(mesh.stdout.text).toContain(`{"event":"stopped"}`);
});

test("L9 under nohup the mesh outlives its terminal", async () => {
  const data = temporaryFolder();
  const mesh = inBackground(data, "nohup");
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
  const [, pid] = (await mesh.stdout.match(/^pid /)).split(" ");
  onTestFinished(() => void process.kill(Number(pid), "SIGTERM"));
  // As the kernel does to all that is in the foreground of the terminal.
  process.kill(-Number(pid), "SIGHUP");
  // Longer than the launcher takes to look, twice over: the terminal was closed before the file's reader went on.
  for (let i = 0; i < 3; i++) {
    await sleep(500);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  }
});
