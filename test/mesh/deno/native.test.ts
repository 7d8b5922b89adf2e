/** The SDKs and the command on Deno, without Node and without a build. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { startMesh } from "../support/mesh.ts";
import { type Process, ROOT, start, temporaryFolder } from "../support/process.ts";

/** Runs a source of the repository. */
function inDeno(source: string, args: readonly string[], env = {}): Process {
  const deno = join(ROOT, "node_modules/.bin/deno");
  return start(deno, ["run", "--quiet", "-A", join(ROOT, source), ...args], env);
}

test("the SDKs of both sides", async () => {
  const data = temporaryFolder();
  await startMesh(data);
  const script = inDeno("test/mesh/deno/inside/sdk.ts", [join(data, "demo.json")]);
  expect(await script.exited).toBe(0);
  expect(JSON.parse(script.stdout.text)).toEqual({ status: "delivered", data: { from: "Deno" } });
});

test("the command", async () => {
  const data = temporaryFolder();
  await startMesh(data);
  const env = { PUSHMESH_DATA_DIR: data, XDG_CONFIG_HOME: temporaryFolder() };
  const listener = inDeno("cli/main.ts", ["listen", "--json"], env);
  const { regId } = JSON.parse(await listener.stdout.match(/regId/));
  const send = inDeno("cli/main.ts", ["send", "--to", regId, "--data", "hello", "--json"], env);
  expect(await send.exited).toBe(0);
  expect(JSON.parse(send.stdout.text)).toMatchObject({ status: "delivered" });
  expect(await listener.stdout.match(/"hello"/)).toContain("hello");
  listener.kill("SIGTERM");
  expect(await listener.exited).toBe(0);
  const wrong = inDeno("cli/main.ts", ["send", "--to", "nobody", "--data", "x", "--json"], env);
  expect(await wrong.exited).toBe(3);
  expect(JSON.parse(wrong.stderr.text)).toMatchObject({ error: { code: "reg_id_invalid" } });
});
