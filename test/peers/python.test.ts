/** A device and a sender in Python, written from docs/ and the IDL, against a real mesh. */
import { execFile } from "node:child_process";
import { generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type App, Mesh } from "../chaos/mesh.ts";
import { until } from "../chaos/wait.ts";
import { broadcast } from "../mesh/support/listener.ts";
import { type Python, preparePython } from "./support/python.ts";
import { PythonDevice } from "./support/python-device.ts";

const run = promisify(execFile);

let mesh: Mesh;
let app: App;
let python: Python;
let folder: string;
let devices = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pushmesh-peers-"));
  python = preparePython(folder);
  mesh = await Mesh.start();
  app = await mesh.app("peers");
});

afterAll(async () => {
  await mesh?.stop();
  rmSync(folder, { recursive: true });
});

const ended = async (id: string, status: string): Promise<void> =>
  until(
    `${id} ${status}`,
    async () => (await mesh.sender(app).status(id)).status === status,
    30_000,
  );
const delivered = (id: string): Promise<void> => ended(id, "delivered");

/** A device of its own; the same name is the same device on the same machine. */
function newDevice(name = `device-${++devices}`): PythonDevice {
  const state = join(folder, `${name}.json`);
  const device = new PythonDevice(python, { mesh: mesh.url, app: app.appId, state, id: name });
  onTestFinished(() => device.end());
  return device;
}

/** Waits until the mesh has taken what the device has sent, the attach above all: it answers in turn. */
async function taken(device: PythonDevice): Promise<void> {
  await device.after("echo", "echo", { nonce: 7 });
}

/** With an account, a link and a registration that listens. */
async function listening(): Promise<{ device: PythonDevice; regId: string; name: string }> {
  const name = `device-${++devices}`;
  const device = newDevice(name);
  expect(await device.after("account", "account")).toMatchObject({ status: 201 });
  expect(await device.after("open", "welcome")).toMatchObject({ resumed: false, registrations: 0 });
  const { regId } = await device.expect("attached");
  await taken(device);
  return { device, regId: String(regId), name };
}

describe("a device in Python", () => {
  test("P4.1 receives every kind of data, and its acknowledgement is the sender's answer", async () => {
    const { device, regId } = await listening();
    const sender = mesh.sender(app);
    const json = await sender.send({ to: regId, data: { n: 1, text: "zwölf" }, priority: "high" });
    expect(json.status).toBe("delivered");
    const message = { id: json.id, data: { n: 1, text: "zwölf" }, priority: 1, replay: false };
    expect(await device.expect("message")).toMatchObject(message);
    expect((await sender.send({ to: regId, data: "Grüße" })).status).toBe("delivered");
    expect(await device.expect("message")).toMatchObject({ data: "Grüße", priority: 2 });
    expect((await sender.send({ to: regId, dataBase64: "AP8=" })).status).toBe("delivered");
    expect(await device.expect("message")).toMatchObject({ data: "AP8=" });
    expect(await device.after("ping", "text")).toMatchObject({ text: "pong" });
    expect(await device.after("echo", "echo", { nonce: 41 })).toMatchObject({ nonce: 41 });
    await device.after("close", "closed");
  });

  test("P1.1 P2.1 P3.1 P3.2 gets what was queued once and in order, after a restart of its own", async () => {
    const { device, regId, name } = await listening();
    await device.after("close", "closed");
    await device.end();
    const sender = mesh.sender(app);
    const ids: string[] = [];
    for (const [data, priority] of [
      ["a", "normal"],
      ["b", "high"],
      ["c", "normal"],
    ] as const) {
      const { id, status } = await sender.send({ to: regId, data, priority });
      expect(status).toBe("queued");
      ids.push(id);
    }
    const again = newDevice(name);
    const welcome = { resumed: true, registrations: 1 };
    expect(await again.after("open", "welcome")).toMatchObject(welcome);
    expect(await again.expect("attached")).toMatchObject({ regId });
    for (const data of ["b", "a", "c"])
      expect(await again.expect("message")).toMatchObject({ data, replay: true });
    for (const id of ids) await delivered(id);
    await again.after("cut", "closed");
    await again.after("open", "welcome");
    await again.expect("attached");
    await taken(again);
    expect((await sender.send({ to: regId, data: "d" })).status).toBe("delivered");
    expect(await again.expect("message")).toMatchObject({ data: "d", replay: false });
    expect(again.rest).toEqual([]);
    await again.after("close", "closed");
  });

  test("P2.1 knows what it did not acknowledge when it comes again", async () => {
    const { device, regId } = await listening();
    await device.after("acknowledge", "acknowledge", { on: false });
    const { id, status } = await mesh.sender(app).send({ to: regId, data: "twice" }, { wait: 1 });
    expect(status).toBe("queued");
    expect(await device.expect("message")).toMatchObject({ id, replay: false });
    await device.after("cut", "closed");
    await device.after("acknowledge", "acknowledge", { on: true });
    await device.after("open", "welcome");
    await device.expect("attached");
    expect(await device.expect("duplicate")).toMatchObject({ id, data: "twice", replay: true });
    await delivered(id);
    await device.after("close", "closed");
  });

  test.each([
    ["was given to the app", true, "delivered"],
    ["is not remembered", false, "expired"],
  ])(
    "P4.1 P4.3 P4.5 answers for what %s when it is asked, and shows it to nobody",
    async (_, taken, end) => {
      const { device, regId, name } = await listening();
      await device.after("acknowledge", "acknowledge", { on: false });
      const ids: string[] = [];
      for (const ttl of [0, 1]) {
        const sent = { to: regId, data: { ttl }, ttl };
        const { id, status } = await mesh.sender(app).send(sent, { wait: ttl + 1 });
        expect(status).toBe("sent");
        expect(await device.expect("message")).toMatchObject({ id, data: { ttl } });
        ids.push(id);
      }
      await device.after("cut", "closed");
      await device.end();
      if (!taken) {
        const state = join(folder, `${name}.json`);
        const kept = JSON.parse(readFileSync(state, "utf8"));
        writeFileSync(state, JSON.stringify({ ...kept, keys: [] }));
      }
      const again = newDevice(name);
      await again.after("open", "welcome");
      await again.expect("attached");
      for (const id of ids) {
        expect(await again.expect("asked")).toMatchObject({ id, taken });
        await ended(id, end);
      }
      expect(again.rest).toEqual([]);
      await again.after("close", "closed");
    },
  );

  test("B1 T11 T12 joins tags, takes their broadcasts, and those it missed when it comes back, once and in order", async () => {
    const { device, name } = await listening();
    const tags = ["python/3", "Schlangen 🐍"];
    await device.after("subscribe", "done", { add: [...tags, "other"], remove: [] });
    await device.after("subscribe", "done", { add: [], remove: ["other"] });
    const described = await device.after("describe", "described");
    expect(described).toMatchObject({ tags: [...tags].sort(), aliases: [] });
    const publish = (tag: string, data: string) => broadcast(mesh.url, app, { tag }, data);
    const [tag = ""] = tags;
    const id = await publish(tag, "live");
    expect(await device.expect("broadcast")).toMatchObject({ id, tag, data: "live" });
    await device.after("acknowledge", "acknowledge", { on: false });
    await publish(tag, "not acknowledged");
    await device.expect("broadcast");
    await device.after("cut", "closed");
    await device.end();
    for (const data of ["a", "b"]) await publish(tag, data);
    await publish("Schlangen 🐍", "c");

    const again = newDevice(name);
    await again.after("open", "welcome");
    await again.expect("attached");
    const got = [];
    for (let i = 0; i < 3; i++) got.push(await again.expect("broadcast"));
    const ofTag = got.filter((event) => event["tag"] === tag).map(({ data }) => data);
    expect(ofTag).toEqual(["a", "b"]);
    expect(got.map(({ data }) => data).sort()).toEqual(["a", "b", "c"]);
    expect(again.rest).toEqual([]);
    await again.after("close", "closed");
  });

  test("A1 A4 has an alias, and is told who took it", async () => {
    const { device } = await listening();
    await device.after("alias", "done", { alias: "monty" });
    expect(await device.after("describe", "described")).toMatchObject({ aliases: ["monty"] });
    const other = await listening();
    await other.device.after("alias", "done", { alias: "monty" });
    expect(await device.expect("aliasLost")).toMatchObject({ alias: "monty" });
    await other.device.after("alias", "done", { alias: "monty", held: false });
    for (const one of [device, other.device]) {
      expect(await one.after("describe", "described")).toMatchObject({ aliases: [] });
      await one.after("close", "closed");
    }
  });

  test("P4.8 unregisters", async () => {
    const { device, regId } = await listening();
    await device.after("unregister", "unregistered");
    const sent = mesh.sender(app).send({ to: regId, data: "x" });
    await expect(sent).rejects.toMatchObject({ status: 410, code: "unregistered" });
    await device.after("close", "closed");
  });

  test("P7.3 P7.5 P4.8 S20 is refused an old token, hands its account over, and without its key gets another", async () => {
    const { device, regId } = await listening();
    await device.after("close", "closed");
    device.do("open", { token_age: 600 });
    expect(await device.expect("closed")).toMatchObject({ code: 4101 });
    const handover = { fresh_key: true, handover: true };
    const moved = await device.after("account", "account", handover);
    expect(moved).toMatchObject({ status: 201 });
    expect(await device.after("open", "welcome")).toMatchObject({ registrations: 0 });
    const { regId: fresh } = await device.expect("attached");
    expect(fresh).not.toBe(regId);
    const sent = mesh.sender(app).send({ to: regId, data: "x" });
    await expect(sent).rejects.toMatchObject({ code: "unregistered" });
    await device.after("close", "closed");
    const another = await device.after("account", "account", { fresh_key: true });
    expect(another).toMatchObject({ status: 201 });
    expect(await device.after("open", "welcome")).toMatchObject({ registrations: 0 });
    await device.expect("attached");
    expect(await mesh.sender(app).send({ to: String(fresh), data: "x" })).toMatchObject({
      status: "queued",
    });
    await device.after("close", "closed");
  });

  test("L1 is closed with 4200 by a newer link of the same device", async () => {
    const { device, name } = await listening();
    const newer = newDevice(name);
    expect(await newer.after("open", "welcome")).toMatchObject({ registrations: 1 });
    await newer.expect("attached");
    expect(await device.expect("closed")).toMatchObject({ code: 4200 });
    await newer.after("close", "closed");
  });
});

/** Runs sender.py. */
async function pythonSend(keyId: string, key: string, to: string, more: readonly string[] = []) {
  const message = ["--to", to, "--data", '{"from":"Python"}'];
  const args = [python.source("sender.py"), "--mesh", mesh.url, "--key-id", keyId];
  const env = { ...python.env, PUSH_KEY: key };
  const { stdout } = await run(python.command, [...args, ...message, ...more], { env });
  return JSON.parse(stdout);
}

describe("a sender that is not ours", () => {
  const hmacKey = () => mesh.admin().createKey(app.appId, { algorithm: "hmac-sha256" });

  test("P4.1 P2.2 in Python, by HMAC: delivered, and once for one idempotency key", async () => {
    const { device, regId } = await listening();
    const once = ["--idempotency-key", "order-4711"];
    const { keyId, secret = "" } = await hmacKey();
    const first = await pythonSend(keyId, secret, regId, once);
    expect(first).toMatchObject({ httpStatus: 200, status: "delivered" });
    expect(await device.expect("message")).toMatchObject({
      id: first.id,
      data: { from: "Python" },
    });
    const second = await pythonSend(keyId, secret, regId, once);
    expect(second).toMatchObject({ status: "delivered", id: first.id });
    expect(device.rest).toEqual([]);
    await device.after("close", "closed");
  });

  test("P7.1 in Python, by Ed25519: delivered with its key, refused with another", async () => {
    const { device, regId } = await listening();
    const pair = generateKeyPairSync("ed25519");
    const { d = "", x = "" }: JsonWebKey = pair.privateKey.export({ format: "jwk" });
    const key = { algorithm: "ed25519", publicKey: x } as const;
    const { keyId } = await mesh.admin().createKey(app.appId, key);
    expect(await pythonSend(keyId, d, regId, ["--ed25519"])).toMatchObject({ status: "delivered" });
    await device.expect("message");
    const wrong = await pythonSend(keyId, (await hmacKey()).secret ?? "", regId, ["--ed25519"]);
    expect(wrong).toMatchObject({ httpStatus: 401, code: "signature_invalid" });
    await device.after("close", "closed");
  });

  test.for(["ed25519", "hmac-sha256"] as const)(
    "P4.1 S42 S43 in shell, as docs/api.md prints it, by %s",
    async (algorithm) => {
      const { device, regId } = await listening();
      const api = readFileSync(
        fileURLToPath(new URL("../../docs/api.md", import.meta.url)),
        "utf8",
      );
      const shell = (before: RegExp): string => {
        const [, script] =
          new RegExp(`${before.source}\n\n\`\`\`sh\n(.*?)\`\`\``, "s").exec(api) ?? [];
        if (script === undefined) throw new Error(`docs/api.md has no script after ${before}`);
        return script;
      };
      const { keyId: KEY_ID, secret: SECRET = "" } = await mesh
        .admin()
        .createKey(app.appId, { algorithm });
      const env = { ...process.env, MESH: mesh.url, REG_ID: regId, KEY_ID, SECRET };
      const sign = shell(algorithm === "ed25519" ? /by an Ed25519 key:/ : /by an HMAC key:/);
      const folder = mkdtempSync(join(tmpdir(), "pushmesh-shell-"));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const bash = async (script: string): Promise<unknown> => {
        const { stdout } = await run("bash", ["-ec", sign + script], { env, cwd: folder });
        return JSON.parse(stdout);
      };
      const sent = await bash(shell(/A request with a body:/));
      expect(sent).toMatchObject({ status: "delivered" });
      expect(await device.expect("message")).toMatchObject({ data: { title: "Hello" } });
      await mesh.sender(app).tags.add("news", regId);
      expect(await bash(shell(/`"@query": \?limit=10`:/))).toMatchObject({ members: 1 });
      await mesh.sender(app).tags.remove("news", regId);
      await device.after("close", "closed");
    },
  );
});
