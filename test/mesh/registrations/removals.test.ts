/** Registrations that the app's server removes and bans, with devices of the SDK, over lost links and a killed mesh. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { connect, memoryStorage, type PushError } from "../../../sdk/device/mod.ts";
import { signRequest } from "../../../sdk/server/sign.ts";
import { signerOf } from "../../../sdk/server/signer.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("removals");
});

afterAll(() => mesh.stop());

const comes = (what: string, holds: () => boolean | Promise<boolean>) => until(what, holds, 30_000);
const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "done",
    ({ code }: { code: string }) => code,
  );

/** An app on a device, which keeps why it was removed. It has not registered yet. */
async function opened(storage = memoryStorage()) {
  const client = await connect({ url: mesh.url, appId: app.appId, storage });
  onTestFinished(() => client.close());
  const removals: PushError[] = [];
  client.onRemoved((error) => removals.push(error));
  client.onMessage(() => {});
  return { client, removals, storage };
}

async function registered() {
  const one = await opened();
  return { ...one, regId: await one.client.register() };
}

/** A signed request, which a test may send twice. */
async function signed(method: "DELETE", path: string, by: App = app) {
  const headers = new Headers();
  const signer = await signerOf(by.secret);
  const created = Math.floor(Date.now() / 1_000);
  const parameters = { keyId: by.keyId, signer, created };
  await signRequest(method, mesh.url + path, headers, null, parameters);
  return async (changed = path): Promise<string> => {
    const answer = await fetch(mesh.url + changed, { method, headers });
    if (answer.ok) return String(answer.status);
    return ((await answer.json()) as { readonly code: string }).code;
  };
}

describe("a registration that the app's server removes", () => {
  test("S15 S16 has ended at once, its device is told, and only the app registers it again", async () => {
    const { registrations, tags, aliases, ...server } = serverOf();
    const { client, removals, regId } = await registered();
    await client.subscribe("evicted");
    await client.setAlias("evicted");
    expect(await registrations.remove(regId)).toEqual({ regId, removed: true, bannedUntil: null });
    expect(await codeOf(server.send({ to: regId, data: "late" }))).toBe("unregistered");
    await comes("the removal", () => removals.length > 0);
    expect(removals).toMatchObject([{ code: "removed", retry: "never" }]);
    expect(removals[0]?.message).toContain("Do not register again by yourself");
    expect(client.regId).toBeUndefined();
    await comes("the tag", async () => (await tags.get("evicted")).members === 0);
    await comes(
      "the alias",
      async () => (await codeOf(aliases.get("evicted"))) === "alias_unknown",
    );
    const again = await registrations.remove(regId);
    expect(again).toEqual({ regId, removed: false, bannedUntil: null });

    const next = await client.register();
    expect(next).not.toBe(regId);
    expect(await registrations.remove(regId)).toMatchObject({ removed: false });
    expect((await server.send({ to: next, data: "there" })).status).toBe("delivered");
    expect(removals).toHaveLength(1);
  });

  test("S15 S16 away, and the mesh is killed: it has ended, and the device learns it before it registers", async () => {
    const { client, storage, regId } = await registered();
    await client.close();
    const server = serverOf();
    const { id } = await server.send({ to: regId, data: "waits" }, { respondAsync: true });
    await server.registrations.remove(regId);
    await mesh.kill(mesh.victims[0]);
    expect(await server.status(id)).toMatchObject({ status: "unregistered" });
    expect(await codeOf(server.send({ to: regId, data: "late" }))).toBe("unregistered");
    const back = await opened(storage);
    expect(await codeOf(back.client.register())).toBe("removed");
    expect(back.removals).toMatchObject([{ code: "removed" }]);
    expect(await back.client.register()).not.toBe(regId);
  });
});

describe("a banned device", () => {
  test("S17 may not register, nor after a kill and a restart, until the ban is lifted", async () => {
    const { registrations } = serverOf();
    const { client, removals, storage, regId } = await registered();
    const { bannedUntil } = await registrations.ban(regId, 3_600);
    expect(bannedUntil).toBeGreaterThan(Date.now() + 3_500_000);
    await comes("the removal", () => removals.length > 0);
    expect(removals).toMatchObject([{ code: "banned", retry: "later" }]);
    await expect(client.register()).rejects.toMatchObject({ code: "banned", retry: "later" });
    await client.close();
    await mesh.kill(mesh.victims[0]);

    const back = await opened(storage);
    const refused = await back.client.register().catch((error: PushError) => error);
    expect(refused).toMatchObject({ code: "banned" });
    expect((refused as PushError).retryAfterMs).toBeGreaterThan(3_000_000);
    await registrations.liftBan(regId);
    await registrations.liftBan(regId);
    expect(await back.client.register()).not.toBe(regId);
  });

  test("S17 a register that is on its way when the ban comes leaves no registration", async () => {
    const server = serverOf();
    const { client, regId } = await registered();
    await client.unregister();
    for (let round = 0; round < 5; round++) {
      const [fresh] = await Promise.all([
        client.register().catch(({ code }: PushError) => code),
        server.registrations.ban(regId, 60),
      ]);
      await comes("the end", () => client.regId === undefined);
      if (fresh !== "banned")
        expect(await codeOf(server.send({ to: fresh, data: "late" }))).toBe("unregistered");
      expect(await codeOf(client.register())).toBe("banned");
      await server.registrations.liftBan(regId);
    }
  });
});

test("S57 S58 a removal or lift that changes nothing is not in the audit log, and says so", async () => {
  const { registrations } = serverOf();
  const { regId } = await registered();
  const entries = async () => {
    const { entries } = await mesh.admin().auditLog({ appId: app.appId, limit: 200 });
    return entries.filter(({ target }) => target === regId).map(({ action }) => action);
  };
  expect(await registrations.liftBan(regId)).toEqual({ regId, lifted: false });
  for (const removed of [true, false, false])
    expect(await registrations.remove(regId)).toMatchObject({ removed });
  await registrations.ban(regId, 60);
  for (const lifted of [true, false, false])
    expect(await registrations.liftBan(regId)).toEqual({ regId, lifted });
  expect(await entries()).toEqual([
    "registration.unban",
    "registration.ban",
    "registration.remove",
  ]);
});

describe("who may remove a registration", () => {
  test("S15 S17 another app's key neither removes nor bans, whether the registration stands or not", async () => {
    const other = await mesh.app("another");
    const foreign = serverOf(other).registrations;
    const [standing, ended] = [await registered(), await registered()];
    await serverOf().registrations.remove(ended.regId);
    for (const { regId } of [standing, ended]) {
      expect(await codeOf(foreign.remove(regId))).toBe("reg_id_foreign");
      expect(await codeOf(foreign.ban(regId, 60))).toBe("reg_id_foreign");
      expect(await codeOf(foreign.liftBan(regId))).toBe("reg_id_foreign");
    }
    const forged = `${standing.regId.slice(0, -1)}${standing.regId.endsWith("A") ? "B" : "A"}`;
    expect(await codeOf(serverOf().registrations.remove(forged))).toBe("reg_id_invalid");
    const { status } = await serverOf().send({ to: standing.regId, data: "there" });
    expect(status).toBe("delivered");
  });

  test("S15 S17 A6 a copy of a ban undoes no lifted one, and nobody adds a ban to a signed removal", async () => {
    const { client, regId } = await registered();
    const path = `/v1/registrations/${regId}`;
    const remove = await signed("DELETE", path);
    expect(await remove(`${path}?ban=60`)).toBe("signature_incomplete");
    const ban = await signed("DELETE", `${path}?ban=60`);
    expect(await ban(`${path}?ban=61`)).toBe("signature_invalid");
    expect(await ban()).toBe("200");
    await serverOf().registrations.liftBan(regId);
    expect(await ban()).toBe("request_replayed");
    await comes("the end", () => client.regId === undefined);
    expect(await codeOf(client.register())).toBe("done");
  });

  test("P4.4 S17 a ban has bounds, which its refusal names", async () => {
    const { regId } = await registered();
    const most = LIMITS.BAN_MAX_SECONDS;
    for (const query of ["ban=0", "ban=x", "ban=1.5", `ban=${most + 1}`, "ban=1&ban=2", "b=1"]) {
      const refused = await signed("DELETE", `/v1/registrations/${regId}?${query}`);
      expect([query, await refused()]).toEqual([query, "field_invalid"]);
    }
    expect(await codeOf(serverOf().registrations.ban(regId, most + 1))).toBe("option_invalid");
    expect(await codeOf(serverOf().registration(regId))).toBe("done");
  });
});

function serverOf(by: App = app) {
  const server = mesh.sender(by);
  const { registrations, tags, aliases } = server;
  return {
    ...{ registrations, tags, aliases },
    send: server.send.bind(server),
    status: server.status.bind(server),
    registration: server.registration.bind(server),
  };
}
