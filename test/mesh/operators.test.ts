/** Operators of a mesh that others can reach, by the command: on each host of one machine, and across a kill. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run, runJson, type User } from "./support/command.ts";
import { readJson, serve } from "./support/mesh.ts";
import { temporaryFolder } from "./support/process.ts";

const open = async (data: string) => {
  const mesh = serve(["--data-dir", data, "--port", "0", "--listen", "0.0.0.0"]);
  const [, url = ""] = /listens on (\S+)/.exec(await mesh.stdout.match(/listens on/)) ?? [];
  await mesh.stdout.match(/Stop: Ctrl-C/);
  return { mesh, url: url.replace("0.0.0.0", "127.0.0.1") };
};

test("S59 a mesh that others can reach makes no demo app, and says how to make one; S57 its log survives kill -9", async () => {
  const data = temporaryFolder();
  const user: User = { data, home: temporaryFolder() };
  const first = await open(data);
  expect(first.mesh.stdout.text).toContain("so it has no demo app");
  expect(first.mesh.stdout.text).toContain(`npx pushmesh app create --data-dir ${data} <name>`);
  expect(readJson(join(data, "demo.json"))).not.toHaveProperty("appId");
  expect(await runJson({ ...user }, "app", "create", "Shop")).toMatchObject([{ name: "Shop" }]);

  // Over the network, with a credential, by a client that claims another address.
  const [made] = await runJson(user, "admin", "credential", "create", "Anna", "--role", "operator");
  const { token, credentialId } = made as { token: string; credentialId: string };
  const answer = await fetch(`${first.url}/v1/apps`, {
    method: "POST",
    headers: {
      ...{ authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...{ "pushmesh-client": "6.6.6.6", "cf-connecting-ip": "6.6.6.6" },
      "x-forwarded-for": "6.6.6.6",
    },
    body: JSON.stringify({ name: "Forum" }),
  });
  expect(answer.status).toBe(201);
  first.mesh.kill("SIGKILL");
  await first.mesh.exited;

  // On loopback now, perhaps behind a proxy: still no demo app.
  const second = serve(["--json", "--data-dir", data, "--port", "0"]);
  expect(JSON.parse(await second.stdout.match(/"ready"/))).toMatchObject({
    ...{ demoMade: false, demoApp: null, isLocal: true },
  });
  const names = (await runJson(user, "app", "list")).map(({ name }) => name);
  expect(names).toEqual(["Shop", "Forum"]);
  const entries = await runJson(user, "admin", "audit");
  expect(entries.map(({ action, detail }) => [action, detail])).toEqual([
    ["app.create", "Forum"],
    ["credential.create", "operator Anna"],
    ["app.create", "Shop"],
  ]);
  expect(entries[0]).toMatchObject({
    ...{ actor: "Anna", credentialId, role: "operator", address: "127.0.0.1" },
    requestId: answer.headers.get("x-request-id"),
  });

  // The credential does what its role allows, and ends when it is revoked.
  const anna: User = { ...user, env: { PUSHMESH_ADMIN_TOKEN: token } };
  const refused = await run(anna, "admin", "credential", "list", "--insecure");
  expect([refused.code, refused.stderr]).toEqual([
    expect.any(Number),
    expect.stringContaining("role_missing"),
  ]);
  expect((await run(anna, "app", "list", "--insecure")).code).toBe(0);
  await runJson(user, "admin", "credential", "revoke", credentialId);
  const ended = await run(anna, "app", "list", "--insecure");
  expect(ended.stderr).toContain("admin_token_invalid");
  // Nothing on the disk has the token.
  for (const file of ["mesh.db", "mesh.db-wal"]) {
    const path = join(data, file);
    if (existsSync(path)) expect(readFileSync(path, "latin1")).not.toContain(token.slice(20, 50));
  }
  expect((await run(user, "admin", "credential", "list", "--json")).stdout).toBe("");
});
