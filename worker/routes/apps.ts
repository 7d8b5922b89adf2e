/** `/v1/apps`: the operator manages apps and their keys. */
import { ALL_RIGHTS, type KeyRights } from "../../core/app/app.ts";
import { APP_BYTES, openAppId, sealAppId } from "../../core/identity/app-id.ts";
import {
  formatSendToken,
  hashOfSecret,
  SEND_SECRET_BYTES,
} from "../../core/identity/send-token.ts";
import { OPEN_POLICY } from "../../core/trust/policy.ts";
import type { AppKey, AppRecord } from "../../objects/interfaces/rpc.ts";
import { MeshError } from "../../schema/errors.ts";
import {
  type AppAnswerBody,
  type AppsAnswerBody,
  type AppWithKeysAnswerBody,
  type ForgottenAnswerBody,
  KEY_SCOPES,
  type KeyAnswerBody,
  type NewKey,
  type PolicyAnswerBody,
  type QuotaAnswerBody,
  ROUTES,
} from "../../schema/http.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import { audit } from "../admin/audit.ts";
import { endRegistrations, endWebhooks } from "../calls/app-end.ts";
import { callObject, callOnce, directoryOf } from "../calls/objects.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { parseBody, readBody, requireJson } from "../request/body.ts";
import { requireLater } from "../request/times.ts";
import { appCache } from "../signature/authenticate.ts";
import { loadKey } from "../signature/keys.ts";

/** Size of an HMAC secret: the output size of its hash (RFC 2104 §3). */
const SECRET_BYTES = 32;

/** @throws MeshError `app_not_found` for an appId that this mesh did not make */
function appOf(c: MeshContext, appId: string): Uint8Array {
  const app = openAppId(c.get("config").keyring, appId);
  if (app === undefined) throw new MeshError("app_not_found");
  return app;
}

/** The appId in the path. A forged one is refused without calling an object. */
function appIdOf(c: MeshContext): string {
  const appId = c.req.param("appId") ?? "";
  appOf(c, appId);
  return appId;
}

const answerOf = ({ keyId, algorithm, createdAt, ...key }: AppKey): KeyAnswerBody => {
  const { scopes = ALL_RIGHTS.scopes, expiresAt = ALL_RIGHTS.expiresAt, lastUsedAt = null } = key;
  return { keyId, algorithm, createdAt, scopes, expiresAt, lastUsedAt };
};

/** @throws MeshError `field_invalid` for a key that would be expired from the start */
function rightsOf(c: MeshContext, { algorithm, scopes, expiresAt = null }: NewKey): KeyRights {
  if (expiresAt !== null) requireLater(c, "expiresAt", expiresAt);
  if (algorithm === "bearer") return { scopes: ["send"], expiresAt };
  // In the order of the table, as they are read back.
  return { scopes: KEY_SCOPES.filter((scope) => scopes?.includes(scope) ?? true), expiresAt };
}

interface KeyMaterial {
  readonly material: Uint8Array;
  /** What the answer tells, of a key that the mesh makes. */
  readonly secretOf?: (keyId: string) => string;
}

async function materialOf(body: NewKey): Promise<KeyMaterial> {
  if (body.algorithm === "hmac-sha256") {
    const material = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
    return { material, secretOf: () => toBase64Url(material) };
  }
  if (body.algorithm === "bearer") {
    const secret = crypto.getRandomValues(new Uint8Array(SEND_SECRET_BYTES));
    return {
      material: hashOfSecret(secret),
      secretOf: (keyId) => formatSendToken(keyId, secret),
    };
  }
  const material = fromBase64Url(body.publicKey) ?? new Uint8Array();
  try {
    await loadKey({ algorithm: "ed25519", material });
  } catch (cause) {
    const detail = "publicKey: these 32 bytes are no Ed25519 public key that proves anything";
    throw new MeshError("field_invalid", detail, { field: "publicKey", cause });
  }
  return { material };
}

/** The bytes of a new app. The top bit is clear, so that no appId starts with "-" like an option of a command. */
function newApp(): Uint8Array {
  const app = crypto.getRandomValues(new Uint8Array(APP_BYTES));
  app[0] = (app[0] ?? 0) & 0x7f;
  return app;
}

async function createApp(c: MeshContext): Promise<Response> {
  requireJson(c.req.raw);
  const { schema, maxBytes } = ROUTES.createApp.body;
  const { name, policy } = parseBody(schema, await readBody(c.req.raw, maxBytes));
  const appId = sealAppId(c.get("config").keyring, newApp());
  // The app first, then the list: if the second call fails, the list still names no app that does not exist.
  const { createdAt } = await callObject(() =>
    c.env.APPS.getByName(appId).create(name, policy === "open" ? OPEN_POLICY : policy),
  );
  const answer: AppAnswerBody = { appId, name, createdAt };
  const listed = await callObject(() => directoryOf(c).add(answer));
  if (!listed) throw new MeshError("too_many_apps");
  await audit(c, "app.create", appId, { appId, detail: name });
  return c.json(answer, 201);
}

async function listApps(c: MeshContext): Promise<Response> {
  const list = await callObject(() => directoryOf(c).list());
  return c.json({ apps: list } satisfies AppsAnswerBody);
}

async function recordOf(c: MeshContext): Promise<AppRecord> {
  const appId = appIdOf(c);
  const record = await callObject(() => c.env.APPS.getByName(appId).record());
  if (record === null) throw new MeshError("app_not_found");
  return record;
}

async function getApp(c: MeshContext): Promise<Response> {
  const { appId, name, createdAt, keys, policy, quota = null, ...denials } = await recordOf(c);
  const { revoked = [], closedTags = [] } = denials;
  const denied = { revokedGrants: revoked.length, closedTags: [...closedTags] };
  const app = { appId, name, createdAt, policy, ...denied, quota };
  return c.json({ ...app, keys: keys.map(answerOf) } satisfies AppWithKeysAnswerBody);
}

async function getPolicy(c: MeshContext): Promise<Response> {
  const { policy } = await recordOf(c);
  return c.json(policy satisfies PolicyAnswerBody);
}

async function putPolicy(c: MeshContext): Promise<Response> {
  const appId = appIdOf(c);
  requireJson(c.req.raw);
  const { schema, maxBytes } = ROUTES.putPolicy.body;
  const policy = parseBody(schema, await readBody(c.req.raw, maxBytes));
  const isSet = await callObject(() => c.env.APPS.getByName(appId).setPolicy(policy));
  appCache.forget(appId);
  if (!isSet) throw new MeshError("app_not_found");
  await audit(c, "policy.set", appId, { detail: `register ${policy.register}` });
  return c.json(policy satisfies PolicyAnswerBody);
}

async function setQuota(c: MeshContext, quota: QuotaAnswerBody | null): Promise<void> {
  const appId = appIdOf(c);
  const isSet = await callObject(() => c.env.APPS.getByName(appId).setQuota(quota));
  appCache.forget(appId);
  if (!isSet) throw new MeshError("app_not_found");
  const { perSecond, burst, queueSeconds } = quota ?? {};
  const queue = queueSeconds === undefined ? "" : `, queued for ${queueSeconds} s at most`;
  const detail = quota === null ? "none" : `${perSecond} a second, burst ${burst}${queue}`;
  await audit(c, "quota.set", appId, { detail });
}

async function putQuota(c: MeshContext): Promise<Response> {
  requireJson(c.req.raw);
  const { schema, maxBytes } = ROUTES.putQuota.body;
  const quota = parseBody(schema, await readBody(c.req.raw, maxBytes));
  await setQuota(c, quota);
  return c.json(quota satisfies QuotaAnswerBody);
}

async function deleteQuota(c: MeshContext): Promise<Response> {
  await setQuota(c, null);
  return c.body(null, 204);
}

async function deleteApp(c: MeshContext): Promise<Response> {
  const appId = appIdOf(c);
  // The keys first, so that nobody registers or sends any more; the list last: if a call fails, the app is still listed and can be deleted again.
  const removed = await callObject(() => c.env.APPS.getByName(appId).remove());
  appCache.forget(appId);
  await endRegistrations(c, appOf(c, appId));
  await endWebhooks(c, appOf(c, appId));
  const listed = await callObject(() => directoryOf(c).remove(appId));
  if (!removed && !listed) throw new MeshError("app_not_found");
  await audit(c, "app.delete", appId);
  return c.body(null, 204);
}

async function createKey(c: MeshContext): Promise<Response> {
  const appId = appIdOf(c);
  requireJson(c.req.raw);
  const { schema, maxBytes } = ROUTES.createKey.body;
  const body = parseBody(schema, await readBody(c.req.raw, maxBytes));
  const rights = rightsOf(c, body);
  const { material, secretOf } = await materialOf(body);
  // Not retried: if only the answer was lost, a second call would leave a key that nobody knows.
  const { algorithm } = body;
  const key = await callOnce(() => c.env.APPS.getByName(appId).addKey(algorithm, material, rights));
  appCache.forget(appId);
  if (key === null) throw new MeshError("app_not_found");
  if (key === "full") throw new MeshError("too_many_keys");
  await audit(c, "key.create", key.keyId, { detail: body.algorithm });
  const secret = secretOf === undefined ? {} : { secret: secretOf(key.keyId) };
  c.header("cache-control", "no-store");
  return c.json({ ...answerOf(key), ...secret } satisfies KeyAnswerBody, 201);
}

async function revokeKey(c: MeshContext): Promise<Response> {
  const appId = appIdOf(c);
  const keyId = c.req.param("keyId") ?? "";
  const revoked = await callObject(() => c.env.APPS.getByName(appId).revokeKey(keyId));
  appCache.forget(appId);
  if (!revoked) throw new MeshError("key_not_found");
  await audit(c, "key.revoke", keyId);
  return c.body(null, 204);
}

async function forgetRevokedGrants(c: MeshContext): Promise<Response> {
  const appId = appIdOf(c);
  const forgotten = await callObject(() => c.env.APPS.getByName(appId).forgetGrants());
  appCache.forget(appId);
  if (forgotten === null) throw new MeshError("app_not_found");
  await audit(c, "grants.forget", appId, { detail: `${forgotten}` });
  return c.json({ forgotten } satisfies ForgottenAnswerBody);
}

export const apps: Handlers<
  | "createApp"
  | "createKey"
  | "deleteApp"
  | "deleteQuota"
  | "forgetRevokedGrants"
  | "getApp"
  | "getPolicy"
  | "listApps"
  | "putPolicy"
  | "putQuota"
  | "revokeKey"
> = {
  ...{ createApp, getApp, listApps, deleteApp },
  ...{ createKey, revokeKey, forgetRevokedGrants },
  ...{ getPolicy, putPolicy },
  ...{ putQuota, deleteQuota },
};
