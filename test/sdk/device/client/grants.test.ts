/** The device SDK against a scripted mesh: grants that the app's callback gives. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { ERRORS } from "../../../../schema/errors.ts";
import { type GrantRequest, memoryStorage, type PushError } from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { APP, FakeMesh, listening, start } from "../fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

/** A grant for so many seconds; the mesh of these tests verifies nothing. */
const grantFor = (seconds: number, name = "a"): string =>
  `${name}.${Buffer.from(JSON.stringify({ iat: 1, exp: 1 + seconds })).toString("base64url")}.c`;
/** The grants that the mesh has got, with each register. */
const given = () =>
  mesh.sockets.flatMap(({ frames }) =>
    frames.flatMap((frame) => (frame.kind === "register" ? [frame.value.grant] : [])),
  );

it("S1 register presents the grant of the callback, which learns for whom it is", async () => {
  const asked: GrantRequest[] = [];
  const { client } = await start(mesh, {
    grant: (request) => {
      asked.push(request);
      return grantFor(60);
    },
  });
  const regId = await client.register();
  expect(given()).toEqual([grantFor(60)]);
  expect(asked).toMatchObject([{ appId: APP, regId: undefined, reason: "register" }]);
  expect(asked[0]?.deviceId).toMatch(/^[\w-]{10,}$/);
  // It is registered: no request, and no grant.
  expect(await client.register()).toBe(regId);
  expect(asked).toHaveLength(1);
  await client.close();
});

it("S6 it is renewed before it ends, once, and not after close", async () => {
  const reasons: string[] = [];
  const { client } = await start(mesh, {
    grant: ({ reason }) => grantFor(1_000, reasons.push(reason) === 1 ? "first" : "second"),
  });
  const regId = await client.register();
  await mesh.clock.advance(500_000);
  await settle();
  expect(reasons).toEqual(["register"]);
  await mesh.clock.advance(499_000);
  await until(() => given().length === 2, "the renewal");
  await settle();
  expect(reasons).toEqual(["register", "renew"]);
  expect(given()).toEqual([grantFor(1_000, "first"), grantFor(1_000, "second")]);
  expect(client.regId).toBe(regId);
  await client.close();
  await mesh.clock.advance(2_000_000);
  await settle();
  expect(reasons).toHaveLength(2);
});

it("S6 a mesh that says that it has ended, on a link without commands too, gets another one, and the app is attached again", async () => {
  const storage = memoryStorage();
  const first = await listening(mesh, storage);
  await first.client.close();
  const [held] = mesh.registrations;
  const reasons: string[] = [];
  const { client } = await start(mesh, {
    storage,
    grant: ({ reason }) => {
      reasons.push(reason);
      return grantFor(1_000);
    },
  });
  client.onMessage(() => {});
  await until(() => client.state === "connected" && mesh.socket.attached.size === 1, "the attach");
  await settle();
  mesh.socket.attached.clear();
  const registration = { ...(held as NonNullable<typeof held>), lapsed: true };
  mesh.socket.push({ kind: "registered", value: { request: 0, registration } });
  await until(() => mesh.socket.attached.size === 1, "the next attach");
  expect(reasons).toEqual(["lapsed"]);
  expect(given().at(-1)).toBe(grantFor(1_000));
  await client.close();
});

it("S1 a callback that fails is called again later, and the app is told why", async () => {
  let tries = 0;
  const { client, errors } = await start(mesh, {
    grant: async () => {
      if (++tries < 3) throw new Error("not signed in");
      return grantFor(60);
    },
  });
  const registered = client.register();
  await until(() => errors.length === 1, "the first failure");
  await mesh.clock.advance(1_499);
  expect(tries).toBe(1);
  await mesh.clock.advance(1);
  expect(tries).toBe(2);
  await mesh.clock.advance(3_000);
  await registered;
  expect(errors.map(({ code }: PushError) => code)).toEqual(["grant_failed", "grant_failed"]);
  expect(errors[0]?.message).toBe("No grant: not signed in");
  await client.close();
});

it("S6 register with renew presents another grant of an app that is registered; a new user has other rights", async () => {
  const reasons: string[] = [];
  const { client } = await start(mesh, {
    grant: ({ reason }) => grantFor(1_000, `user-${reasons.push(reason)}`),
  });
  const regId = await client.register({ renew: true });
  expect(await client.register({ renew: true })).toBe(regId);
  expect(await client.register()).toBe(regId);
  expect(reasons).toEqual(["register", "renew"]);
  expect(given()).toEqual([grantFor(1_000, "user-1"), grantFor(1_000, "user-2")]);
  await client.close();
});

it("S6 a callback that gives expired grants only is asked five times more, later each time; then register says why", async () => {
  let asked = 0;
  const { client } = await start(mesh, { grant: () => grantFor(60, `grant-${++asked}`) });
  await until(() => client.state === "connected", "the link");
  mesh.auto = false;
  const registered = client.register();
  registered.catch(() => {});
  const { number: code, title: message } = ERRORS.grant_expired;
  for (let n = 1; n <= 6; n++) {
    await until(() => given().length === n, `grant ${n}`);
    const last = mesh.socket.frames.findLast(({ kind }) => kind === "register");
    if (last?.kind !== "register") throw new Error("no register");
    const { request } = last.value;
    mesh.socket.push({ kind: "refusal", value: { code, name: "grant_expired", message, request } });
    await settle();
    expect(given()).toHaveLength(n);
    await mesh.clock.advance(61_000);
    await settle();
  }
  await expect(registered).rejects.toMatchObject({ code: "grant_expired" });
  await mesh.clock.advance(300_000);
  expect(asked).toBe(6);
  await client.close();
});
