/** `pushmesh smoke`, as an operator runs it after a deploy. */
import { expect, test } from "vitest";
import { run, runJson, type User } from "./support/command.ts";
import { startMesh } from "./support/mesh.ts";
import { temporaryFolder } from "./support/process.ts";

test("one of everything works, and no app is left; a wrong token is named", async () => {
  const data = temporaryFolder();
  const { url } = await startMesh(data);
  const user: User = { data, home: temporaryFolder() };
  const { code, stdout } = await run(user, "smoke");
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^(ok {6}.+ {2}\d+ ms\n?){10}$/)]);
  expect((await runJson(user, "app", "list")).map(({ name }) => name)).toEqual(["demo"]);
  const env = { PUSHMESH_ADMIN_TOKEN: "no such token" };
  const bad = await run({ ...user, env }, "smoke", "--insecure", "--url", url);
  expect(bad.code).toBe(3);
  expect(bad.stdout).toMatch(/^failed {2}create an app: /);
});
