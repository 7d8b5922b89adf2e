/** Keys that the `pushmesh` command makes. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PushServer } from "../../../sdk/server/push-server.ts";
import { run, runJson, type User } from "../support/command.ts";
import { temporaryFolder } from "../support/process.ts";
import { sharedMesh } from "../support/shared-mesh.ts";

const shared = sharedMesh();

test("S42 S43 a key is written to a file of its own, and an HMAC key is made on demand; both sign", async () => {
  const mesh = shared();
  const user: User = { data: mesh.data, home: temporaryFolder() };
  const [app] = await runJson(user, "app", "create", "Shop");
  const appId = `${app?.["appId"]}`;
  const create = ["key", "create", "--app", appId, "--no-save"];
  const keyFile = join(temporaryFolder(), "push.key");
  const [written] = await runJson(user, ...create, "--key-file", keyFile);
  expect(written).not.toHaveProperty("secret");
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  const again = await run(user, ...create, "--key-file", keyFile);
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("is there already") });
  const nowhere = await run(user, ...create, "--key-file", join(keyFile, "push.key"));
  expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining("no key was made") });
  const [hmac] = await runJson(user, ...create, "--algorithm", "hmac-sha256");
  expect(hmac).toMatchObject({ algorithm: "hmac-sha256", secret: expect.any(String) });
  for (const [keyId, key] of [
    [written?.["keyId"], readFileSync(keyFile, "utf8")],
    [hmac?.["keyId"], hmac?.["secret"]],
  ]) {
    const server = new PushServer({ url: mesh.url, keyId: `${keyId}`, key: `${key}` });
    expect((await server.registrations.page()).registrations).toEqual([]);
  }
  await run(user, "app", "delete", appId, "--yes");
});
