/** Junk credentials from behind an address that others are behind as well. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { createSigningKey } from "../../../sdk/server/signer.ts";
import { demoOf, serve } from "../support/mesh.ts";
import { Phone } from "../support/phone.ts";
import { temporaryFolder } from "../support/process.ts";
import { hello, offer, RawAccount, RawDevice } from "../support/raw-device.ts";
import { rawHttp } from "../support/raw-http.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { signedPost } from "../support/signed-post.ts";

const OFFICE = "198.51.100.1";
const ELSEWHERE = "198.51.100.2";

const BATCH = 50;
const BATCHES = 40;

/** Behind a proxy, as otherwise all come from loopback, where nothing is counted. */
async function startBehindProxy(data: string): Promise<string> {
  const mesh = serve(["--json", "--port", "0", "--data-dir", data, "--trust-proxy", "127.0.0.0/8"]);
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
  return url;
}

/** The answer to an upgrade with such a token. */
const asked = (url: string, from: string, token: string): Promise<string> =>
  rawHttp(
    url,
    [
      "GET /v1/connect HTTP/1.1",
      "Host: mesh",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      `Sec-WebSocket-Protocol: pushmesh.v1, pushmesh.token.${token}`,
      `X-Forwarded-For: ${from}`,
      "",
      "",
    ].join("\r\n"),
    // The close frame is the second thing that comes.
    /"advice"|token_invalid/,
  );
const junk = (url: string, from: string): Promise<string> => asked(url, from, "x");

/** Asks until it is refused before anything is checked. @returns that answer, and how many were checked before */
async function flood(ask: () => Promise<string>): Promise<{ refused: string; checked: number }> {
  let checked = 0;
  // At once, so that a slow machine is over the rate as well.
  for (let i = 0; i < BATCHES; i++) {
    const answers = await Promise.all(Array.from({ length: BATCH }, ask));
    checked += answers.filter((answer) => !answer.startsWith("HTTP/1.1 429 ")).length;
    const refused = answers.find((answer) => answer.startsWith("HTTP/1.1 429 "));
    if (refused !== undefined) return { refused, checked };
  }
  return { refused: "", checked };
}

test("P8.13 junk tokens have a rate a network, and shut out no device and no app server behind it", async () => {
  const data = temporaryFolder();
  const url = await startBehindProxy(data);
  const account = await new RawAccount().open(url);
  const app = demoOf(data);
  const phone = new Phone(url, app.appId);
  const to = await phone.on();
  const from = { "x-forwarded-for": OFFICE };
  const body = (data: string) => Buffer.from(JSON.stringify({ to, data }));
  expect(await signedPost(url, app, body("before"), { more: from })).toMatchObject({
    status: 200,
  });

  const { refused, checked } = await flood(() => junk(url, OFFICE));
  expect(checked).toBeGreaterThanOrEqual(LIMITS.FAILED_AUTH_BURST);
  expect(refused).toContain('"code":"too_many_failures"');
  expect(refused).toMatch(/retry-after: \d+\r\n/);

  // A good one in between leaves it so.
  const socket = await RawSocket.open(url, offer(account.token()), from);
  socket.binary(hello());
  expect((await socket.next()).kind).toBe("binary");
  expect(await signedPost(url, app, body("after"), { more: from })).toMatchObject({
    status: 200,
  });
  expect(await junk(url, ELSEWHERE)).toMatch(/^HTTP\/1\.1 101 /);
  socket.destroy();
});

/** A token that says whose it is, and that another key has signed. */
function forged({ credential }: RawAccount): string {
  const forger = new RawAccount();
  forger.credential = credential;
  return forger.token();
}

test("P8.13 accounts without a registration have one budget together, and shut out no device that has one", async () => {
  const data = temporaryFolder();
  const url = await startBehindProxy(data);
  const app = demoOf(data);
  const device = await RawDevice.greet(url);
  await device.register(app.appId);
  device.socket.destroy();
  const first = await new RawAccount().open(url);
  const second = await new RawAccount().open(url);
  const { refused, checked } = await flood(() => asked(url, OFFICE, forged(first)));
  expect(checked).toBeGreaterThanOrEqual(LIMITS.FAILED_AUTH_BURST);
  expect(refused).toContain('"code":"too_many_failures"');
  // However many were made for nothing.
  const again = await flood(() => asked(url, OFFICE, forged(second)));
  expect(again.checked).toBeLessThan(LIMITS.FAILED_AUTH_BURST);
  expect(again.refused).toContain('"code":"too_many_failures"');
  // Nor is it shut out by whoever fails in its name elsewhere.
  expect((await flood(() => asked(url, ELSEWHERE, forged(device.account)))).refused).not.toBe("");
  const socket = await RawSocket.open(url, offer(device.account.token()), {
    "x-forwarded-for": OFFICE,
  });
  socket.binary(hello());
  expect((await socket.next()).kind).toBe("binary");
  socket.destroy();
});

test("P8.13 a sending key that was let in is refused to whoever fails with it elsewhere, and served where it was", async () => {
  const data = temporaryFolder();
  const url = await startBehindProxy(data);
  const app = demoOf(data);
  const device = await RawDevice.greet(url);
  const { regId: to } = await device.register(app.appId);
  const body = Buffer.from(JSON.stringify({ to, data: "x" }));
  const send = async (from: string, secret = app.secret): Promise<number> => {
    const more = { "x-forwarded-for": from, prefer: "respond-async" };
    return (await signedPost(url, { ...app, secret }, body, { more })).status;
  };
  expect(await send(OFFICE)).toBe(202);
  // On a slow machine an attempt is allowed again by then: once served, the key is known there, so each try comes from another address.
  const tryFrom = async (from: string): Promise<number> => {
    const { refused } = await flood(async () => {
      const { secret: another } = await createSigningKey();
      return `HTTP/1.1 ${await send(from, another)} `;
    });
    expect(refused).toBe("HTTP/1.1 429 ");
    return send(from);
  };
  const tried: number[] = [];
  for (let n = 2; !tried.includes(429) && n < 12; n++) tried.push(await tryFrom(`198.51.100.${n}`));
  expect(tried).toContain(429);
  expect(await send(OFFICE)).toBe(202);
});
