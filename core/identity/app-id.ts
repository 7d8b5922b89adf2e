/** App IDs and key IDs: authenticated, so that a forged appId is refused without a call to any object. */
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import type { Keyring, MeshKey } from "./keyring.ts";
import { equalBytes, shortMac } from "./mac.ts";

/** The random half of an appId, which regIds contain. */
export const APP_BYTES = 8;
/** A forgery succeeds once in 2^64 tries, and gains only one lookup of an app that does not exist. */
const MAC_BYTES = 8;

const macOf = (key: MeshKey, app: Uint8Array): Uint8Array =>
  shortMac(key.subkey("appId"), app, MAC_BYTES);

/** The appId of 8 app bytes (random for a new app): 22 characters of base64url. */
export function sealAppId(keyring: Keyring, app: Uint8Array): string {
  const bytes = new Uint8Array(APP_BYTES + MAC_BYTES);
  bytes.set(app);
  bytes.set(macOf(keyring.root, app), APP_BYTES);
  return toBase64Url(bytes);
}

/** The same of the 8 bytes in base64url, as names of objects have them. */
export const appIdIn = (keyring: Keyring, app: string): string =>
  sealAppId(keyring, fromBase64Url(app) ?? new Uint8Array());

/** The 8 app bytes of an appId that this mesh issued; undefined for any other text. */
export function openAppId(keyring: Keyring, appId: string): Uint8Array | undefined {
  // Check the length first: the text may come from a hostile device and be as long as a frame.
  if (appId.length !== 22) return undefined;
  const bytes = fromBase64Url(appId);
  if (bytes?.length !== APP_BYTES + MAC_BYTES) return undefined;
  const app = bytes.slice(0, APP_BYTES);
  const mac = bytes.subarray(APP_BYTES);
  return keyring.all.some((key) => equalBytes(macOf(key, app), mac)) ? app : undefined;
}

const KEY_ID = /^([A-Za-z0-9_-]{22})\.k([1-9]\d{0,8})$/;

/** The public name of an app's nth sending key, n from 1: `<appId>.k<n>`. */
export function formatKeyId(appId: string, n: number): string {
  return `${appId}.k${n}`;
}

/** Parses a key ID; undefined if it is malformed. Does not authenticate its appId. */
export function parseKeyId(
  keyId: string,
): { readonly appId: string; readonly n: number } | undefined {
  const match = KEY_ID.exec(keyId);
  return match?.[1] === undefined ? undefined : { appId: match[1], n: Number(match[2]) };
}
