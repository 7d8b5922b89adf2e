/** An app server of the tests: it makes its app and key by the admin routes, and signs by hand, so as to sign wrongly too. */
import { createSignature, type Signer } from "http-message-sig";
import { contentDigest } from "../../../sdk/server/sign.ts";
import { signerOf } from "../../../sdk/server/signer.ts";
import { call, env, ORIGIN } from "./mesh.ts";

export interface TestApp {
  readonly appId: string;
  readonly keyId: string;
  readonly signer: Signer;
}

export const admin = (path: string, method: string, body?: unknown): Promise<Response> =>
  call(path, {
    method,
    headers: {
      authorization: `Bearer ${env.ADMIN_TOKEN}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

/** @param rights its scopes and expiry; default: all, forever */
export async function createKey(
  appId: string,
  rights: object = {},
): Promise<{ keyId: string; signer: Signer }> {
  const body = { algorithm: "hmac-sha256", ...rights };
  const answer = await admin(`/v1/apps/${appId}/keys`, "POST", body);
  const { keyId, secret } = await answer.json<{ keyId: string; secret: string }>();
  return { keyId, signer: await signerOf(secret) };
}

/** An app that any device may use. */
export async function createApp(name = "test"): Promise<TestApp> {
  const answer = await admin("/v1/apps", "POST", { name, policy: "open" });
  const { appId } = await answer.json<{ appId: string }>();
  return { appId, ...(await createKey(appId)) };
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

export interface Signing {
  method?: string;
  path?: string;
  /** Sent as it is where it is a string, as JSON otherwise. */
  body?: unknown;
  headers?: Record<string, string>;
  components?: string[];
  parameters?: Record<string, string | number | undefined>;
}

/** A request signed as the app; every part may be made wrong. */
export async function signed(
  { keyId, signer }: Pick<TestApp, "keyId" | "signer">,
  { method = "POST", path = "/v1/messages", body, headers, components, parameters }: Signing,
): Promise<Request> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const bytes = new TextEncoder().encode(text ?? "");
  const all = new Headers(headers);
  const hasBody = method === "PATCH" || method === "POST" || method === "PUT";
  if (hasBody) {
    if (!all.has("content-type")) all.set("content-type", "application/json");
    if (!all.has("content-digest")) all.set("content-digest", await contentDigest(bytes));
    if (!all.has("idempotency-key")) all.set("idempotency-key", crypto.randomUUID());
  }
  const covered = ["@method", "@path", ...(path.includes("?") ? ["@query"] : [])];
  if (hasBody) covered.push("content-digest", "idempotency-key");
  const url = ORIGIN + path;
  const fields = [...all].map(([name, value]) => ({ name, value }));
  const { signature, signatureInput } = await createSignature(
    { kind: "request", method, targetUri: url, fields },
    {
      components: components ?? covered,
      parameters: { created: nowSeconds(), keyid: keyId, ...parameters },
      signer,
    },
  );
  all.set("signature", signature);
  all.set("signature-input", signatureInput);
  return new Request(url, { method, headers: all, ...(hasBody ? { body: bytes } : {}) });
}
