/** Sender links of app servers (docs/protocol.md, section 10). */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { encodeSend, PROTOCOL_REVISION } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { connect, memoryStorage } from "../../../sdk/device/mod.ts";
import type { ServerLink, ServerLinkState } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import {
  LINK_PATH,
  linkHeaders,
  SenderSocket,
  textSend,
  upBytes,
} from "../support/sender-socket.ts";
import { type SignedAnswer, signedPost } from "../support/signed-post.ts";

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("sender link");
});

afterAll(() => mesh.stop());

async function device(onMessage: (data: unknown) => void = () => {}) {
  const client = await connect({ url: mesh.url, appId: app.appId, storage: memoryStorage() });
  onTestFinished(() => client.close());
  client.onMessage(({ data }) => onMessage(data));
  return { client, regId: await client.register() };
}

function link(): ServerLink {
  const opened = mesh.sender(app).link();
  onTestFinished(() => opened.close());
  return opened;
}

describe("what is sent", () => {
  test("K1 P3.1 it arrives in the order of the calls, with the answers of a request", async () => {
    const got: unknown[] = [];
    const { regId } = await device((data) => got.push(data));
    const own = link();
    const sends = Array.from({ length: 300 }, (_, n) => own.send({ to: regId, data: { n } }));
    const answers = await Promise.all(sends);
    // On a busy machine, the device may take longer than a send waits.
    for (const { status } of answers) expect(["delivered", "queued"]).toContain(status);
    await expect.poll(() => got.length, { timeout: 60_000 }).toBe(sends.length);
    expect(got).toEqual(answers.map((_, n) => ({ n })));
    const { id = "" } = answers[0] ?? {};
    await expect
      .poll(() => mesh.sender(app).status(id), { timeout: 60_000 })
      .toMatchObject({ status: "delivered" });
  });

  test("K1 P1.8 text, bytes and numbers arrive as they were given", async () => {
    const got: unknown[] = [];
    const { regId } = await device((data) => got.push(data));
    const own = link();
    await own.send({ to: regId, data: "text ü" });
    await own.send({ to: regId, data: Uint8Array.of(0, 255) });
    await own.send({ to: regId, json: '{"price": 1.50}' });
    expect(got).toEqual(["text ü", Uint8Array.of(0, 255), { price: 1.5 }]);
  });

  test("K1 to an alias and to everyone, with options, as a request does", async () => {
    const { client, regId } = await device();
    await client.setAlias("ben");
    const own = link();
    const toAlias = await own.send({ to: { alias: "ben" }, data: "hi" });
    expect(toAlias).toMatchObject({ results: [{ regId, status: "delivered" }] });
    const all = await own.broadcast({ to: { everyone: true }, data: "all", pace: 100 });
    expect(all).toMatchObject({ status: "accepted" });
  });

  test("K1 J4 a scheduled message has its time in its result, also when it is sent again", async () => {
    const { regId } = await device();
    const own = link();
    const sendAt = new Date(Date.now() + 60_000);
    const message = { to: regId, data: "later", sendAt };
    const options = { idempotencyKey: "scheduled-1" };
    const sent = await own.send(message, options);
    expect(sent).toMatchObject({ status: "queued", sendAt: sendAt.getTime() });
    expect(await own.send(message, options)).toMatchObject({ id: sent.id, sendAt: sent.sendAt });
  });

  test("K1 P2.2 a key used twice is one message, and another content under it is refused", async () => {
    const { regId } = await device();
    const own = link();
    const options = { idempotencyKey: "order-17" };
    const first = await own.send({ to: regId, data: "a" }, options);
    expect(await own.send({ to: regId, data: "a" }, options)).toMatchObject({ id: first.id });
    await expect(own.send({ to: regId, data: "b" }, options)).rejects.toMatchObject({
      code: "idempotency_key_reused",
      idempotencyKey: "order-17",
    });
  });

  test("K1 P4.4 a refused send names the reason of a request, and changes nothing for others", async () => {
    const { regId } = await device();
    const own = link();
    const bad: readonly [object, object][] = [
      [{ to: "x", data: "a" }, { code: "reg_id_invalid" }],
      [{ to: { alias: "nobody" }, data: "a" }, { code: "alias_unknown" }],
      [
        { to: regId, data: "a", ttl: -1 },
        { code: "field_invalid", problem: { field: "ttl" } },
      ],
      [
        { to: regId, data: "a", pace: 1 },
        { code: "field_invalid", problem: { field: "pace" } },
      ],
      [{ to: regId, json: '{"a":1,"a":2}' }, { code: "field_invalid" }],
      [{ to: regId, data: "x".repeat(LIMITS.DATA_BYTES + 1) }, { code: "field_invalid" }],
      [{ to: regId, data: "a", collapseKey: "" }, { problem: { field: "collapseKey" } }],
    ];
    const sends = bad.map(([message]) => own.send(message as never).catch((error) => error));
    const good = own.send({ to: regId, data: "good" });
    const errors = await Promise.all(sends);
    for (const [at, error] of errors.entries()) expect(error).toMatchObject(bad[at]?.[1] ?? {});
    expect(await good).toMatchObject({ status: "delivered" });
  });
});

describe("a body of Thrift", () => {
  const THRIFT = { "content-type": "application/vnd.apache.thrift.compact" };
  const post = (body: Uint8Array<ArrayBuffer>, like?: SignedAnswer) =>
    signedPost(mesh.url, app, body, { more: THRIFT, ...(like === undefined ? {} : { like }) });

  test("K7 P2.2 is sent like one of JSON, once however often it arrives", async () => {
    const got: unknown[] = [];
    const { regId } = await device((data) => got.push(data));
    const first = await post(encodeSend(textSend(1, regId, "hi")));
    expect(first).toMatchObject({ status: 200, body: { status: "delivered" } });
    const again = await post(encodeSend(textSend(2, regId, "hi")), first);
    expect(again.status).toBe(400);
    const same = await post(encodeSend(textSend(1, regId, "hi")), first);
    expect(same.body["id"]).toBe(first.body["id"]);
    expect(got).toEqual(["hi"]);
  });

  test("K7 P8.2 is refused with the reason if it cannot be read", async () => {
    const { regId } = await device();
    const junk = await post(Uint8Array.of(1, 2, 3));
    expect(junk).toMatchObject({ status: 400, body: { code: "body_invalid" } });
    const late = await post(encodeSend({ ...textSend(1, regId, "hi"), waitMs: 20_001 }));
    expect(late).toMatchObject({ status: 400, body: { code: "field_invalid", field: "waitMs" } });
    const foreign = await post(encodeSend(textSend(1, "x", "hi")));
    expect(foreign).toMatchObject({ status: 400, body: { code: "reg_id_invalid" } });
  });
});

describe("the upgrade", () => {
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(mesh.url + LINK_PATH, { headers });
    return { status: response.status, ...((await response.json()) as { code: string }) };
  };

  test("K3 P7.1 is refused with a reason if its signature does not count, and opens no socket", async () => {
    const signed = await linkHeaders(mesh.url, app);
    const forged = { ...signed, signature: `sig=:${btoa("x".repeat(32))}:` };
    await expect(SenderSocket.open(mesh.url, forged)).rejects.toThrow("refused");
    await expect(SenderSocket.open(mesh.url, {})).rejects.toThrow("refused");
    expect(await ask({})).toMatchObject({ status: 401, code: "signature_missing" });
    expect(await ask(signed)).toMatchObject({ status: 426, code: "upgrade_required" });
  });

  test("K3 P7.1 a copy of it opens no second link, also after a kill", async () => {
    const signed = await linkHeaders(mesh.url, app);
    await SenderSocket.open(mesh.url, signed);
    await expect(SenderSocket.open(mesh.url, signed)).rejects.toThrow("refused");
    await mesh.kill(mesh.victims[0]);
    await expect(SenderSocket.open(mesh.url, signed)).rejects.toThrow("refused");
    await SenderSocket.open(mesh.url, await linkHeaders(mesh.url, app));
  });

  test("K3 a send token opens one as well, from this machine", async () => {
    const { secret = "" } = await mesh.admin().createKey(app.appId, { algorithm: "bearer" });
    const socket = await SenderSocket.open(mesh.url, { authorization: `Bearer ${secret}` });
    socket.up({ kind: "hello", value: { revision: PROTOCOL_REVISION } });
    await socket.until("welcome");
  });
});

describe("frames", () => {
  const hello = { kind: "hello", value: { revision: PROTOCOL_REVISION } } as const;

  test.each<readonly [string, number, string, (socket: SenderSocket) => void]>([
    ["no hello first", 4202, "protocol_error", (it) => it.up({ kind: "sends", value: [] })],
    ["junk", 4202, "protocol_error", (it) => it.raw(Uint8Array.of(9, 9, 9))],
    ["text", 4202, "protocol_error", (it) => it.raw("hello")],
    ["another channel", 4202, "protocol_error", (it) => it.raw(Uint8Array.of(0x14, 2, 0x18, 0, 0))],
    [
      "another revision",
      4204,
      "revision_unsupported",
      (it) => it.up({ kind: "hello", value: { revision: 99 } }),
    ],
    [
      "a second hello",
      4202,
      "protocol_error",
      (it) => {
        it.up(hello);
        it.up(hello);
      },
    ],
    [
      "one request twice",
      4202,
      "protocol_error",
      (it) => {
        it.up(hello);
        it.up({ kind: "sends", value: [textSend(1, "x", "a"), textSend(1, "x", "b")] });
      },
    ],
    [
      "more sends than its credit",
      4205,
      "sender_overdrawn",
      (it) => {
        const sends = Array.from({ length: LIMITS.SENDER_FIRST_SENDS + 1 }, (_, n) =>
          textSend(n, "x", "a"),
        );
        it.raw(upBytes(hello));
        it.raw(upBytes({ kind: "sends", value: sends }));
      },
    ],
    [
      "a frame that is too large",
      4203,
      "frame_too_large",
      (it) => it.raw(new Uint8Array(LIMITS.FRAME_BYTES + 1)),
    ],
  ])("K4 P8.2 a link that sends %s is closed with %i", async (_, code, name, send) => {
    const socket = await SenderSocket.open(mesh.url, await linkHeaders(mesh.url, app));
    send(socket);
    const closed = await socket.closed;
    expect(closed.code).toBe(code);
    expect(closed.reason).toMatch(new RegExp(`^${name}`));
  });

  test("K4 what has no key, or content that cannot be read, is refused by itself", async () => {
    const socket = await SenderSocket.welcome(mesh.url, app);
    const { idempotencyKey: _, ...keyless } = textSend(1, "x", "a");
    socket.up({
      kind: "sends",
      value: [
        keyless,
        textSend(2, "x", "a", "not visible"),
        { ...textSend(3, "x", ""), content: Uint8Array.of(1) },
      ],
    });
    const codes = new Map<number, string>();
    while (codes.size < 3) {
      await socket.until("results");
      for (const frame of socket.frames.splice(0))
        if (frame.kind === "results")
          for (const { request, problem } of frame.value)
            codes.set(request, JSON.parse(new TextDecoder().decode(problem)).code);
    }
    expect(codes).toEqual(
      new Map([
        [1, "nonce_required"],
        [2, "idempotency_key_invalid"],
        [3, "body_invalid"],
      ]),
    );
  });

  test("K4 a busy link gets more credit, by half as much as it uses", async () => {
    const socket = await SenderSocket.welcome(mesh.url, app);
    const sends = Array.from({ length: LIMITS.SENDER_FIRST_SENDS }, (_, n) =>
      textSend(n, "x", "a"),
    );
    socket.up({ kind: "sends", value: sends });
    const { value } = await socket.until("credit");
    expect(value).toEqual({
      sends: LIMITS.SENDER_FIRST_SENDS * 2,
      bytes: LIMITS.SENDER_FIRST_BYTES * 2,
    });
  });
});

describe("the end of a link", () => {
  test("K5 P7.6 a revoked key ends it within 30 s, and what is under way is refused", {
    timeout: 60_000,
  }, async () => {
    const { keyId, secret = "" } = await mesh.admin().createKey(app.appId);
    const states: ServerLinkState[] = [];
    const own = mesh
      .sender({ ...app, keyId, secret })
      .link({ onState: (state) => states.push(state) });
    const { regId } = await device();
    await own.send({ to: regId, data: "before" });
    await mesh.admin().revokeKey(app.appId, keyId);
    await expect.poll(() => own.state, { timeout: 31_000 }).toBe("closed");
    await expect(own.send({ to: regId, data: "after" })).rejects.toMatchObject({
      code: "key_unknown",
    });
    expect(states).toEqual(["open", "closed"]);
  });

  test("K2 K6 sends go on over a restart and a kill, each once", async () => {
    const got: number[] = [];
    const { regId } = await device((data) => got.push((data as { n: number }).n));
    const own = mesh.sender(app).link();
    let n = 0;
    const sends: Promise<unknown>[] = [];
    const some = () => {
      for (let i = 0; i < 50; i++) sends.push(own.send({ to: regId, data: { n: n++ } }));
    };
    some();
    const halting = mesh.halt();
    some();
    await halting;
    some();
    await mesh.start();
    some();
    await mesh.kill(mesh.victims[0]);
    some();
    await Promise.all(sends);
    await own.close();
    await expect.poll(() => got.length, { timeout: 30_000 }).toBe(n);
    expect([...got].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
  });
});
