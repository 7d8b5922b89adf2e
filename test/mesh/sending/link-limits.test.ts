/** How many sender links there may be, and what ends one or refuses its sends. */
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { LINK_PATH, linkHeaders, SenderSocket, textSend } from "../support/sender-socket.ts";

let mesh: Mesh;

beforeAll(async () => {
  mesh = await Mesh.start();
});

afterAll(() => mesh.stop());

interface Refused {
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
  readonly body: unknown;
}

/** The answer to an upgrade that is refused: WebSocket clients do not tell it. */
async function refusedUpgrade(app: App): Promise<Refused> {
  const headers = {
    ...(await linkHeaders(mesh.url, app)),
    connection: "upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
    "sec-websocket-protocol": "pushmesh.send.v1",
  };
  return new Promise((resolve, reject) => {
    const asked = request(mesh.url + LINK_PATH, { headers });
    asked.on("upgrade", (_, socket) => {
      socket.destroy();
      reject(new Error("the upgrade is not refused"));
    });
    asked.on("response", (answer) => {
      const { statusCode: status, headers } = answer;
      json(answer).then(
        (body) => resolve({ status, retryAfter: headers["retry-after"], body }),
        reject,
      );
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** The codes of the refusals in results, by request. */
async function codesOf(socket: SenderSocket, count: number): Promise<ReadonlyMap<number, string>> {
  const codes = new Map<number, string>();
  for (let ended = 0; ended < count; ) {
    await socket.until("results");
    for (const frame of socket.frames.splice(0)) {
      if (frame.kind !== "results") continue;
      ended += frame.value.length;
      for (const { request, problem } of frame.value)
        if (problem !== undefined)
          codes.set(request, JSON.parse(new TextDecoder().decode(problem)).code);
    }
  }
  return codes;
}

test("K4 an app has at most 64 links, others are not held up, and a link that ends leaves its place", async () => {
  const [app, other] = [await mesh.app("many links"), await mesh.app("another")];
  const links: SenderSocket[] = [];
  for (let n = 0; n < LIMITS.SENDER_LINKS_APP; n++)
    links.push(await SenderSocket.open(mesh.url, await linkHeaders(mesh.url, app)));
  expect(await refusedUpgrade(app)).toMatchObject({
    status: 429,
    retryAfter: expect.stringMatching(/^[1-9]\d*$/),
    body: {
      code: "too_many_requests",
      detail: expect.stringContaining(`${LIMITS.SENDER_LINKS_APP}`),
    },
  });
  await SenderSocket.welcome(mesh.url, other);
  const [first] = links;
  // Text ends it.
  first?.raw("text");
  await first?.closed;
  await expect
    .poll(() => SenderSocket.welcome(mesh.url, app).catch(() => null), { timeout: 20_000 })
    .not.toBeNull();
});

test("K1 the quota of the app counts on a link: what is over it is refused by itself", async () => {
  const app = await mesh.app("quota");
  await mesh.admin().setQuota(app.appId, { perSecond: 1, burst: 3 });
  const socket = await SenderSocket.welcome(mesh.url, app);
  const sends = Array.from({ length: 20 }, (_, n) => textSend(n, "x", "a"));
  socket.up({ kind: "sends", value: sends });
  const codes = [...(await codesOf(socket, sends.length)).values()];
  const over = codes.filter((code) => code === "quota_exceeded");
  // Those within it are to nobody. On a slow machine, more seconds pass.
  expect(over.length).toBeGreaterThanOrEqual(sends.length - 3 - 10);
  expect(codes.filter((code) => code === "reg_id_invalid")).toHaveLength(
    sends.length - over.length,
  );
});

test("K5 a key that expires ends its link, and opens no other", { timeout: 60_000 }, async () => {
  const { appId } = await mesh.app("expires");
  const expiresAt = Date.now() + 5_000;
  const { keyId, secret } = await mesh.admin().createKey(appId, {
    algorithm: "hmac-sha256",
    expiresAt,
  });
  const app = { appId, keyId, secret };
  const socket = await SenderSocket.welcome(mesh.url, app);
  const { reason } = await socket.closed;
  expect(reason).toMatch(/^key_expired/);
  expect(await refusedUpgrade(app)).toMatchObject({ status: 401, body: { code: "key_expired" } });
});
