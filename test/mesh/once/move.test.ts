/** A mesh moved from host to host by the command, as an operator does it; its devices and servers stay as they are. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ExportWriter } from "../../../hosts/move/writer.ts";
import type { SendBodyInput } from "../../../schema/http.ts";
import { MeshAdmin } from "../../../sdk/server/admin.ts";
import { PushServer } from "../../../sdk/server/push-server.ts";
import type { HostName } from "../../support/host.ts";
import { run, runJson, type User } from "../support/command.ts";
import { type Mesh, readJson, startMesh } from "../support/mesh.ts";
import { Phone } from "../support/phone.ts";
import { temporaryFolder } from "../support/process.ts";

const DIRECTIONS: [from: HostName, to: HostName][] = [
  ["workerd", "deno"],
  ["deno", "workerd"],
];

const portOf = ({ url }: Mesh): number => Number(new URL(url).port);

async function stop({ process }: Mesh): Promise<void> {
  process.kill("SIGTERM");
  expect(await process.exited).toBe(0);
}

function adminOf({ url, data }: Mesh): MeshAdmin {
  const { adminToken } = readJson(join(data, "secrets.json")) as { adminToken: string };
  return new MeshAdmin({ url, token: adminToken });
}

test.each(DIRECTIONS)(
  "M1 M2 a mesh moved from %s to %s is the same to devices and servers",
  async (from, to) => {
    const first = await startMesh(temporaryFolder(), 0, from);
    const { url } = first;
    const admin = adminOf(first);
    const { appId } = await admin.createApp("Shop", { policy: "open" });
    const { keyId, secret = "" } = await admin.createKey(appId, { algorithm: "hmac-sha256" });
    const { policy } = await admin.app(appId);
    const revoked = await admin.createKey(appId);
    await admin.revokeKey(appId, revoked.keyId);
    const server = new PushServer({ url, keyId, key: secret });

    const phone = new Phone(url, appId);
    const leaver = new Phone(url, appId);
    const regId = await phone.on();
    const goneId = await leaver.on();
    const delivered = await server.send({ to: regId, data: "online" });
    expect(delivered.status).toBe("delivered");
    await leaver.unregister();
    for (const device of [phone, leaver]) device.off();
    const queue = (message: Omit<SendBodyInput, "to">, idempotencyKey: string) =>
      server.send({ to: regId, ...message }, { wait: 0, idempotencyKey });
    const collapsed = await queue({ data: "x", collapseKey: "c" }, "collapsed");
    const low = await queue({ data: "x", priority: "low" }, "low");
    const normal = await queue({ dataBase64: "AP8=" }, "normal");
    const newer = await queue({ collapseKey: "c", data: { n: 1 } }, "newer");
    const high = await queue({ priority: "high", data: "é".repeat(2_000) }, "high");
    // As hard as it can end: what is in the databases' logs counts as well.
    first.process.kill("SIGKILL");
    await first.process.exited;

    const file = join(temporaryFolder(), "mesh.ndjson");
    const operator: User = { data: first.data, home: temporaryFolder() };
    const expected = {
      apps: 2,
      devices: 2,
      registrations: 2,
      messages: 4,
      aliases: 0,
      // The tag of all devices: of the phone, and of the leaver where it had not left it by then.
      subscriptions: expect.toBeOneOf([1, 2]),
      broadcasts: 0,
    };
    const [exported] = await runJson(operator, "export", "--to", file);
    const {
      file: toFile,
      bytes,
      ...counts
    } = exported as typeof expected & {
      readonly file: string;
      readonly bytes: number;
    };
    expect({ toFile, bytes }).toEqual({ toFile: file, bytes: statSync(file).size });
    expect(counts).toEqual(expected);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const data = join(temporaryFolder(), "new", "folder");
    const importer: User = { ...operator, data };
    expect(await runJson(importer, "import", "--from", file, "--host", to)).toEqual([
      { data, host: to, ...counts },
    ]);
    for (const secretFile of ["secrets.json", "demo.json"])
      expect(statSync(join(data, secretFile)).mode & 0o777).toBe(0o600);
    expect(statSync(data).mode & 0o777).toBe(0o700);
    // Nothing was lost or added on the way: exported again it is the same, but for the order of its devices.
    const again = join(temporaryFolder(), "again.ndjson");
    await runJson(importer, "export", "--to", again);
    expect(contents(again)).toEqual(contents(file));

    const second = await startMesh(data, portOf(first), to);
    expect(second.url).toBe(url);
    // S10 its policy moved with it.
    expect(await adminOf(second).policy(appId)).toEqual(policy);
    // The same device with the same credentials and regId; what waited comes once, in order.
    expect(await phone.on()).toBe(regId);
    await phone.hasShown(5);
    const fresh = await server.send({ to: regId, data: "after" });
    expect(fresh.status).toBe("delivered");
    const byLane = (ids: readonly { readonly id: string }[]) =>
      phone.shown.filter((id) => ids.some((sent) => sent.id === id));
    expect([...phone.shown].sort()).toEqual(
      [delivered, low, normal, newer, high, fresh].map(({ id }) => id).sort(),
    );
    expect(byLane([delivered, normal, newer, fresh])).toEqual(
      [delivered, normal, newer, fresh].map(({ id }) => id),
    );
    // A retry from before the move is the message it was.
    expect((await queue({ data: "x", priority: "low" }, "low")).id).toBe(low.id);
    const statusOf = async ({ id }: { readonly id: string }) => (await server.status(id)).status;
    expect(await statusOf(collapsed)).toBe("collapsed");
    expect(await statusOf(delivered)).toBe("delivered");
    await expect(server.send({ to: goneId, data: "x" })).rejects.toMatchObject({
      code: "unregistered",
    });
    // Keys: the standing one signed all of the above, the revoked one stays so, and its number is not given again.
    const old = new PushServer({ url, keyId: revoked.keyId, key: revoked.secret ?? "" });
    await expect(old.send({ to: regId, data: "x" })).rejects.toMatchObject({ code: "key_unknown" });
    expect((await adminOf(second).createKey(appId)).keyId).toBe(`${appId}.k3`);
    expect((await adminOf(second).apps()).map(({ name }) => name)).toEqual(["demo", "Shop"]);
    // The demo app serves the commands here, too.
    expect(await runJson(importer, "app", "list")).toHaveLength(2);
  },
);

/** The lines of an export that are the same wherever they are written; refs are given anew. */
function contents(file: string): string[] {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines
    .slice(1, -1)
    .map((line) => line.replace(/"ref":\d+/, '"ref":0'))
    .sort();
}

/** The code of a command that is refused in one line. */
async function refusal(who: User, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(who, ...args, "--json");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  return (JSON.parse(stderr) as { error: { code: string } }).error.code;
}

test("M3 an export that cannot be done is refused in one line, and leaves everything as it was", async () => {
  const mesh = await startMesh(temporaryFolder(), 0, "deno");
  const operator: User = { data: mesh.data, home: temporaryFolder() };
  const file = join(temporaryFolder(), "mesh.ndjson");
  // While the mesh runs.
  expect(await refusal(operator, "export", "--to", file)).toBe("folder_in_use");
  expect(existsSync(file)).toBe(false);
  await stop(mesh);
  await runJson(operator, "export", "--to", file);
  const whole = readFileSync(file);
  // Over something.
  expect(await refusal(operator, "export", "--to", file)).toBe("file_exists");
  expect(readFileSync(file)).toEqual(whole);
  // Nor is anything imported over it.
  expect(await refusal(operator, "import", "--from", file, "--host", "workerd")).toBe(
    "folder_not_empty",
  );
  // What is no mesh.
  const none = join(temporaryFolder(), "none");
  expect(await refusal({ ...operator, data: none }, "export", "--to", `${file}.2`)).toBe(
    "folder_missing",
  );
  expect(existsSync(none)).toBe(false);
  // The mesh it was goes on.
  await startMesh(mesh.data, 0, "deno");
});

test("M3 an import that cannot be done is refused in one line, and leaves everything as it was", async () => {
  const file = join(temporaryFolder(), "mesh.ndjson");
  const writer = new ExportWriter(file, 7);
  writer.write({
    kind: "secrets",
    meshKeys: `1:${Buffer.alloc(32, 7).toString("base64url")}`,
    adminToken: "token-of-16-or-more",
  });
  writer.finish();
  const whole = readFileSync(file);
  const home = temporaryFolder();
  const importInto = (data: string, from = file) =>
    refusal({ home, data }, "import", "--from", from, "--host", "workerd");
  const other = temporaryFolder();
  writeFileSync(join(other, "a file of somebody's"), "");
  expect(await importInto(other)).toBe("folder_not_empty");
  expect(readdirSync(other)).toEqual(["a file of somebody's"]);
  const none = join(temporaryFolder(), "none");
  // Half of a file, and a changed one.
  const half = `${file}.half`;
  writeFileSync(half, whole.subarray(0, whole.length >> 1));
  expect(await importInto(none, half)).toBe("export_damaged");
  writeFileSync(half, whole.toString().replace("token-of", "taken-of"));
  expect(await importInto(none, half)).toBe("export_damaged");
  expect(existsSync(none)).toBe(false);
  // Without a host there is no telling which form the data is to have.
  expect(await run({ home, data: none }, "import", "--from", file)).toMatchObject({ code: 2 });
});
