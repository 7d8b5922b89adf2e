/** Copies of a mesh that runs, on the host whose data is one database. */
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exportLine, type MailLine } from "../../../schema/export.ts";
import { MeshAdmin } from "../../../sdk/server/admin.ts";
import { PushServer } from "../../../sdk/server/push-server.ts";
import { run, runJson, type User } from "../support/command.ts";
import { demoOf, type Mesh, readJson, startMesh } from "../support/mesh.ts";
import { Phone } from "../support/phone.ts";
import { temporaryFolder } from "../support/process.ts";

const PHONES = 4;
/** Sends that are answered before the copy is begun. */
const BEFORE_COUNT = 200;

interface Secrets {
  readonly meshKeys: string;
  readonly adminToken: string;
}

interface Answered {
  readonly id: string;
  readonly at: number;
}

/** Sends to the registrations in turn, one after another, until it is stopped. */
function load({ data }: Mesh, regIds: readonly string[]) {
  const { url, keyId, secret } = demoOf(data);
  const server = new PushServer({ url, keyId, key: secret, attempts: 1 });
  const answered: Answered[] = [];
  const enough = Promise.withResolvers<void>();
  let stopped = false;
  const done = (async () => {
    for (let n = 0; !stopped; n++) {
      const to = regIds[n % regIds.length] ?? "";
      const { id, status } = await server.send({ to, data: { n } }, { wait: 0 });
      if (status !== "queued") throw new Error(`message ${n} is ${status}`);
      answered.push({ id, at: performance.now() });
      if (answered.length === BEFORE_COUNT) enough.resolve();
    }
  })();
  done.catch(enough.reject);
  const stop = async () => {
    stopped = true;
    await done;
  };
  return { answered, enough: enough.promise, stop };
}

/** The numbers of the messages that wait in a data folder, lowest first. */
async function waitingIn(data: string): Promise<number[]> {
  const file = join(temporaryFolder(), "mesh.ndjson");
  await runJson({ data, home: temporaryFolder() }, "export", "--to", file);
  const numbers = readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => exportLine.parse(JSON.parse(line)))
    .filter((line): line is MailLine => line.kind === "mail")
    .map(({ data: text }) => (JSON.parse(Buffer.from(text).toString()) as { n: number }).n);
  return numbers.sort((a, b) => a - b);
}

test("M4 M2 S38 a backup of a mesh under load is the mesh of one moment, and goes on from there", async () => {
  const mesh = await startMesh(temporaryFolder());
  const { appId, keyId, secret } = demoOf(mesh.data);
  const { meshKeys, adminToken } = readJson(join(mesh.data, "secrets.json")) as Secrets;
  const admin = new MeshAdmin({ url: mesh.url, token: adminToken });
  // Whose secret is stored, sealed.
  const hmac = await admin.createKey(appId, { algorithm: "hmac-sha256" });
  const phones = Array.from({ length: PHONES }, () => new Phone(mesh.url, appId));
  const regIds: string[] = [];
  for (const phone of phones) {
    regIds.push(await phone.on());
    phone.off();
  }
  const { answered, enough, stop } = load(mesh, regIds);
  await enough;
  const copy = join(temporaryFolder(), "backup");
  const operator: User = { data: mesh.data, home: temporaryFolder() };
  const begun = performance.now();
  const [made] = await runJson(operator, "backup", "--to", copy);
  const ended = performance.now();
  await stop();
  expect(made).toMatchObject({ folder: copy, bytes: statSync(join(copy, "mesh.db")).size });
  // The mesh went on meanwhile.
  expect(answered.filter(({ at }) => at > begun && at < ended)).not.toEqual([]);
  for (const file of readdirSync(copy).filter((name) => name !== "run"))
    expect(statSync(join(copy, file)).mode & 0o777).toBe(0o600);
  mesh.process.kill("SIGKILL");
  await mesh.process.exited;

  // It has nothing that signs, and is no mesh without that.
  expect(readdirSync(copy).sort()).toEqual(["host", "mesh.db", "run"]);
  const database = readFileSync(join(copy, "mesh.db"));
  const signing = [hmac.secret ?? "", secret.replace("ed25519:", "")];
  for (const text of [...signing, meshKeys.split(":")[1] ?? "", adminToken]) {
    expect(text).toHaveLength(43);
    expect(database.includes(text)).toBe(false);
    expect(database.includes(Buffer.from(text, "base64url"))).toBe(false);
  }
  const alone = await run({ ...operator, data: copy }, "export", "--to", join(copy, "none"));
  expect(alone).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("secrets.json is missing"),
  });
  for (const file of ["secrets.json", "demo.json"])
    copyFileSync(join(mesh.data, file), join(copy, file));

  // One moment: what is in the copy is what was sent up to there, without a gap, and no less than was answered.
  const waiting = await waitingIn(copy);
  const { length } = waiting;
  expect(waiting).toEqual(Array.from({ length }, (_, n) => n));
  expect(length).toBeGreaterThanOrEqual(answered.filter(({ at }) => at <= begun).length);
  expect(length).toBeLessThanOrEqual(answered.length);

  await startMesh(copy, Number(new URL(mesh.url).port));
  const server = new PushServer({ url: mesh.url, keyId, key: secret });
  for (const [index, phone] of phones.entries()) {
    const own = answered.slice(0, length).filter((_, n) => n % PHONES === index);
    expect(await phone.on()).toBe(regIds[index]);
    await phone.hasShown(own.length);
    const { id, status } = await server.send({ to: regIds[index] ?? "", data: "after" });
    expect(status).toBe("delivered");
    expect(phone.shown).toEqual([...own.map((sent) => sent.id), id]);
  }
});

test("M3 a backup over something, of nothing, or of another host's data is refused and leaves nothing", async () => {
  const data = temporaryFolder();
  const to = join(temporaryFolder(), "backup");
  const refusal = async (target = to, from = data) => {
    const user: User = { data: from, home: temporaryFolder() };
    const { code, stderr } = await run(user, "backup", "--to", target, "--json");
    expect(code).toBe(1);
    return (JSON.parse(stderr) as { error: { code: string } }).error.code;
  };
  expect(await refusal()).toBe("folder_missing");
  const mesh = await startMesh(data);
  expect(await refusal(temporaryFolder())).toBe("file_exists");
  mesh.process.kill("SIGTERM");
  await mesh.process.exited;
  const other = await startMesh(temporaryFolder(), 0, "workerd");
  expect(await refusal(to, other.data)).toBe("host_unsuited");
  expect(existsSync(to)).toBe(false);
});
