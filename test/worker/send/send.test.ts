import { beforeAll, describe, expect, it, vi } from "vitest";
import { keyringOf } from "../../../core/identity/keyring.ts";
import { openRegId, sealRegId } from "../../../core/identity/reg-id.ts";
import type { SendAnswerBody, StatusAnswerBody } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { SOON } from "../../support/soon.ts";
import { createApp, type Signing, signed, type TestApp } from "../support/app.ts";
import { createRecipient, type Recipient } from "../support/fleet.ts";
import { env, fetchCounting, problemOf } from "../support/mesh.ts";

let app: TestApp;
let other: TestApp;
let online: Recipient;
let offline: Recipient;

beforeAll(async () => {
  app = await createApp();
  other = await createApp();
  online = await createRecipient(app);
  offline = await createRecipient(app);
  offline.link.close();
  // Warms the cache, and makes sure that the mesh has seen the link go.
  await vi.waitFor(async () => {
    const { body } = await send({ to: offline.regId, data: "x", ttl: 0 });
    expect(body.status).toBe("expired");
  }, SOON);
  await send({ to: "x", data: "x" }, {}, other).catch(() => null);
});

async function send(body: unknown, signing: Signing = {}, by: TestApp = app) {
  const { response, touched } = await fetchCounting(await signed(by, { body, ...signing }));
  if (!response.ok) throw await problemOf(response);
  return { response, touched, body: await response.json<SendAnswerBody>() };
}

const ONE_DEVICE = { devices: 1, apps: 0, directory: 0 };
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

describe("a send to a device that is there", () => {
  it("P4.1 is answered delivered once the device acknowledged it, with one object touched", async () => {
    const arrives = online.link.nextMessage();
    const { response, touched, body } = await send({ to: online.regId, data: { n: [1, "é"] } });
    expect([response.status, body.status]).toEqual([200, "delivered"]);
    expect(touched).toEqual(ONE_DEVICE);
    expect(text((await arrives)?.data)).toBe('{"n":[1,"é"]}');
    expect(body.id).toMatch(new RegExp(`^[0-9a-v]{26}\\.${online.regId}$`));
    expect(response.headers.get("location")).toBe(`/v1/messages/${body.id}`);
    expect(body.tookMs).toBeGreaterThanOrEqual(0);
  });

  it.each([
    [{ data: { __proto__: 1 } }, 1, "{}"],
    ['{"data":{"__proto__":{"a":1}}}', 1, '{"__proto__":{"a":1}}'],
    [{ data: "text" }, 2, "text"],
    [{ data: "" }, 2, ""],
    [{ dataBase64: btoa("bytes") }, 3, "bytes"],
  ])("P1.1 carries %j as it was given", async (message, contentType, expected) => {
    const fields =
      typeof message === "string" ? message.slice(1) : JSON.stringify(message).slice(1);
    const arrives = online.link.nextMessage();
    await send(`{"to":"${online.regId}",${fields}`);
    const got = await arrives;
    expect([got?.contentType, text(got?.data)]).toEqual([contentType, expected]);
  });

  it.each([
    ["high", 1],
    ["normal", 2],
    ["low", 3],
  ])("takes the priority %s", async (priority, lane) => {
    const arrives = online.link.nextMessage();
    await send({ to: online.regId, data: "x", priority, collapseKey: "c", ttl: 60 });
    expect(await arrives).toMatchObject({ priority: lane, collapseKey: "c" });
  });

  it("P2.2 repeated with its Idempotency-Key is the same message, shown once", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const before = online.link.messages.length;
    const first = await send({ to: online.regId, data: "once" }, { headers });
    const second = await send({ to: online.regId, data: "once" }, { headers });
    expect(second.body.id).toBe(first.body.id);
    expect(second.body.status).toBe("delivered");
    expect(online.link.messages.length).toBe(before + 1);
  });

  it("P2.2 with its Idempotency-Key and another body is refused, and shown to nobody", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const before = online.link.messages.length;
    await send({ to: online.regId, data: "once" }, { headers });
    const options = { body: { to: online.regId, data: "twice" }, headers };
    const { response } = await fetchCounting(await signed(app, options));
    expect(response.status).toBe(422);
    expect((await problemOf(response)).code).toBe("idempotency_key_reused");
    // Headers that are no part of the body may differ.
    const again = await send(
      { to: online.regId, data: "once" },
      { headers: { ...headers, prefer: "wait=1" } },
    );
    expect(again.body.status).toBe("delivered");
    expect(online.link.messages.length).toBe(before + 1);
  });

  it("P2.2 replayed byte for byte is the same message, shown once", async () => {
    const request = await signed(app, { body: { to: online.regId, data: "replay" } });
    const copy = request.clone();
    const before = online.link.messages.length;
    const first = await (await fetchCounting(request)).response.json<SendAnswerBody>();
    const second = await (await fetchCounting(copy)).response.json<SendAnswerBody>();
    expect(second.id).toBe(first.id);
    expect(online.link.messages.length).toBe(before + 1);
  });
});

describe("a send to a device that is away", () => {
  it("P4.2 is answered queued, and its status can be asked", async () => {
    const { response, touched, body } = await send({ to: offline.regId, data: "later" });
    expect([response.status, body.status]).toEqual([202, "queued"]);
    expect(touched).toEqual(ONE_DEVICE);
    const asked = await fetchCounting(
      await signed(app, { method: "GET", path: `/v1/messages/${body.id}` }),
    );
    expect(asked.touched).toEqual(ONE_DEVICE);
    const status = await asked.response.json<StatusAnswerBody>();
    expect(status).toEqual({ id: body.id, status: "queued", acceptedAt: expect.any(Number) });
    expect(Math.abs(status.acceptedAt - Date.now())).toBeLessThan(60_000);
  });

  it("P4.3 with ttl 0 is now or never", async () => {
    const { response, body } = await send({ to: offline.regId, data: "now", ttl: 0 });
    expect([response.status, body.status]).toEqual([200, "expired"]);
  });

  it.each([
    ["respond-async", "respond-async"],
    ["Respond-Async", "respond-async"],
    ["wait=0", "wait=0"],
    ["wait=1, handling=lenient", "wait=1"],
    ["respond-async, wait=1", "wait=1"],
    ["wait=999", "wait=20"],
    ["wait=x", null],
    ["wait=-1", null],
    ["handling=strict", null],
  ])("P4.9 with Prefer: %s applies %s", async (prefer, applied) => {
    const { response } = await send({ to: offline.regId, data: "x" }, { headers: { prefer } });
    expect(response.headers.get("preference-applied")).toBe(applied);
  });
});

describe("a message is told from another", () => {
  const bare = ["@method", "@path", "content-digest"];

  /** Signed without an Idempotency-Key. */
  async function withoutKey(parameters: Record<string, string>): Promise<Request> {
    const body = JSON.stringify({ to: offline.regId, data: "x" });
    const made = await signed(app, { body, components: bare, parameters });
    made.headers.delete("idempotency-key");
    return made;
  }

  it("by an Idempotency-Key or a nonce, one of which must be there", async () => {
    const { response, touched } = await fetchCounting(await withoutKey({}));
    expect((await problemOf(response)).code).toBe("nonce_required");
    expect(touched.devices).toBe(0);
  });

  it("P2.2 by its nonce: another nonce is another message, a replay is the same", async () => {
    const first = await withoutKey({ nonce: "one" });
    const replay = first.clone();
    const answers = [];
    for (const request of [first, replay, await withoutKey({ nonce: "two" })]) {
      const { response } = await fetchCounting(request);
      answers.push((await response.json<SendAnswerBody>()).id);
    }
    expect(answers[1]).toBe(answers[0]);
    expect(answers[2]).not.toBe(answers[0]);
  });

  it.each([
    ['"k-quoted"', "k-quoted"],
    ['"k-quoted";p=1', "k-quoted"],
    [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
  ])("P2.2 by a key in quotes, which is the key without them: %s", async (quoted, bare) => {
    const message = { to: offline.regId, data: "x" };
    const withKey = (key: string) => send(message, { headers: { "idempotency-key": key } });
    const { body } = await withKey(quoted);
    expect((await withKey(bare)).body.id).toBe(body.id);
  });

  const { IDEMPOTENCY_KEY_CHARS: bound } = LIMITS;
  it.each([
    ["x".repeat(bound), 202],
    ["x".repeat(bound + 1), 400],
    ["two words", 400],
    ["tab\there", 400],
    [`"${"x".repeat(bound)}"`, 202],
    [`"${"x".repeat(bound + 1)}"`, 400],
    ['"two words"', 400],
    ['"no end', 400],
    ['"', 400],
    ['""', 400],
  ])("P8.1 by a key within its bounds: %s", async (key, status) => {
    const request = await signed(app, {
      body: { to: offline.regId, data: "x" },
      headers: { "idempotency-key": key, prefer: "respond-async" },
    });
    const { response, touched } = await fetchCounting(request);
    expect(response.status).toBe(status);
    if (status === 400) {
      expect((await problemOf(response)).code).toBe("idempotency_key_invalid");
      expect(touched.devices).toBe(0);
    }
  });
});

describe("P7.2 a regId", () => {
  const ring = (text: string) => {
    const keyring = keyringOf(text);
    if (typeof keyring === "string") throw new Error(keyring);
    return keyring;
  };
  const parts = () => {
    const opened = openRegId(ring(env.MESH_KEYS), online.regId);
    if (opened === undefined) throw new Error("unreadable");
    return opened;
  };

  const bad: [string, () => string][] = [
    ["made up", () => "A".repeat(60)],
    ["cut", () => online.regId.slice(0, -1)],
    ["lengthened", () => `${online.regId}A`],
    [
      "changed",
      () =>
        online.regId.slice(0, 30) + (online.regId[30] === "A" ? "B" : "A") + online.regId.slice(31),
    ],
    ["of another mesh", () => sealRegId(ring(`1:${"B".repeat(42)}A`), parts())],
    ["of a key ID the mesh has not", () => `_${online.regId.slice(1)}`],
    ["padded", () => `${online.regId}==`],
    ["not ASCII", () => `é${online.regId.slice(1)}`],
  ];
  it.each(bad)("that is %s wakes no device", async (_, regId) => {
    const { response, touched } = await fetchCounting(
      await signed(app, { body: { to: regId(), data: "x" } }),
    );
    expect((await problemOf(response)).code).toBe("reg_id_invalid");
    expect(touched).toEqual({ devices: 0, apps: 0, directory: 0 });
  });

  it("of another app wakes no device, for sending and asking", async () => {
    const body = { to: online.regId, data: "x" };
    const sent = await fetchCounting(await signed(other, { body }));
    expect((await problemOf(sent.response)).code).toBe("reg_id_foreign");
    const { id } = (await send(body)).body;
    const asked = await fetchCounting(
      await signed(other, { method: "GET", path: `/v1/messages/${id}` }),
    );
    expect((await problemOf(asked.response)).code).toBe("reg_id_foreign");
    expect([sent.touched.devices, asked.touched.devices]).toEqual([0, 0]);
  });

  it("P4.8 of a replaced account is unregistered", async () => {
    const generation = parts().generation + 1;
    const later = sealRegId(ring(env.MESH_KEYS), { ...parts(), generation });
    await expect(send({ to: later, data: "x" })).rejects.toMatchObject({
      code: "unregistered",
      status: 410,
    });
  });
});

describe("P7.2 a message ID", () => {
  it.each([
    ["made up", () => "x"],
    ["of a forged regId", () => `${"0".repeat(26)}.${"A".repeat(60)}`],
    ["without its regId", () => "0".repeat(26)],
    ["in capitals", () => `${"V".repeat(26)}.${online.regId}`],
    ["very long", () => "0".repeat(5_000)],
  ])("that is %s wakes no device", async (_, id) => {
    const { response, touched } = await fetchCounting(
      await signed(app, { method: "GET", path: `/v1/messages/${id()}` }),
    );
    expect((await problemOf(response)).code).toBe("message_id_invalid");
    expect(touched.devices).toBe(0);
  });

  it("that names no message is not found", async () => {
    const path = `/v1/messages/${"0".repeat(26)}.${offline.regId}`;
    const { response } = await fetchCounting(await signed(app, { method: "GET", path }));
    expect((await problemOf(response)).code).toBe("message_not_found");
  });
});
