/** A device of the tests: its keys, its tokens and its link. */
import { toBase64Url } from "../../../schema/text.ts";
import { nowSeconds } from "./app.ts";
import { call, fetchCounting, ORIGIN, type Touched } from "./mesh.ts";

const utf8 = new TextEncoder();
export const randomText = (bytes: number): string =>
  toBase64Url(crypto.getRandomValues(new Uint8Array(bytes)));

export interface DeviceKeys {
  readonly pair: CryptoKeyPair;
  readonly jwk: { kty: string; crv: string | undefined; x: string | undefined };
}

export async function createKeys(): Promise<DeviceKeys> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const { kty, crv, x } = (await crypto.subtle.exportKey("jwk", pair.publicKey)) as JsonWebKey;
  return { pair, jwk: { kty, crv, x } };
}

/** A JWS by the device's key; header and claims are laid over good ones, `undefined` takes one away. */
export async function sign(
  { pair, jwk }: DeviceKeys,
  typ: string,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  const now = nowSeconds();
  const payload = { aud: "pushmesh", iat: now, exp: now + 60, jti: randomText(12), ...claims };
  // By hand: a library would refuse to sign some of what the mesh has to refuse.
  const signed = [{ alg: "EdDSA", typ, jwk, ...header }, payload]
    .map((part) => toBase64Url(utf8.encode(JSON.stringify(part))))
    .join(".");
  const signature = await crypto.subtle.sign("Ed25519", pair.privateKey, utf8.encode(signed));
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
}

export const proof = (
  keys: DeviceKeys,
  ids: unknown,
  claims: Record<string, unknown> = {},
  header = {},
) => sign(keys, "pushmesh-account+jwt", { ids, ...claims }, header);

export const connectToken = (
  keys: DeviceKeys,
  cred: unknown,
  claims: Record<string, unknown> = {},
  header = {},
) => sign(keys, "pushmesh-connect+jwt", { cred, ...claims }, { jwk: undefined, ...header });

export const postDevice = (body: unknown): Request =>
  new Request(`${ORIGIN}/v1/devices`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

export interface Account {
  readonly deviceId: string;
  readonly generation: number;
  readonly credential: string;
}

export async function openAccount(keys: DeviceKeys, ids: string[]): Promise<Account> {
  const response = await call("/v1/devices", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ proof: await proof(keys, ids) }),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json<Account>();
}

/** Asks for a link and tells what came of it: the socket, open or closing, or an HTTP answer. */
export async function connect(
  protocols: string | null,
): Promise<{ response: Response; touched: Touched }> {
  const headers: Record<string, string> = { upgrade: "websocket" };
  if (protocols !== null) headers["sec-websocket-protocol"] = protocols;
  return fetchCounting(new Request(`${ORIGIN}/v1/connect`, { headers }));
}

/** The close of a link that the mesh refused. */
export function closeOf(response: Response): Promise<{ code: number; reason: string }> {
  const { webSocket } = response;
  if (webSocket === null) throw new Error(`no WebSocket: ${response.status}`);
  return new Promise((resolve) => {
    webSocket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    webSocket.accept();
  });
}
