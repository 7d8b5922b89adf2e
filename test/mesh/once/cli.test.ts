/** The `pushmesh` command against a real mesh, as a user calls it. */
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { launched, listen, pushmesh, run, runJson, type User } from "../support/command.ts";
import { demoOf, startMesh } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";
import { sharedMesh } from "../support/shared-mesh.ts";

/** A mesh of its own, and a user whose data folder is the mesh's: for tests that end it, or look at all of it. */
async function meshAndUser() {
  const data = temporaryFolder();
  const mesh = await startMesh(data);
  const user: User = { data, home: temporaryFolder() };
  return { mesh, user };
}

/** The mesh of the other tests. */
const shared = sharedMesh();

/** A user of that mesh, with files and a device of its own. */
const newUser = (): User => ({ data: shared().data, home: temporaryFolder() });

describe("a mesh whose data folder is elsewhere", () => {
  test("is found by its URL, by any name of this machine, and without one if it was started last", async () => {
    // The configuration folder that the mesh itself is started with, which no other test's mesh is; a working directory without one.
    const home = temporaryFolder();
    vi.stubEnv("XDG_CONFIG_HOME", home);
    const mesh = await startMesh(temporaryFolder());
    vi.unstubAllEnvs();
    const user: User = { data: "", home };
    const { appId } = demoOf(mesh.data);
    const { port } = new URL(mesh.url);
    for (const url of [[], ["--url", mesh.url], ["--url", `http://localhost:${port}`]]) {
      expect(await runJson(user, "app", "list", ...url)).toMatchObject([{ appId }]);
    }
    const nobody = await run(user, "app", "list", "--url", "http://127.0.0.1:9");
    expect(nobody.code).toBe(2);
  });
});

describe("listen and send", () => {
  test("P4.1 a message to a listener is delivered and printed, whatever its data", async () => {
    const user = newUser();
    const listener = await listen(user);
    const file = join(temporaryFolder(), "bytes");
    writeFileSync(file, new Uint8Array([0xff, 0, 1]));
    const cases: [string[], object][] = [
      [["--data", '{"hello":"world"}'], { data: { hello: "world" } }],
      [
        ["--data", '{"a":1.50,"b": 12345678901234567890}'],
        { json: '{"a":1.50,"b":12345678901234567890}' },
      ],
      [["--data", "just text"], { data: "just text" }],
      [["--data", "[1,2]"], { data: "[1,2]" }],
      [["--data-base64", "AAEC"], { data: "AAEC", encoding: "base64" }],
      [["--data-file", file], { data: "/wAB", encoding: "base64" }],
    ];
    for (const [args, expected] of cases) {
      const [sent] = await runJson(user, "send", "--to", listener.regId, ...args);
      expect(sent).toMatchObject({ status: "delivered", tookMs: expect.any(Number) });
      const line = await listener.process.stdout.match(new RegExp(`"${sent?.["id"]}"`));
      expect(JSON.parse(line)).toMatchObject({ id: sent?.["id"], priority: "normal", ...expected });
    }
    expect(listener.process.stdout.all).toHaveLength(1 + cases.length);
  });

  test("P1.8 an object with one member twice is refused, and not sent without one of them", async () => {
    const user = newUser();
    const { regId } = await listen(user);
    const sent = await run(user, "send", "--to", regId, "--data", '{"a":{"x":1,"x":2}}');
    expect(sent).toMatchObject({ code: 3, stdout: "" });
  });

  test("a mesh that was stopped: the command says that it is to be started", async () => {
    const { mesh, user } = await meshAndUser();
    mesh.process.kill("SIGTERM");
    expect(await mesh.process.exited).toBe(0);
    // A send is tried again for 30 s, as long as a restart may take; this is tried once.
    const listed = await run(user, "app", "list");
    expect(listed.code).toBe(4);
    expect(listed.stderr).toMatch(/No mesh is running there\. Start it with npx pushmesh serve/);
    expect(listed.stderr.match(/refused/g)).toHaveLength(1);
  });

  test("people get lines: the regId first, then time, id and data", async () => {
    const user = newUser();
    const listener = pushmesh(user, "listen");
    const [, regId = ""] = /^regId {2}(\S+)$/.exec(await listener.stdout.match(/./)) ?? [];
    const sent = await run(user, "send", "--to", regId, "--data", "hi", "--priority", "high");
    const [, id] = /^delivered {2}(\S+) {2}\d+ ms$/.exec(sent.stdout) ?? [];
    expect(await listener.stdout.match(/"hi"/)).toMatch(
      new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3}  ${id}  "hi"$`),
    );
    expect((await run(user, "status", id ?? "")).stdout).toMatch(/^delivered {2}accepted 20/);
  });

  test("P1.2 P2.1 P3.1 what is queued survives a stop of both, and comes once, in order", async () => {
    const { mesh, user } = await meshAndUser();
    const first = await listen(user);
    first.process.kill("SIGINT");
    expect(await first.process.exited).toBe(0);
    const ids: unknown[] = [];
    for (const n of [1, 2, 3]) {
      const [sent] = await runJson(user, "send", "--to", first.regId, "--data", `{"n":${n}}`);
      expect(sent).toMatchObject({ status: "queued" });
      ids.push(sent?.["id"]);
    }
    mesh.process.kill("SIGKILL");
    await mesh.process.exited;
    await startMesh(user.data, Number(new URL(mesh.url).port));
    expect(await runJson(user, "status", `${ids[0]}`)).toMatchObject([{ status: "queued" }]);

    const second = await listen(user);
    expect(second.regId).toBe(first.regId);
    await second.process.stdout.match(/"n":3/);
    expect(second.process.stdout.all.slice(1).map((line) => JSON.parse(line).id)).toEqual(ids);
    second.process.kill("SIGINT");
    expect(await second.process.exited).toBe(0);

    const third = await listen(user);
    const [last] = await runJson(user, "send", "--to", third.regId, "--data", "last");
    await third.process.stdout.match(/"last"/);
    expect(third.process.stdout.all.slice(1).map((line) => JSON.parse(line).id)).toEqual([
      last?.["id"],
    ]);
  });

  test("P2.2 P4.3 the options of a send reach the mesh", async () => {
    const user = newUser();
    const { process: listener, regId } = await listen(user);
    listener.kill("SIGTERM");
    expect(await listener.exited).toBe(0);
    const now = await run(user, "send", "--to", regId, "--data", "x", "--ttl", "0", "--json");
    expect(now.code).toBe(3);
    expect(JSON.parse(now.stdout)).toMatchObject({ status: "expired" });
    const twice = ["send", "--to", regId, "--data", "x", "--idempotency-key", "k", "--async"];
    const [one] = await runJson(user, ...twice);
    const [two] = await runJson(user, ...twice);
    expect(two?.["id"]).toBe(one?.["id"]);
    const collapsing = ["send", "--to", regId, "--data", "x", "--collapse-key", "c", "--wait", "0"];
    const [older] = await runJson(user, ...collapsing);
    await runJson(user, ...collapsing);
    expect(await runJson(user, "status", `${older?.["id"]}`)).toMatchObject([
      { status: "collapsed" },
    ]);
  });

  test("L1 a second listener on one state folder is refused in one line", async () => {
    const user = newUser();
    const first = await listen(user);
    const second = await run(user, "listen");
    expect(second).toMatchObject({ code: 1, stdout: "" });
    expect(second.stderr).toMatch(/another pushmesh listen uses .*\n.*--state/);
    // With a folder of its own it is a device of its own, and the first one keeps its link.
    const other = await listen(user, "--state", temporaryFolder());
    expect(other.regId).not.toBe(first.regId);
    for (const regId of [first.regId, other.regId])
      expect(await runJson(user, "send", "--to", regId, "--data", "x")).toMatchObject([
        { status: "delivered" },
      ]);
  });

  test("a listener of an app that is none ends with the mesh's word", async () => {
    const user = newUser();
    const refused = await run(user, "listen", "--app", "nonsense", "--json");
    expect(refused).toMatchObject({ code: 3, stdout: "" });
    expect(JSON.parse(refused.stderr).error).toMatchObject({ code: "app_unknown" });
  });

  test("a listener that is killed leaves no lock behind", async () => {
    const user = newUser();
    const state = temporaryFolder();
    const first = launched(user, "listen", "--json", "--state", state);
    const { regId } = JSON.parse(await first.stdout.match(/regId/));
    // The launcher alone; what it launched learns of it.
    first.kill("SIGKILL");
    await first.exited;
    expect((await listen(user, "--state", state)).regId).toBe(regId);
  });
});

describe("apps and keys", () => {
  test("P7.6 an app of one's own: made, listed, keyed, used, its key revoked", async () => {
    const { mesh, user } = await meshAndUser();
    const [app] = await runJson(user, "app", "create", "Shop", "--open");
    const appId = `${app?.["appId"]}`;
    const listed = await runJson(user, "app", "list");
    expect(listed.map(({ name }) => name)).toEqual(["demo", "Shop"]);
    const [key] = await runJson(user, "key", "create", "--app", appId);
    expect(key).toMatchObject({ keyId: `${appId}.k1`, secret: expect.stringMatching(/^ed25519:/) });
    const credentials = join(user.home, "pushmesh/credentials.json");
    expect(statSync(credentials).mode & 0o777).toBe(0o600);

    const { regId } = await listen(user, "--app", appId);
    const send = ["send", "--to", regId, "--data", "x"];
    expect(await runJson(user, ...send, "--app", appId)).toMatchObject([{ status: "delivered" }]);
    // The demo app's key is none of this app.
    const foreign = await run(user, ...send, "--json");
    expect(foreign.code).toBe(3);
    expect(JSON.parse(foreign.stderr).error).toMatchObject({ code: "reg_id_foreign" });
    // By environment alone, as an app server elsewhere would have it.
    const server: User = {
      data: temporaryFolder(),
      home: temporaryFolder(),
      env: {
        PUSHMESH_URL: mesh.url,
        PUSHMESH_KEY_ID: `${key?.["keyId"]}`,
        PUSHMESH_KEY: `${key?.["secret"]}`,
      },
    };
    expect(await runJson(server, ...send)).toMatchObject([{ status: "delivered" }]);

    expect(await runJson(user, "key", "revoke", `${key?.["keyId"]}`)).toMatchObject([
      { revoked: true },
    ]);
    const revoked = await run(server, ...send, "--json");
    expect(revoked.code).toBe(3);
    expect(JSON.parse(revoked.stderr).error).toMatchObject({ code: "key_unknown" });
    // Its secret is forgotten here, too.
    expect(await run(user, ...send, "--app", appId)).toMatchObject({ code: 2 });
  });

  test("S1 S3 an app of the default policy: a device without a grant is refused, and one with a grant gets what it names", async () => {
    const user = newUser();
    const [app] = await runJson(user, "app", "create", "Shop");
    const appId = `${app?.["appId"]}`;
    await runJson(user, "key", "create", "--app", appId);
    const refused = await run(user, "listen", "--json", "--app", appId);
    expect(refused.code).toBe(3);
    expect(JSON.parse(refused.stderr).error).toMatchObject({
      code: "grant_required",
      message: "The app's policy asks for a grant of its server, and none was given.",
    });
    const names = ["--alias", "me", "--tag-prefix", "news/"];
    const [made] = await runJson(user, "grant", "--app", appId, ...names);
    const grant = ["--grant", `${made?.["grant"]}`];
    const others = await run(user, "listen", "--json", "--app", appId, ...grant, "--tag", "staff");
    expect(JSON.parse(others.stderr).error).toMatchObject({ code: "not_granted" });
    const own = ["--tag", "news/a", "--alias", "me", "--state", temporaryFolder()];
    const { regId } = await listen(user, "--app", appId, ...grant, ...own);
    expect(await runJson(user, "alias", "show", "me", "--app", appId)).toMatchObject([
      { regIds: [regId] },
    ]);
  });

  test("S35 S36 a key is made with scopes and an expiry, signs no more than they say, and is listed so", async () => {
    const user = newUser();
    const [app] = await runJson(user, "app", "create", "Shop");
    const appId = `${app?.["appId"]}`;
    const rights = ["--scope", "read", "--scope", "grant", "--expires", "90d"];
    const begun = Date.now();
    const [key] = await runJson(user, "key", "create", "--app", appId, ...rights);
    expect(key).toMatchObject({ scopes: ["read", "grant"] });
    const days = (Number(key?.["expiresAt"]) - begun) / 86_400_000;
    expect(Math.round(days)).toBe(90);
    const sent = await run(
      user,
      "broadcast",
      "--everyone",
      "--data",
      "x",
      "--app",
      appId,
      "--json",
    );
    expect(sent.code).toBe(3);
    expect(JSON.parse(sent.stderr).error).toMatchObject({ code: "scope_missing" });
    const { stdout } = await run(user, "key", "list", "--app", appId);
    const expiry = new Date(Number(key?.["expiresAt"])).toISOString();
    expect(stdout).toMatch(
      new RegExp(`^${appId}\\.k1  \\S+Z  ed25519  read,grant  used \\S+  expires ${expiry}$`),
    );
    // The mesh is that of other tests, too.
    await run(user, "app", "delete", appId, "--yes");
  });

  test("S10 the policy of an app is changed and shown, and an open app is pointed out", async () => {
    const user = newUser();
    const [app] = await runJson(user, "app", "create", "Shop", "--open");
    const appId = `${app?.["appId"]}`;
    const listed = await run(user, "app", "list");
    expect(listed.stdout).toMatch(new RegExp(`^${appId}.*Shop  \\(open\\)$`, "m"));
    expect(listed.stderr).toContain(`pushmesh app policy ${appId} --reset`);
    const policy = (...options: string[]) => run(user, "app", "policy", appId, ...options);
    const rules = ["--tag", "news/=open", "--tag", "a=b=server"];
    const changed = JSON.parse((await policy("--reset", ...rules, "--json")).stdout);
    expect(changed).toEqual({
      ...{ register: "granted", alias: [] },
      tag: [
        { prefix: "news/", rule: "open" },
        { prefix: "a=b", rule: "server" },
      ],
    });
    const shown = ['tag "news/"…  server', 'tag "a=b"…  server', "tag, all others  granted"];
    expect((await policy("--tag", "news/=server")).stdout.split("\n")).toEqual([
      ...["register  granted", "alias, all others  granted", ...shown],
      "receipts  off, unless a message says",
    ]);
    const refused = await Promise.all([policy("--alias", "x=anyone"), policy("--open", "--reset")]);
    expect(refused.map(({ code }) => code)).toEqual([2, 2]);
  });

  test("P7.6 an app is shown with its keys, and deleted with them", async () => {
    const user = newUser();
    const [app] = await runJson(user, "app", "create", "Shop");
    const appId = `${app?.["appId"]}`;
    for (let n = 0; n < 2; n++) await run(user, "key", "create", "--app", appId);
    const shown = (await run(user, "app", "show", "--app", appId)).stdout.split("\n");
    expect(shown[0]).toMatch(new RegExp(`^${appId}  \\S+Z  Shop$`));
    expect((await run(user, "key", "list", "--app", appId)).stdout.split("\n")).toEqual(
      shown.slice(1),
    );
    expect(shown.slice(1).map((line) => line.split("  ")[0])).toEqual([
      `${appId}.k1`,
      `${appId}.k2`,
    ]);
    const unsure = await run(user, "app", "delete", appId);
    expect(unsure).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
    expect((await run(user, "app", "delete", appId, "--yes")).stdout).toBe(`deleted  ${appId}`);
    expect((await runJson(user, "app", "list")).map((listed) => listed["appId"])).not.toContain(
      appId,
    );
    const again = await run(user, "app", "delete", appId, "--yes", "--json");
    expect(JSON.parse(again.stderr).error).toMatchObject({ code: "app_not_found" });
  });

  test("without the admin token apps are nobody's to make", async () => {
    const user = newUser();
    const stranger: User = { data: temporaryFolder(), home: user.home };
    const without = await run(stranger, "app", "create", "x", "--url", shared().url);
    expect(without).toMatchObject({ code: 2 });
    expect(without.stderr).toMatch(/PUSHMESH_ADMIN_TOKEN/);
    const wrong = { ...stranger, env: { PUSHMESH_ADMIN_TOKEN: "no such token" } };
    const create = ["app", "create", "x", "--url", shared().url, "--json"];
    const refused = await run(wrong, ...create, "--insecure");
    expect(refused.code).toBe(3);
    expect(JSON.parse(refused.stderr).error).toMatchObject({ code: "admin_token_invalid" });
    // Over http whoever answers there would get it.
    const careful = await run(wrong, ...create);
    expect([careful.code, careful.stderr]).toEqual([2, expect.stringContaining("--insecure")]);
  });

  test("P7.10 an impostor on the mesh's port is not sent the admin token", async () => {
    const { mesh, user } = await meshAndUser();
    mesh.process.kill("SIGKILL");
    await mesh.process.exited;
    const heard: string[] = [];
    const impostor = createServer((request, response) => {
      heard.push(`${request.url} ${request.headers.authorization}`);
      response.end("{}");
    });
    impostor.listen(Number(new URL(mesh.url).port), "127.0.0.1");
    await once(impostor, "listening");
    const asked = await run(user, "app", "list", "--json");
    expect([asked.code, JSON.parse(asked.stderr).error.code]).toEqual([4, "network_failed"]);
    expect(heard).toEqual([]);
    impostor.close();
  });
});

describe("exit codes", () => {
  test("3 for a regId that is none, with the mesh's advice", async () => {
    const known = newUser();
    expect(demoOf(known.data).url).toBe(shared().url);
    const { code, stderr } = await run(known, "send", "--to", "nonsense", "--data", "x");
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /\(reg_id_invalid\)\n +Use the regId exactly as the device reported it\./,
    );
  });

  test("Ctrl-C that reaches a listener twice, by terminal and by npm, ends it cleanly once", async () => {
    const known = newUser();
    const listener = launched(known, "listen", "--json");
    await listener.stdout.match(/regId/);
    listener.kill("SIGINT");
    listener.kill("SIGINT");
    expect(await listener.exited).toBe(0);
  });
});
