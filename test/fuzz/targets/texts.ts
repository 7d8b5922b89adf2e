/** Everything that the mesh reads from a text: what it sealed itself, tokens, grants, cursors, headers. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { admit } from "../../../core/app/admission.ts";
import { readGrant } from "../../../core/app/grant.ts";
import { matchesCondition, matchesFilter } from "../../../core/condition/evaluate.ts";
import { type Filter, NOTHING_GRANTED } from "../../../core/condition/types.ts";
import { openAppId, parseKeyId, sealAppId } from "../../../core/identity/app-id.ts";
import { openCredential, sealCredential } from "../../../core/identity/credential.ts";
import { JwsError, readJws } from "../../../core/identity/jws.ts";
import { type Keyring, keyringOf } from "../../../core/identity/keyring.ts";
import { openOperatorToken, sealOperatorToken } from "../../../core/identity/operator-token.ts";
import { openRegId, sealRegId } from "../../../core/identity/reg-id.ts";
import { OPEN_POLICY } from "../../../core/trust/policy.ts";
import { nodeCrypto } from "../../../hosts/deno/crypto.ts";
import { ERRORS, MeshError } from "../../../schema/errors.ts";
import { ROUTES, type sendBody } from "../../../schema/http.ts";
import {
  formatMessageId,
  fromBase64,
  fromBase64Url,
  parseMessageId,
  toBase64,
  toBase64Url,
} from "../../../schema/text.ts";
import { compactJson, membersOf } from "../../../worker/request/json-text.ts";
import { networkOf } from "../../../worker/request/network.ts";
import { readPrefer } from "../../../worker/request/prefer.ts";
import { checkDigests, readDigests } from "../../../worker/signature/digest.ts";
import { readFields } from "../../../worker/signature/headers.ts";
import { connectClaims, verifyToken } from "../../../worker/tokens/device-tokens.ts";
import type { Random } from "../../chaos/random.ts";
import { mutateText, someBytes } from "../mutate/bytes.ts";
import { type Json, mutateJson } from "../mutate/json.ts";
import { OPERATIONS, sampleOf } from "../requests.ts";
import { promise, type Target } from "../target.ts";
import { jws, MESH_KEYS, signatureOf } from "../world.ts";

type Reader = (random: Random) => boolean | Promise<boolean>;

const keyring = keyringOf(MESH_KEYS) as Keyring;
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
const secret = randomBytes(32);

/** @returns what `read` gives; null where it throws the error of the kind that it documents */
function documented<T>(kind: new (...given: never[]) => Error, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof kind)) throw error;
    if (error instanceof MeshError)
      promise(error.code in ERRORS && error.code !== "internal", () => error.code);
    return null;
  }
}

/** A sealed text that was changed does not open; base64url has one form for each bytes. */
function sealed(valid: string, open: (text: string) => unknown, random: Random): boolean {
  promise(open(valid) !== undefined, () => `${valid} does not open`);
  const text = mutateText(valid, random);
  const opened = open(text);
  promise(opened === undefined || text === valid, () => `forged, and opens: ${text}`);
  return opened !== undefined;
}

const seconds = (): number => Math.floor(Date.now() / 1_000);
const claimsOf = (random: Random, more: object): Json => {
  const times = { aud: "pushmesh", iat: seconds(), exp: seconds() + 60, jti: "fuzz-fuzz" };
  const claims = { ...times, ...more } as Json;
  return random.chance(0.3) ? claims : mutateJson(claims, random);
};
const REPORTED = { platform: "web", appVersion: "1.2", locale: "de-AT", custom: { plan: "x" } };
const words = { tag: ["a", "b", "c"] } as const;

const READERS: readonly [Reader, ...Reader[]] = [
  (random) => {
    const generation = random.pick([0, 1, 2 ** 31, 2 ** 40]);
    const parts = { deviceId: someBytes(random, 16), app: someBytes(random, 8), generation };
    return sealed(sealRegId(keyring, parts), (text) => openRegId(keyring, text), random);
  },
  (random) => {
    const valid = sealAppId(keyring, someBytes(random, 8));
    documented(MeshError, () => parseKeyId(mutateText(`${valid}.k1`, random)));
    return sealed(valid, (text) => openAppId(keyring, text), random);
  },
  (random) => {
    const parts = {
      deviceId: someBytes(random, 16),
      generation: 1,
      publicKey: someBytes(random, 32),
    };
    return sealed(sealCredential(keyring, parts), (text) => openCredential(keyring, text), random);
  },
  (random) => {
    const { token } = sealOperatorToken(keyring, someBytes(random, 64).subarray(0, 48));
    return sealed(token, (text) => openOperatorToken(keyring, text), random);
  },
  (random) => {
    const id = formatMessageId({
      seq: random.between(0, 2 ** 31),
      key: someBytes(random, 9),
      regId: "r",
    });
    const text = mutateText(id, random);
    const parts = parseMessageId(text);
    if (parts === undefined) return false;
    promise(formatMessageId(parts) === text, () => `${text} has another form`);
    return true;
  },
  (random) => {
    const bytes = someBytes(random, random.between(0, 40));
    for (const [write, read] of [
      [toBase64Url, fromBase64Url],
      [toBase64, fromBase64],
    ] as const) {
      const text = mutateText(write(bytes), random);
      const found = read(text);
      promise(found === undefined || write(found) === text, () => `${text} has another form`);
    }
    return true;
  },
  (random) => {
    const header = { alg: random.pick(["EdDSA", "HS256", "none"]), typ: "x" };
    const token = mutateText(jws(header, { a: 1 }, secret), random);
    return documented(JwsError, () => readJws(token, ["EdDSA", "HS256"])) !== null;
  },
  async (random) => {
    const header = { alg: "EdDSA", typ: "pushmesh-connect+jwt" };
    const kind = { typ: header.typ, claims: connectClaims, key: () => raw };
    const valid = jws(header, claimsOf(random, { cred: "c" }) as object, privateKey);
    const token = random.chance(0.4) ? valid : mutateText(valid, random);
    const verified = await verifyToken(token, kind, Date.now(), nodeCrypto);
    const isGood = !("fault" in verified);
    promise(!isGood || token === valid, () => `forged, and verified: ${token}`);
    return isGood;
  },
  (random) => {
    const appId = sealAppId(keyring, Buffer.alloc(8, 1));
    const header = { alg: "HS256", typ: "pushmesh-grant+jwt", kid: `${appId}.k1` };
    const names = ["a", { prefix: "b/" }, { prefix: "" }];
    const more = {
      device: "d",
      aliases: names,
      tags: names,
      attributes: { plan: "x" },
      register: true,
    };
    const token = jws(header, claimsOf(random, more) as object, secret);
    const read = readGrant(
      random.chance(0.7) ? token : mutateText(token, random),
      appId,
      Date.now(),
    );
    if ("ok" in read) {
      promise(read.code in ERRORS, () => read.code);
      return false;
    }
    const trust = {
      policy: OPEN_POLICY,
      version: 1,
      mayGrant: () => true,
      revoked: [],
      closedTags: [],
    };
    const asked = { device: "other", regId: null, held: null, kind: "register" } as const;
    const answer = admit(trust, asked, read, Date.now());
    promise(!answer.ok || read.device === null, () => `a grant of another device counts: ${token}`);
    return true;
  },
  (random) => {
    const of = { keyId: "key", secret };
    const made = signatureOf(of, { method: "POST", path: "/v1/messages?a=b", body: "{}" }, "key");
    const text = (name: string): string => {
      const valid = made[name] ?? "";
      return random.chance(0.5) ? valid : mutateText(valid, random);
    };
    const read = () => readFields(text("signature"), text("signature-input"));
    return documented(MeshError, read) !== null;
  },
  async (random) => {
    const body = someBytes(random, 20);
    const valid = signatureOf(
      { keyId: "k", secret },
      { method: "POST", path: "/", body: "{}" },
      null,
    );
    const header = mutateText(valid["content-digest"] ?? "", random);
    try {
      await checkDigests(readDigests(header), body, nodeCrypto);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      return false;
    }
    promise(false, () => `another body has the digest ${header}`);
    return true;
  },
  (random) => {
    const { waitMs } = readPrefer(mutateText('respond-async, wait=10; a="b"', random));
    promise(waitMs >= 0 && waitMs <= 20_000, () => `waits ${waitMs} ms`);
    networkOf(mutateText(random.pick(["198.51.100.1", "2001:db8::1", "::ffff:1.2.3.4"]), random));
    return true;
  },
  (random) => {
    const body = random.pick(OPERATIONS.filter(({ body }) => body) as typeof OPERATIONS).body ?? {};
    const value = mutateJson(sampleOf(body, random, {}), random);
    const text = mutateText(JSON.stringify(value), random);
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      return false;
    }
    const members = documented(MeshError, () => membersOf(text));
    if (members === null) return false;
    for (const [name, span] of members) {
      const member = (parsed as Record<string, unknown>)[name];
      const again: unknown = JSON.parse(compactJson(text, span, member));
      promise(JSON.stringify(again) === JSON.stringify(member), () => `${name} of ${text} changes`);
    }
    return true;
  },
  (random) => {
    const condition = mutateJson(sampleOf({ $ref: "Condition" }, random, words), random);
    const read = ROUTES.sendMessage.body.schema.safeParse({ to: { condition }, data: 1 });
    if (!read.success) return false;
    const { to, filter } = read.data as ReturnType<typeof sendBody.parse>;
    if (typeof to === "object" && "condition" in to)
      matchesCondition(to.condition, (tag) => tag === "a");
    if (filter !== undefined) matchesFilter(filter as Filter, REPORTED, NOTHING_GRANTED);
    return true;
  },
];

const attempt: Reader = (random) => random.pick(READERS)(random);

export const texts: Target = { name: "texts", share: 20, open: () => ({ attempt }) };
