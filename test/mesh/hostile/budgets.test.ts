/** Whoever asks for accounts without end, from behind an address that others are behind as well. */
import { expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { demoOf, serve } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";
import { hello, offer, RawDevice } from "../support/raw-device.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { signedPost } from "../support/signed-post.ts";

const OFFICE = "2001:db8:1:2::3";
const SAME_OFFICE = "2001:db8:1:2::4";
const ELSEWHERE = "2001:db8:1:3::3";
const BATCH = 50;

test("S46 a network that asks for too many accounts is told when to come back, and its devices and app servers notice nothing", async () => {
  const data = temporaryFolder();
  const mesh = serve(["--json", "--port", "0", "--data-dir", data, "--trust-proxy", "127.0.0.0/8"]);
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
  const app = demoOf(data);
  const device = await RawDevice.greet(url);
  const { regId: to } = await device.register(app.appId);
  device.socket.destroy();

  const account = (from: string): Promise<Response> =>
    fetch(`${url}/v1/devices`, {
      method: "POST",
      headers: { "x-forwarded-for": from, "content-type": "application/json" },
      body: "{}",
    });
  // Malformed ones count like others. At once, so that a slow machine is over the rate as well.
  const flood = async (from: string) => {
    const answers = await Promise.all(Array.from({ length: BATCH }, () => account(from)));
    const refused = answers.find(({ status }) => status === 429);
    await Promise.all(answers.map((answer) => answer !== refused && answer.text()));
    return { refused, statuses: new Set(answers.map(({ status }) => status)) };
  };
  let refused: Response | undefined;
  for (let n = 1; refused === undefined && n < 60; n++) {
    const flooded = await flood(OFFICE);
    refused = flooded.refused;
    if (n * BATCH <= LIMITS.ACCOUNTS_BURST) expect(flooded.statuses).toEqual(new Set([400]));
  }
  expect(refused?.headers.get("retry-after")).toBe("1");
  expect(await refused?.json()).toMatchObject({ code: "too_many_requests", retry: "later" });
  expect((await flood(SAME_OFFICE)).statuses).toContain(429);
  expect((await account(ELSEWHERE)).status).toBe(400);
  // Whoever forges its address does so before the proxy names the real one.
  expect((await flood(`${ELSEWHERE}, ${OFFICE}`)).statuses).toContain(429);

  const from = { "x-forwarded-for": OFFICE };
  const socket = await RawSocket.open(url, offer(device.account.token()), from);
  socket.binary(hello());
  expect((await socket.next()).kind).toBe("binary");
  const body = Buffer.from(JSON.stringify({ to, data: "x" }));
  const more = { ...from, prefer: "respond-async" };
  expect(await signedPost(url, app, body, { more })).toMatchObject({ status: 202 });
  socket.destroy();
});
