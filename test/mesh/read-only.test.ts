/** A data folder that may not be written to: told at the start in one line. */
import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { serve, startMesh } from "./support/mesh.ts";
import { temporaryFolder } from "./support/process.ts";

/**
 * Makes a folder read-only: by its mode, or where this is root, whom no mode keeps out, by a mount of it.
 *
 * @returns a command to start the mesh by: where root may mount nothing, as somebody whom the mode keeps out.
 */
function makeReadOnly(folder: string): string[] {
  if (process.getuid?.() !== 0) {
    chmodSync(folder, 0o500);
    onTestFinished(() => chmodSync(folder, 0o700));
    return [];
  }
  try {
    execFileSync("mount", ["--bind", folder, folder], { stdio: "ignore" });
  } catch {
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  }
  onTestFinished(() => void execFileSync("umount", ["--lazy", folder]));
  execFileSync("mount", ["-o", "remount,bind,ro", folder]);
  return [];
}

test("the folder of a mesh that has become read-only is refused", async () => {
  const data = temporaryFolder();
  const first = await startMesh(data);
  first.process.kill("SIGTERM");
  expect(await first.process.exited).toBe(0);
  const second = serve(["--port", "0", "--data-dir", data], makeReadOnly(data));
  expect(await second.exited).toBe(1);
  expect(second.stdout.all).toEqual([]);
  expect(second.stderr.all).toHaveLength(1);
  expect(second.stderr.text).toMatch(
    /^pushmesh: the data folder .* cannot be written: .*(EROFS|EACCES|read-only)/i,
  );
});
