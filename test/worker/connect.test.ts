import { beforeAll, describe, expect, it, vi } from "vitest";
import { sealCredential } from "../../core/identity/credential.ts";
import { keyringOf } from "../../core/identity/keyring.ts";
import { links, listeners } from "../../objects/capacity/links.ts";
import { LIMITS } from "../../schema/limits.ts";
import { workersLinks } from "../../worker/workers/links.ts";
import { nowSeconds } from "./support/app.ts";
import {
  type Account,
  closeOf,
  connect,
  connectToken,
  createKeys,
  type DeviceKeys,
  openAccount,
  proof,
  randomText,
} from "./support/device.ts";
import { fetchCounting, ORIGIN, problemOf, UNTOUCHED } from "./support/mesh.ts";

let keys: DeviceKeys;
let account: Account;

beforeAll(async () => {
  keys = await createKeys();
  account = await openAccount(keys, [randomText(32)]);
});

const offer = (token: string) => `pushmesh.v1, pushmesh.token.${token}`;

async function closes(token: string, code: number, name: string) {
  const { response, touched } = await connect(offer(token));
  expect(response.status).toBe(101);
  expect(response.headers.get("sec-websocket-protocol")).toBe("pushmesh.v1");
  const close = await closeOf(response);
  expect(close).toEqual({ code, reason: expect.stringMatching(new RegExp(`^${name}(: .+)?$`)) });
  expect(new TextEncoder().encode(close.reason).length).toBeLessThanOrEqual(123);
  expect(touched).toEqual(UNTOUCHED);
}

describe("a link", () => {
  it("P8.4 is opened by GET alone: by HEAD, a token is not used", async () => {
    const token = await connectToken(keys, account.credential);
    const headers = { upgrade: "websocket", "sec-websocket-protocol": offer(token) };
    const request = new Request(`${ORIGIN}/v1/connect`, { method: "HEAD", headers });
    const { response, touched } = await fetchCounting(request);
    expect(response.status).toBe(426);
    expect(touched).toEqual(UNTOUCHED);
  });

  it("opens with a good token, in one object", async () => {
    const { response, touched } = await connect(
      offer(await connectToken(keys, account.credential)),
    );
    expect(response.status).toBe(101);
    expect(response.headers.get("sec-websocket-protocol")).toBe("pushmesh.v1");
    expect(touched).toEqual({ devices: 1, apps: 0, directory: 0 });
    response.webSocket?.accept();
    response.webSocket?.close(1000, "");
  });

  it("P7.3 takes nothing of the caller's own headers", async () => {
    const token = await connectToken(keys, account.credential);
    const headers = {
      upgrade: "websocket",
      "sec-websocket-protocol": offer(token),
      "x-pushmesh-generation": "9",
      "x-pushmesh-device": "someone",
    };
    const webSocket = new WebSocketPair()[0];
    const fetch = vi.fn(async () => new Response(null, { status: 101, webSocket }));
    const request = new Request(`${ORIGIN}/v1/connect`, { headers });
    await fetchCounting(request, { LINK_HOST: workersLinks({ getByName: () => ({ fetch }) }) });
    const [, init] = fetch.mock.calls[0] as unknown as [
      string,
      { headers: Record<string, string> },
    ];
    expect(Object.keys(init.headers).sort()).toEqual([
      "upgrade",
      "x-pushmesh-exp",
      "x-pushmesh-generation",
      "x-pushmesh-jti",
      "x-pushmesh-key",
    ]);
    expect(init.headers["x-pushmesh-generation"]).toBe(`${account.generation}`);
    expect(init.headers["x-pushmesh-device"]).toBeUndefined();
  });

  it("P7.3 is opened by a token once", async () => {
    const token = await connectToken(keys, account.credential);
    const first = await connect(offer(token));
    first.response.webSocket?.accept();
    const second = await connect(offer(token));
    expect(await closeOf(second.response)).toMatchObject({ code: 4102 });
    first.response.webSocket?.close(1000, "");
  });
});

describe("P8.1 a process that holds as many links as it may", () => {
  const request = async () => {
    const headers = {
      upgrade: "websocket",
      "sec-websocket-protocol": offer(await connectToken(keys, account.credential)),
    };
    return new Request(`${ORIGIN}/v1/connect`, { headers });
  };
  // The other tests of this file leave links behind: the bound is one that they have filled.
  const full = () => ({ MAX_LINKS: `${Math.max(links.size, 1)}` });
  // Listeners that other files have left behind count as well.
  const roomFor = (more: number) => ({ MAX_LINKS: `${links.size + listeners.size + more}` });

  it("refuses another device by a code that makes it come again, and touches no object", async () => {
    links.delete(account.deviceId);
    links.add("somebody");
    const { response, touched } = await fetchCounting(await request(), full());
    expect(await closeOf(response)).toMatchObject({ code: 4004 });
    expect(touched).toEqual(UNTOUCHED);
  });

  it("lets a device in that has a link already, and anybody once there is room", async () => {
    links.add(account.deviceId);
    const again = await fetchCounting(await request(), full());
    expect(again.touched).toMatchObject({ devices: 1 });
    links.delete(account.deviceId);
    const roomy = await fetchCounting(await request(), roomFor(1));
    expect(roomy.touched).toMatchObject({ devices: 1 });
    links.delete("somebody");
    for (const { response } of [again, roomy]) {
      response.webSocket?.accept();
      response.webSocket?.close(1000, "");
    }
  });
});

describe("a request that is no link", () => {
  it("is told to upgrade", async () => {
    const { response, touched } = await fetchCounting(new Request(`${ORIGIN}/v1/connect`));
    expect(response.status).toBe(426);
    expect((await problemOf(response)).code).toBe("upgrade_required");
    expect(touched).toEqual(UNTOUCHED);
  });

  it.each([null, "pushmesh.v1", "pushmesh.token.abc", "pushmesh.v2, pushmesh.token.abc", "chat"])(
    "is refused for its subprotocols: %s",
    async (protocols) => {
      const { response, touched } = await connect(protocols);
      expect(response.status).toBe(400);
      expect((await problemOf(response)).code).toBe("subprotocol_unsupported");
      expect(touched).toEqual(UNTOUCHED);
    },
  );
});

describe("P7.3 a connect token", () => {
  it.each(["", "x", "a.b.c", "...", "A".repeat(LIMITS.TOKEN_CHARS + 1)])(
    "that is no token closes 4100: %s",
    async (token) => {
      await closes(token, 4100, "token_invalid");
    },
  );

  const now = nowSeconds();
  it.each([
    ["of another audience", { aud: "x" }],
    ["without jti", { jti: undefined }],
    ["that lives too long", { iat: now, exp: now + LIMITS.TOKEN_MAX_AGE_SECONDS + 1 }],
    ["without its credential", { cred: undefined }],
    ["with a number for a credential", { cred: 5 }],
    ["with a made-up credential", { cred: "A".repeat(92) }],
    ["with a short credential", { cred: "AAAA" }],
  ])("%s closes 4100", async (_, claims) => {
    await closes(await connectToken(keys, account.credential, claims), 4100, "token_invalid");
  });

  it.each([
    ["of yesterday", { iat: now - 86_400, exp: now - 86_340 }],
    ["of tomorrow", { iat: now + 86_400, exp: now + 86_460 }],
  ])("%s closes 4101", async (_, claims) => {
    await closes(await connectToken(keys, account.credential, claims), 4101, "token_expired");
  });

  it("of another kind closes 4100", async () => {
    const { credential } = account;
    await closes(await connectToken(keys, credential, {}, { typ: "JWT" }), 4100, "token_invalid");
    await closes(await proof(keys, [randomText(32)], { cred: credential }), 4100, "token_invalid");
  });

  it("signed by another key than the credential's closes 4100, whatever key it names", async () => {
    const thief = await createKeys();
    const token = await connectToken(thief, account.credential, {}, { jwk: thief.jwk });
    await closes(token, 4100, "token_invalid");
  });

  it("with a credential of another mesh, or with one byte changed, closes 4100", async () => {
    const other = keyringOf(`1:${"B".repeat(42)}A`);
    if (typeof other === "string") throw new Error(other);
    const publicKey = new Uint8Array(
      (await crypto.subtle.exportKey("raw", keys.pair.publicKey)) as ArrayBuffer,
    );
    const foreign = sealCredential(other, {
      deviceId: new Uint8Array(16),
      generation: 1,
      publicKey,
    });
    await closes(await connectToken(keys, foreign), 4100, "token_invalid");
    const { credential } = account;
    const changed =
      credential.slice(0, 40) + (credential[40] === "A" ? "B" : "A") + credential.slice(41);
    await closes(await connectToken(keys, changed), 4100, "token_invalid");
  });
});
