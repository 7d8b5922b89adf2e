/** An export of a mesh whose operator dropped a mesh key too early: what it sealed is named, and all else is moved. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MeshAdmin } from "../../../sdk/server/admin.ts";
import { PushServer } from "../../../sdk/server/push-server.ts";
import type { HostName } from "../../support/host.ts";
import { run, runJson, type User } from "../support/command.ts";
import { type Mesh, readJson, startMesh } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";

interface Secrets {
  readonly meshKeys: string;
  readonly adminToken: string;
}

const DIRECTIONS: [from: HostName, to: HostName][] = [
  ["workerd", "deno"],
  ["deno", "workerd"],
];

async function stop({ process }: Mesh): Promise<void> {
  process.kill("SIGTERM");
  expect(await process.exited).toBe(0);
}

const adminOf = ({ url, data }: Mesh): MeshAdmin =>
  new MeshAdmin({ url, token: (readJson(join(data, "secrets.json")) as Secrets).adminToken });

test.each(DIRECTIONS)(
  "M1 S38 an export from %s to %s names the keys that no mesh key opens, and moves all else",
  async (from, to) => {
    const data = temporaryFolder();
    const file = join(data, "secrets.json");
    const old = await startMesh(data, 0, from);
    await stop(old);
    const secrets = readJson(file) as Secrets;
    const between = `7:${"B".repeat(42)}E`;
    writeFileSync(file, JSON.stringify({ ...secrets, meshKeys: `${between},${secrets.meshKeys}` }));
    const mesh = await startMesh(data, 0, from);
    const admin = adminOf(mesh);
    const { appId } = await admin.createApp("Shop", { policy: "open" });
    const sealed = await admin.createKey(appId, { algorithm: "hmac-sha256" });
    const { keyId, secret = "" } = await admin.createKey(appId);
    expect((await fetch(`${mesh.url}/v1/apps/${appId}/live-key`)).status).toBe(200);
    await stop(mesh);
    writeFileSync(file, JSON.stringify(secrets));

    const user: User = { data, home: temporaryFolder() };
    const exported = join(temporaryFolder(), "mesh.ndjson");
    const { code, stderr } = await run(user, "export", "--to", exported);
    expect(code).toBe(0);
    expect(stderr).toContain(`pushmesh key revoke ${sealed.keyId}`);
    expect(stderr).toContain(`the live key of app ${appId}`);
    const again = join(temporaryFolder(), "again.ndjson");
    expect(await runJson(user, "export", "--to", again)).toMatchObject([
      {
        apps: 2,
        lost: [
          { appId, keyId: sealed.keyId },
          { appId, keyId: null },
        ],
      },
    ]);

    const there: User = { ...user, data: join(temporaryFolder(), "new") };
    await runJson(there, "import", "--from", exported, "--host", to);
    const second = await startMesh(there.data, 0, to);
    const server = new PushServer({ url: second.url, keyId, key: secret });
    expect((await server.registrations.page()).registrations).toEqual([]);
    const moved = adminOf(second);
    expect((await moved.app(appId)).keys.map((key) => key.keyId)).toEqual([keyId]);
    // Its number is not given again.
    expect((await moved.createKey(appId)).keyId).toBe(`${appId}.k3`);
    await stop(second);
  },
);
