/** What Deno lets a mesh do: that it serves with it, every other test shows, which starts it so. */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HOSTS } from "../../../scripts/hosts.mjs";
import { ROOT } from "../../support/host.ts";
import { startMesh } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";

test("S62 a mesh on Deno reads and writes in its folder, and can do nothing outside it", () => {
  const data = join(temporaryFolder(), "data");
  mkdirSync(data);
  const args = HOSTS.deno.args(["--data-dir", data]);
  const inside = ["test/mesh/deno/inside/permissions.ts", data];
  const deno = join(ROOT, "node_modules/.bin/deno");
  const said = execFileSync(deno, [...args.slice(0, -1), ...inside], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect(said.trim().split("\n")).toEqual(["its own folder"]);
});

test.each([
  ["of loopback", ["--port", "0"], "--allow-net=127.0.0.1,unix:/d/run/admin.sock"],
  ["of all", ["--listen", "0.0.0.0"], "--allow-net=0.0.0.0:8787,unix:/d/run/admin.sock"],
  ["of IPv6", ["--listen=::"], "--allow-net=[::]:8787,unix:/d/run/admin.sock"],
  ["with a port that is none", ["--port", "70000"], "--allow-net=127.0.0.1,unix:/d/run/admin.sock"],
  ["with a name", ["--listen", "mesh.example"], "--allow-net"],
])("S62 it may listen on its address alone: %s", (_, args, net) => {
  expect(HOSTS.deno.args(["--data-dir", "/d", ...args])).toContain(net);
});

test("S62 it may read the files of TLS, which it may not write", () => {
  const args = HOSTS.deno.args(["--data-dir", "/d", "--tls-cert", "/c.pem", "--tls-key=/k.pem"]);
  expect(args.find((arg) => arg.startsWith("--allow-read"))).toMatch(
    /,\/c\.pem,\/k\.pem,\/dev\/null$/,
  );
  expect(args.find((arg) => arg.startsWith("--allow-write"))).not.toContain("pem");
});

test("S62 a data folder behind a symbolic link is found again at the next start", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "disk"));
  symlinkSync(join(folder, "disk"), join(folder, "link"));
  const data = join(folder, "link", "data");
  for (let start = 0; start < 2; start++) {
    const { process } = await startMesh(data, 0, "deno");
    process.kill("SIGTERM");
    expect(await process.exited).toBe(0);
  }
});
