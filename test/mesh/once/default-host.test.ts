/** Which host `npm start` starts where nobody says so. */
import { expect, test } from "vitest";
import { HOST_NAMES } from "../../../hosts/machine/host.ts";
import { startMesh } from "../support/mesh.ts";
import { start, temporaryFolder } from "../support/process.ts";

/** Starts by `npm start`'s own script, and stops again; the host that it told. */
async function hostStarted(data: string): Promise<unknown> {
  const args = ["scripts/start.mjs", "--json", "--port", "0", "--data-dir", data];
  const mesh = start(process.execPath, args);
  const { host } = JSON.parse(await mesh.stdout.match(/"ready"/));
  mesh.kill("SIGTERM");
  expect(await mesh.exited).toBe(0);
  return host;
}

test("a new folder gets the Deno host", async () => {
  expect(await hostStarted(temporaryFolder())).toBe("deno");
});

test.each(HOST_NAMES)("a folder of the host %s is served by it", async (host) => {
  const data = temporaryFolder();
  const first = await startMesh(data, 0, host);
  first.process.kill("SIGTERM");
  await first.process.exited;
  expect(await hostStarted(data)).toBe(host);
});
