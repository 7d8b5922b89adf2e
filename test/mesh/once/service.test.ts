/** `pushmesh service`: one device and one link for the apps of several processes. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { MeshAdmin, PushServer } from "../../../sdk/server/mod.ts";
import { NODE } from "../../support/built.ts";
import { SOON } from "../../support/soon.ts";
import { run, runJson, type User } from "../support/command.ts";
import { demoOf, readJson } from "../support/mesh.ts";
import { start, temporaryFolder } from "../support/process.ts";
import { AppProcess, openApp, startService } from "../support/service.ts";
import { sharedMesh } from "../support/shared-mesh.ts";

/** Nobody, on Linux and elsewhere. */
const OTHER = 65_534;
const mesh = sharedMesh();

const user = (): User => ({ data: mesh().data, home: temporaryFolder() });

function demo() {
  const { url, appId, keyId, secret } = demoOf(mesh().data);
  return { url, appId, server: new PushServer({ url, keyId, key: secret }) };
}

test("D1 D4 an app has its messages through the service of its user, whose files others cannot reach", async () => {
  const { url, appId, server } = demo();
  const me = user();
  const { socket, folder, process } = await startService(me, url);
  const app = await openApp({ url, appId, socket, folder: temporaryFolder() });
  const regId = await app.client.register();
  await expect(server.send({ to: regId, data: "one" })).resolves.toMatchObject({
    status: "delivered",
  });
  await app.client.subscribe("tag");
  expect(await app.client.describe()).toEqual({ tags: ["tag"], aliases: [] });
  await server.broadcast({ to: { tag: "tag" }, data: "all" });
  await vi.waitUntil(() => app.seen.length === 2, SOON);
  expect(app.seen).toEqual(["one", "all"]);
  expect(app.errors).toEqual([]);
  expect(await app.client.ping()).toBeGreaterThan(0);
  const modes = [folder, join(folder, "device"), socket].map((path) => statSync(path).mode & 0o777);
  expect(modes).toEqual([0o700, 0o700, 0o600]);

  const [status] = await runJson(me, "service", "status", "--folder", folder);
  expect(status).toMatchObject({ pid: process.pid, state: "connected", apps: [appId] });
  process.kill("SIGTERM");
  expect(await process.exited).toBe(0);
  expect(existsSync(socket)).toBe(false);
  const gone = await run(me, "service", "status", "--folder", folder);
  expect(gone.code).toBe(4);
  expect(gone.stderr).toContain("service_unavailable");
});

/** Apps of their own in the mesh, for anyone to register. */
async function openApps(count: number) {
  const { url } = demoOf(mesh().data);
  const { adminToken } = readJson(join(mesh().data, "secrets.json")) as { adminToken: string };
  const admin = new MeshAdmin({ url, token: adminToken });
  const apps: { appId: string; server: PushServer }[] = [];
  while (apps.length < count) {
    const { appId } = await admin.createApp("app", { policy: "open" });
    const { keyId, secret } = await admin.createKey(appId);
    apps.push({ appId, server: new PushServer({ url, keyId, key: secret }) });
  }
  return { url, apps };
}

test("D1 a service has as many apps as an account has registrations; one more is told so, and has its turn when one has ended", async () => {
  const { url, apps } = await openApps(LIMITS.REGISTRATIONS + 1);
  const { socket } = await startService(user(), url);
  const open = ({ appId }: { appId: string }) =>
    openApp({ url, appId, socket, folder: temporaryFolder() });
  const opened = await Promise.all(apps.map(open));
  const regIds = await Promise.allSettled(opened.map(({ client }) => client.register()));
  const refused = regIds.flatMap(({ status }, n) => (status === "rejected" ? [n] : []));
  expect(refused).toHaveLength(1);
  const [last = -1] = refused;
  expect(regIds[last]).toMatchObject({ reason: { code: "too_many_registrations" } });
  await Promise.all(
    regIds.map(async (regId, n) => {
      if (regId.status === "rejected") return;
      await apps[n]?.server.send({ to: regId.value, data: `${n}` });
      await vi.waitUntil(() => opened[n]?.seen.length === 1, SOON);
      expect(opened[n]?.seen).toEqual([`${n}`]);
    }),
  );
  const other = last === 0 ? 1 : 0;
  await opened[other]?.client.unregister();
  const late = (await opened[last]?.client.register()) ?? "";
  await apps[last]?.server.send({ to: late, data: "late" });
  await vi.waitUntil(() => opened[last]?.seen.length === 1, SOON);
  expect(opened[last]?.seen).toEqual(["late"]);
});

test("D2 kill -9 of the service: its apps wait, attach to the next one, and miss, repeat and reorder nothing", async () => {
  const { url, appId, server } = demo();
  const me = user();
  const first = await startService(me, url);
  const { socket } = first;
  const app = await openApp({ url, appId, socket, folder: temporaryFolder() });
  const regId = await app.client.register();
  await app.client.subscribe("kept");
  const send = (data: string) => server.send({ to: regId, data }, { respondAsync: true });
  await server.send({ to: regId, data: "0" });
  first.process.kill("SIGKILL");
  await first.process.exited;
  expect(existsSync(socket)).toBe(true);
  await vi.waitUntil(() => app.client.state === "waiting", SOON);
  expect(app.states.at(-1)).toMatchObject({
    state: "waiting",
    error: { code: "service_unavailable" },
  });
  for (const data of ["1", "2", "3"]) await send(data);
  const subscribed = app.client.subscribe("later");
  const described = app.client.describe();
  const stale = await run(me, "service", "status", "--folder", first.folder);
  expect(stale).toMatchObject({ code: 4, stderr: expect.stringContaining("service_unavailable") });

  await startService(me, url);
  await subscribed;
  expect(await described).toEqual({ tags: ["kept", "later"], aliases: [] });
  expect(await app.client.register()).toBe(regId);
  await expect(server.send({ to: regId, data: "4" })).resolves.toMatchObject({
    status: "delivered",
  });
  expect(app.seen).toEqual(["0", "1", "2", "3", "4"]);
  expect(app.errors).toEqual([]);
});

test("D2 P2.1 a handler that runs while the service is killed sees its message once, and its sender is told", async () => {
  const { url, appId, server } = demo();
  const me = user();
  const first = await startService(me, url);
  const app = await openApp({ url, appId, socket: first.socket, folder: temporaryFolder() });
  const regId = await app.client.register();
  const seen: unknown[] = [];
  const { promise: going, resolve: go } = Promise.withResolvers<void>();
  app.client.onMessage(async ({ data }) => {
    seen.push(data);
    await going;
  });
  const { id } = await server.send({ to: regId, data: "slow" }, { respondAsync: true });
  await vi.waitUntil(() => seen.length === 1, SOON);
  first.process.kill("SIGKILL");
  await first.process.exited;
  await startService(me, url);
  await vi.waitUntil(() => app.client.state === "connected", SOON);
  go();
  await expect.poll(async () => (await server.status(id)).status).toBe("delivered");
  await server.send({ to: regId, data: "after" });
  await vi.waitUntil(() => seen.length > 1, SOON);
  expect(seen).toEqual(["slow", "after"]);
});

test("D3 kill -9 of an app: no other notices, and the next start of it has its messages at once, once", async () => {
  const { url, apps } = await openApps(2);
  const [one, two] = apps;
  if (one === undefined || two === undefined) throw new Error("no apps");
  const { socket } = await startService(user(), url);
  const folder = temporaryFolder();
  const job = { url, appId: one.appId, service: socket, folder };
  const killed = new AppProcess(job);
  const regId = await killed.ready();
  const other = await openApp({ url, appId: two.appId, socket, folder: temporaryFolder() });
  const otherId = await other.client.register();
  expect(otherId).not.toBe(regId);
  await one.server.send({ to: regId, data: "before" });
  killed.process.kill("SIGKILL");
  const next = new AppProcess(job);
  for (const data of ["a", "b"]) await one.server.send({ to: regId, data }, { respondAsync: true });
  expect(await next.ready()).toBe(regId);
  await one.server.send({ to: regId, data: "c" });
  // What it prints may come later than what the mesh answers.
  await expect.poll(() => next.seen).toEqual(["a", "b", "c"]);
  await expect.poll(() => killed.seen).toEqual(["before"]);
  expect(next.lines.filter((line) => "error" in line || "failed" in line)).toEqual([]);

  await two.server.send({ to: otherId, data: "mine" });
  await vi.waitUntil(() => other.seen.length > 0, SOON);
  expect(other.seen).toEqual(["mine"]);
  expect(other.states.map(({ state }) => state)).toEqual(["connected"]);
});

test("D8 S23 an app that is open, or registered with another storage, is refused to others", async () => {
  const { url, apps } = await openApps(1);
  const appId = apps[0]?.appId ?? "";
  const me = user();
  const { socket, process } = await startService(me, url);
  const own = { url, appId, service: socket, folder: temporaryFolder() };
  const app = new AppProcess(own);
  await app.ready();
  const stranger = { ...own, folder: temporaryFolder() };
  for (const attempt of [1, 2]) {
    const refused = new AppProcess(stranger);
    await expect(refused.ready(), `${attempt}`).rejects.toMatchObject({ cause: "app_denied" });
    expect(await refused.process.exited).toBe(1);
  }
  const twice = new AppProcess(own);
  await expect(twice.ready()).rejects.toMatchObject({ cause: "app_in_use" });
  // Nor after a kill of both.
  app.process.kill("SIGKILL");
  process.kill("SIGKILL");
  await process.exited;
  await startService(me, url);
  await expect(new AppProcess(stranger).ready()).rejects.toMatchObject({ cause: "app_denied" });
});

test("D6 a second service of a folder says which process has it; what a killed one left does not stop the next", async () => {
  const { url } = demo();
  const me = user();
  const first = await startService(me, url);
  const args = ["service", "--url", url, "--folder", first.folder];
  const second = await run(me, ...args);
  expect(second).toMatchObject({ code: 1, stdout: "" });
  expect(second.stderr).toContain(`process ID ${first.process.pid}`);
  const elsewhere = join(me.home, "other");
  const sameSocket = ["service", "--url", url, "--folder", elsewhere, "--socket", first.socket];
  const third = await run(me, ...sameSocket);
  expect(third.stderr).toContain(`process ID ${first.process.pid}. (service_running)`);
  first.process.kill("SIGKILL");
  await first.process.exited;
  const next = await startService(me, url);
  expect(next.process.pid).not.toBe(first.process.pid);
});

test("D4 a process of another user can neither open the socket nor pass for the service", async () => {
  const { url, appId } = demo();
  const { socket, folder } = await startService(user(), url);
  const connectAs = (path: string) => {
    const code = `require("node:net").connect(${JSON.stringify(path)})
      .on("connect", () => console.log("open")).on("error", ({ code }) => console.log(code))`;
    const { stdout } = spawnSync(NODE, ["-e", code], {
      uid: OTHER,
      gid: OTHER,
      encoding: "utf8",
    });
    return stdout.trim();
  };
  // The folders above are of this test, and private too.
  for (let above = dirname(folder); above !== tmpdir(); above = dirname(above))
    chmodSync(above, 0o755);
  // Only root can be another user here.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    expect(connectAs(socket)).toBe("EACCES");
    chmodSync(folder, 0o755);
    expect(connectAs(socket)).toBe("EACCES");
    chmodSync(folder, 0o700);
  }

  const theirs = temporaryFolder();
  chmodSync(theirs, 0o700);
  const server = createServer();
  const path = join(theirs, "service.sock");
  server.listen(path);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const open = () => openApp({ url, appId, socket: path, folder: temporaryFolder() });
  for (const taken of isRoot ? [path, theirs] : []) {
    chownSync(taken, OTHER, OTHER);
    await expect(open()).rejects.toMatchObject({ code: "service_denied" });
  }
  if (isRoot) chownSync(theirs, 0, 0);
  if (isRoot) chownSync(path, 0, 0);
  chmodSync(theirs, 0o770);
  await expect(open()).rejects.toMatchObject({ code: "service_denied" });
});

test("D9 install writes a unit that runs the service as it was called, and uninstall removes it", async () => {
  const { url } = demo();
  const me: User = { ...user(), home: join(temporaryFolder(), 'a "b" $HOME %n') };
  const [made] = await runJson(me, "service", "install", "--url", url);
  const { file, next } = made as { file: string; next: string };
  expect(file).toBe(join(me.home, "systemd/user/pushmesh.service"));
  expect(next).toBe(
    "systemctl --user daemon-reload && systemctl --user enable --now pushmesh.service",
  );
  const unit = readFileSync(file, "utf8");
  const command = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? "";
  // As systemd reads it.
  const words = [...command.matchAll(/"((?:\\.|[^"\\])*)"/g)].map(([, word = ""]) =>
    word.replaceAll(/\\(.)/g, "$1").replaceAll("%%", "%").replaceAll("$$", "$"),
  );
  const socket = join(me.home, "pushmesh/service/service.sock");
  const folder = join(me.home, "pushmesh/service");
  const place = ["service", "--url", url, "--folder", folder, "--socket", socket];
  expect(words.slice(2)).toEqual(place);
  const [program = "", ...args] = words;
  const started = start(program, [...args, "--json"]);
  expect(JSON.parse(await started.stdout.match(/"ready"/))).toMatchObject({ socket });
  const [status] = await runJson(me, "service", "status");
  expect(status).toMatchObject({ pid: started.pid });

  const [removed] = await runJson(me, "service", "uninstall");
  expect(removed).toMatchObject({ file, removed: true });
  expect(existsSync(file)).toBe(false);
  const [again] = await runJson(me, "service", "uninstall");
  expect(again).toMatchObject({ removed: false });
});
