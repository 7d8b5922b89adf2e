import type { Signer } from "http-message-sig";
import { beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { contentDigest } from "../../../sdk/server/sign.ts";
import { createSigningKey, signerOf } from "../../../sdk/server/signer.ts";
import { type EdgeCrypto, webCrypto } from "../../../worker/signature/crypto.ts";
import {
  admin,
  createApp,
  nowSeconds,
  type Signing,
  signed,
  type TestApp,
} from "../support/app.ts";
import { createRecipient } from "../support/fleet.ts";
import { fetchCounting, problemOf, UNTOUCHED } from "../support/mesh.ts";

let app: TestApp;
let other: TestApp;
let regId: string;
let body: { to: string; data: string };

beforeAll(async () => {
  app = await createApp();
  other = await createApp();
  const recipient = await createRecipient(app);
  regId = recipient.regId;
  body = { to: regId, data: "hello" };
  recipient.link.close();
  // From here on the record is in the cache, so that a touch of an AppObject is one too many.
  const { response } = await fetchCounting(
    await signed(app, { body, headers: { prefer: "respond-async" } }),
  );
  expect(response.status).toBe(202);
});

async function refused(request: Request, code: string): Promise<string> {
  const { response, touched } = await fetchCounting(request);
  const problem = await problemOf(response);
  expect(problem.code).toBe(code);
  expect(touched).toEqual(UNTOUCHED);
  if (response.status === 401) expect(response.headers.get("www-authenticate")).not.toBeNull();
  return problem.detail;
}

/** A good request with some headers changed after it was signed. */
async function changed(
  headers: Record<string, string | null>,
  signing: Signing = {},
): Promise<Request> {
  const request = await signed(app, { body, ...signing });
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) request.headers.delete(name);
    else request.headers.set(name, value);
  }
  return request;
}

describe("P7.1 a signature", () => {
  it.each(["signature", "signature-input"])("without %s is missing", async (name) => {
    expect(await refused(await changed({ [name]: null }), "signature_missing")).toMatch(
      new RegExp(name, "i"),
    );
  });

  const malformed: [string, Record<string, string>][] = [
    ["is no byte sequence", { signature: "sig1=abc" }],
    ["is no dictionary", { signature: "sig1=:AAAA" }],
    ["is empty", { signature: "", "signature-input": "" }],
    ["has another label than its input", { signature: "sig2=:AAAA:" }],
    [
      "comes twice",
      {
        signature: "sig1=:AAAA:, sig2=:AAAA:",
        "signature-input": "sig1=();created=1, sig2=();created=1",
      },
    ],
    ["has an input that is no list", { "signature-input": "sig1=5" }],
    ["has a created that is no integer", { "signature-input": 'sig1=("@method");created="1"' }],
    ["has a keyid that is no string", { "signature-input": 'sig1=("@method");keyid=5' }],
    ["covers a component twice", { "signature-input": 'sig1=("@path" "@path");created=1' }],
    ["covers an unknown component", { "signature-input": 'sig1=("@nothing");created=1' }],
    ["covers a header that is not there", { "signature-input": 'sig1=("x-none");created=1' }],
    ["covers a part of a response", { "signature-input": 'sig1=("@status");created=1' }],
    ["names its components in capitals", { "signature-input": 'sig1=("@METHOD");created=1' }],
    ["names two keys", { "signature-input": 'sig1=("@method");keyid="a";created=1;keyid="b"' }],
    ["has two inputs of one label", { "signature-input": 'sig1=("@method"), sig1=("@path")' }],
    ["comes twice with one label", { signature: "sig1=:AAAA:, sig1=:BBBB:" }],
    ["has bytes that are not ASCII", { "signature-input": 'sig1=("é");created=1' }],
  ];
  it.each(malformed)("that %s is malformed", async (_, headers) => {
    await refused(await changed(headers), "signature_malformed");
  });

  const { SIGNATURE_INPUT_BYTES, SIGNATURE_BYTES, SIGNATURE_COMPONENTS } = LIMITS;
  /** An input of so many bytes, which is malformed only for its last component. */
  const inputOf = (bytes: number) => {
    const [head, tail] = ['sig1=("@method" "', '");created=1'];
    return `${head}${"x".repeat(bytes - head.length - tail.length)}${tail}`;
  };

  it("P8.1 of an input at the bound is read, of one past it refused unread", async () => {
    const at = await changed({ "signature-input": inputOf(SIGNATURE_INPUT_BYTES) });
    expect(await refused(at, "signature_malformed")).toContain("which the request has not");
    const past = await changed({ "signature-input": inputOf(SIGNATURE_INPUT_BYTES + 1) });
    expect(await refused(past, "signature_malformed")).toContain(
      `Signature-Input has ${SIGNATURE_INPUT_BYTES + 1} bytes; at most ${SIGNATURE_INPUT_BYTES}`,
    );
  });

  it("P8.1 at the bound of its own bytes is read, past it refused unread", async () => {
    const wrap = (bytes: number) => `sig1=:${"A".repeat(bytes - 7)}:`;
    // 505 characters are no base64.
    const at = await changed({ signature: wrap(SIGNATURE_BYTES) });
    expect(await refused(at, "signature_malformed")).not.toContain("at most");
    const past = await changed({ signature: wrap(SIGNATURE_BYTES + 1) });
    expect(await refused(past, "signature_malformed")).toContain(`at most ${SIGNATURE_BYTES}`);
  });

  it("P8.1 covers at most so many components", async () => {
    const covered = (count: number) => {
      const names = Array.from({ length: count - 1 }, (_, n) => `"x-${n}"`);
      return changed({ "signature-input": `sig1=("@method" ${names.join(" ")});created=1` });
    };
    expect(await refused(await covered(SIGNATURE_COMPONENTS), "signature_malformed")).toContain(
      "x-0",
    );
    expect(await refused(await covered(SIGNATURE_COMPONENTS + 1), "signature_malformed")).toContain(
      `covers ${SIGNATURE_COMPONENTS + 1} components; at most ${SIGNATURE_COMPONENTS}`,
    );
  });

  it("P8.1 of a digest at the bound is read, of one past it refused unread", async () => {
    const wrap = (bytes: number) => `x=:${"A".repeat(bytes - 4)}:`;
    const refuse = async (bytes: number) =>
      refused(await changed({ "content-digest": wrap(bytes) }), "digest_mismatch");
    expect(await refuse(SIGNATURE_BYTES)).toContain("neither sha-256 nor sha-512");
    expect(await refuse(SIGNATURE_BYTES + 1)).toContain(`at most ${SIGNATURE_BYTES} are taken`);
  });

  const ALL = ["@method", "@path", "content-digest", "idempotency-key"];
  it.each(ALL)("that does not cover %s is incomplete, and is told so", async (component) => {
    const components = ALL.filter((name) => name !== component);
    const detail = await refused(await signed(app, { body, components }), "signature_incomplete");
    expect(detail).toContain(`"${component}"`);
  });

  it.each(["created", "keyid"])("without %s is incomplete, and is told so", async (parameter) => {
    const parameters = { [parameter]: undefined };
    const detail = await refused(await signed(app, { body, parameters }), "signature_incomplete");
    expect(detail).toContain(parameter);
  });

  it("must cover the query where there is one", async () => {
    const request = await signed(app, { body, path: "/v1/messages?x=1", components: ALL });
    expect(await refused(request, "signature_incomplete")).toContain("@query");
  });

  const { SIGNATURE_MAX_AGE_SECONDS: age, CLOCK_SKEW_SECONDS: skew } = LIMITS;
  // Two seconds of room: the clock goes on between signing and verifying.
  it.each([
    ["too old", () => ({ created: nowSeconds() - age - skew - 2 })],
    ["from the future", () => ({ created: nowSeconds() + skew + 2 })],
    ["past its own expiry", () => ({ expires: nowSeconds() - skew - 2 })],
    ["of 1970", () => ({ created: 0 })],
  ])("that is %s has expired", async (_, parameters) => {
    await refused(await signed(app, { body, parameters: parameters() }), "signature_expired");
  });

  it.each([
    ["just young enough", () => ({ created: nowSeconds() - age - skew + 5 })],
    [
      "just within the skew",
      () => ({ created: nowSeconds() + skew - 5, expires: nowSeconds() - skew + 5 }),
    ],
  ])("that is %s is taken", async (_, parameters) => {
    const headers = { prefer: "respond-async" };
    const { response } = await fetchCounting(
      await signed(app, { body, headers, parameters: parameters() }),
    );
    expect(response.status).toBe(202);
  });

  const otherKeys: [string, () => Promise<{ keyId: string; signer: Signer }>][] = [
    ["another app's key", async () => ({ keyId: app.keyId, signer: other.signer })],
    [
      "a key of another algorithm",
      async () => ({
        keyId: app.keyId,
        signer: await signerOf((await createSigningKey()).privateKey),
      }),
    ],
    [
      "zeros",
      async () => ({
        keyId: app.keyId,
        signer: { algorithm: "hmac-sha256", sign: () => new Uint8Array(32) },
      }),
    ],
    [
      "nothing",
      async () => ({
        keyId: app.keyId,
        signer: { algorithm: "hmac-sha256", sign: () => new Uint8Array(0) },
      }),
    ],
  ];
  it.each(otherKeys)("made with %s is invalid", async (_, key) => {
    await refused(await signed(await key(), { body }), "signature_invalid");
  });

  it.each([0, 63, 64, 65, 256])("of %i bytes for an Ed25519 key is invalid", async (length) => {
    const { appId } = await createApp();
    const { publicKey } = await createSigningKey();
    const key = { algorithm: "ed25519", publicKey };
    const answer = await admin(`/v1/apps/${appId}/keys`, "POST", key);
    const { keyId } = await answer.json<{ keyId: string }>();
    const signer = { algorithm: "ed25519", sign: () => new Uint8Array(length) };
    const { response, touched } = await fetchCounting(await signed({ keyId, signer }, { body }));
    expect((await problemOf(response)).code).toBe("signature_invalid");
    expect(touched.devices).toBe(0);
  });

  it.each(["ed25519", "rsa-pss-sha512", "none", "HMAC-SHA-256"])(
    "that claims the algorithm %s of an HMAC key is invalid",
    async (alg) => {
      const signer = { ...app.signer, algorithm: alg };
      const request = await signed({ ...app, signer }, { body, parameters: { alg } });
      await refused(request, "signature_invalid");
    },
  );

  it("is of one method, path, query and idempotency key", async () => {
    await refused(await changed({ "idempotency-key": "another" }), "signature_invalid");
    const good = await signed(app, { body });
    const headers = new Headers(good.headers);
    const elsewhere = new Request(`${good.url}?x=1`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    await refused(elsewhere, "signature_incomplete");
    const query = await signed(app, { body, path: "/v1/messages?x=1" });
    const tampered = new Request(`${good.url}?x=2`, {
      method: "POST",
      headers: query.headers,
      body: JSON.stringify(body),
    });
    await refused(tampered, "signature_invalid");
  });

  it("of a status question opens no other", async () => {
    const question = await signed(app, { method: "GET", path: "/v1/messages/a" });
    const other = new Request(question.url.replace(/a$/, "b"), { headers: question.headers });
    await refused(other, "signature_invalid");
  });

  const LONG = "n".repeat(LIMITS.NONCE_CHARS + 1);
  it.each(["", LONG])("with a nonce out of bounds is malformed", async (nonce) => {
    await refused(await signed(app, { body, parameters: { nonce } }), "signature_malformed");
  });
});

describe("P7.2 a key ID", () => {
  const forged: [string, () => string][] = [
    ["of no form", () => "key"],
    ["that is empty", () => ""],
    ["of an app this mesh did not make", () => `${"A".repeat(22)}.k1`],
    [
      "with one character of the app changed",
      () => (app.keyId.startsWith("A") ? "B" : "A") + app.keyId.slice(1),
    ],
    ["that is very long", () => `${app.appId}.k${"1".repeat(3_000)}`],
    ["with a number written otherwise", () => `${app.appId}.k01`],
  ];
  it.each(forged)("%s is unknown, and no object is asked", async (_, keyId) => {
    await refused(await signed({ keyId: keyId(), signer: app.signer }, { body }), "key_unknown");
  });

  it("that the app does not have costs at most one look at the app, and no device", async () => {
    const unknown = { keyId: `${other.appId}.k77`, signer: other.signer };
    const first = await fetchCounting(await signed(unknown, { body }));
    expect((await problemOf(first.response)).code).toBe("key_unknown");
    expect(first.touched).toEqual({ devices: 0, apps: 1, directory: 0 });
    await refused(await signed(unknown, { body }), "key_unknown");
  });
});

describe("P7.1 the body", () => {
  it.each([
    ["changed", (text: string) => text.replace("hello", "hullo")],
    ["cut", (text: string) => text.slice(0, -1)],
    ["lengthened", (text: string) => `${text} `],
    ["emptied", () => ""],
  ])("that was %s is refused", async (_, change) => {
    const request = await signed(app, { body });
    const { headers } = request;
    headers.delete("content-length");
    const tampered = new Request(request.url, {
      method: "POST",
      headers,
      body: change(JSON.stringify(body)),
    });
    await refused(tampered, "digest_mismatch");
  });

  it.each([
    ["missing", null],
    ["no dictionary", "sha-256"],
    ["broken", "sha-256=:AAA"],
    ["a string", 'sha-256="AAAA"'],
    ["of an unknown algorithm alone", "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:"],
    ["an inner list", "sha-256=(:AAAA:)"],
  ])("with a Content-Digest that is %s is refused", async (_, digest) => {
    await refused(await changed({ "content-digest": digest }), "digest_mismatch");
  });

  it("P7.1 is neither read nor hashed before the signature is verified, whoever sent it", async () => {
    let hashed = 0;
    const CRYPTO: EdgeCrypto = {
      ...webCrypto,
      digest(algorithm, data) {
        hashed += data.byteLength;
        return webCrypto.digest(algorithm, data);
      },
    };
    const long = { ...body, data: "x".repeat(LIMITS.DATA_BYTES) };
    const [good, forged, expired, unknown] = [
      await signed(app, { body: long, headers: { prefer: "respond-async" } }),
      await signed({ ...other, keyId: app.keyId }, { body: long }),
      await signed(app, { body: long, parameters: { created: nowSeconds() - 3_600 } }),
      await signed({ ...app, keyId: `${app.keyId}x` }, { body: long }),
    ];
    for (const request of [forged, expired, unknown]) {
      const { response } = await fetchCounting(request, { CRYPTO });
      expect([response.status, hashed, request.bodyUsed]).toEqual([401, 0, false]);
    }
    const { response } = await fetchCounting(good, { CRYPTO });
    expect(response.status).toBe(202);
    expect(hashed).toBe(JSON.stringify(long).length);
  });

  it("may be digested by SHA-512, or both, of which both must be right", async () => {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-512", bytes));
    const sha512 = `sha-512=:${btoa(String.fromCharCode(...hash))}:`;
    const sha256 = await contentDigest(bytes);
    for (const digest of [sha512, `${sha256}, ${sha512}`, `md5=:AAAA:, ${sha256}`]) {
      const headers = { "content-digest": digest, prefer: "respond-async" };
      const { response } = await fetchCounting(await signed(app, { body, headers }));
      expect(response.status).toBe(202);
    }
    const headers = { "content-digest": `${sha256}, sha-512=:AAAA:` };
    await refused(await signed(app, { body, headers }), "digest_mismatch");
  });
});
