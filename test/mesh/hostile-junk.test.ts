/** Junk credentials from behind an address that others are behind as well. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { LIMITS } from "../../schema/limits.ts";
import { demoOf, serve } from "./support/mesh.ts";
import { Phone } from "./support/phone.ts";
import { temporaryFolder } from "./support/process.ts";
import { hello, offer, RawAccount } from "./support/raw-device.ts";
import { rawHttp } from "./support/raw-http.ts";
import { RawSocket } from "./support/raw-socket.ts";
import { signedPost } from "./support/signed-post.ts";

const OFFICE = "198.51.100.1";
const ELSEWHERE = "198.51.100.2";

const BATCH = 50;
const BATCHES = 40;

/** Behind a proxy, as otherwise all come from loopback, where nothing is counted. */
async function startBehindProxy(data: string): Promise<string> {
  const mesh = serve(["--json", "--port", "0", "--data", data, "--trust-proxy", "127.0.0.0/8"]);
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
  return url;
}

/** The answer to an upgrade with a junk token. */
const junk = (url: string, from: string): Promise<string> =>
  rawHttp(
    url,
    [
      "GET /v1/connect HTTP/1.1",
      "Host: mesh",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      "Sec-WebSocket-Protocol: pushmesh.v1, pushmesh.token.x",
      `X-Forwarded-For: ${from}`,
      "",
      "",
    ].join("\r\n"),
    // The close frame is the second thing that comes.
    /"advice"|token_invalid/,
  );

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

  let checked = 0;
  let refused = "";
  // At once, so that a slow machine is over the rate as well.
  for (let i = 0; i < BATCHES && refused === ""; i++) {
    const answers = await Promise.all(Array.from({ length: BATCH }, () => junk(url, OFFICE)));
    checked += answers.filter((answer) => answer.startsWith("HTTP/1.1 101 ")).length;
    refused = answers.find((answer) => answer.startsWith("HTTP/1.1 429 ")) ?? "";
  }
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
