/** Operators' credentials and the audit log, moved with their mesh from host to host. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { MeshAdmin } from "../../../sdk/server/admin.ts";
import type { HostName } from "../../support/host.ts";
import { runJson, type User } from "../support/command.ts";
import { readJson, startMesh } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";

const DIRECTIONS: [from: HostName, to: HostName][] = [
  ["workerd", "deno"],
  ["deno", "workerd"],
];

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "done",
    ({ code }: { readonly code: string }) => code,
  );

test.each(DIRECTIONS)(
  "S56 S57 credentials and the audit log come along from %s to %s, and go on there",
  async (from, to) => {
    const first = await startMesh(temporaryFolder(), 0, from);
    const { adminToken } = readJson(join(first.data, "secrets.json")) as { adminToken: string };
    const owner = new MeshAdmin({ url: first.url, token: adminToken });
    const make = (name: string, role: "viewer" | "operator", expiresAt: number | null = null) =>
      owner.createCredential({ name, role, expiresAt });
    const viewer = await make("Ada", "viewer", Date.now() + 86_400_000);
    const operator = await make("Bob", "operator");
    const revoked = await make("Eve", "operator");
    await owner.revokeCredential(revoked.credentialId);
    const bob = (url: string) => new MeshAdmin({ url, token: operator.token });
    const { appId } = await bob(first.url).createApp("Shop");
    await bob(first.url).setQuota(appId, { perSecond: 5, burst: 10 });
    const credentials = await owner.credentials();
    const { entries } = await owner.auditLog();
    expect(entries.map(({ actor, action }) => [actor, action]).slice(0, 2)).toEqual([
      ["Bob", "quota.set"],
      ["Bob", "app.create"],
    ]);
    first.process.kill("SIGTERM");
    expect(await first.process.exited).toBe(0);

    const file = join(temporaryFolder(), "mesh.ndjson");
    const user: User = { data: first.data, home: temporaryFolder() };
    await runJson(user, "export", "--to", file);
    const data = join(temporaryFolder(), "new");
    await runJson({ ...user, data }, "import", "--from", file, "--host", to);
    const { url } = await startMesh(data, 0, to);

    const moved = new MeshAdmin({ url, token: adminToken });
    expect(await moved.credentials()).toEqual(credentials);
    expect((await moved.auditLog()).entries).toEqual(entries);
    // Ada may look, Bob may change, Eve may not.
    const ada = new MeshAdmin({ url, token: viewer.token });
    expect(await codeOf(ada.apps())).toBe("done");
    expect(await codeOf(ada.setQuota(appId, null))).toBe("role_missing");
    const eve = new MeshAdmin({ url, token: revoked.token });
    expect(await codeOf(eve.apps())).toBe("admin_token_invalid");
    await bob(url).setQuota(appId, null);
    const later = (await moved.auditLog()).entries;
    // Eve's token was counted in between.
    expect(later[1]).toMatchObject({ action: "admin.refused" });
    expect(later.slice(2)).toEqual(entries);
    expect(later[0]).toMatchObject({ actor: "Bob", action: "quota.set", appId });
    expect(later[0]?.id).toBeGreaterThan(entries[0]?.id ?? 0);
    await moved.revokeCredential(operator.credentialId);
    expect(await codeOf(bob(url).apps())).toBe("admin_token_invalid");
  },
);
