/** App IDs and key IDs: a forged one is told without asking any object. */
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import type { Keyring, MeshKey } from "./keyring.ts";
import { equalBytes, shortMac } from "./mac.ts";

/** The random half of an appId: what a regId carries. */
export const APP_BYTES = 8;
/** A forger's chance is 2^-64 a try, and all that a hit gains is one lookup of an app that is not there. */
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

/** The 8 app bytes of an appId that this mesh made; undefined for any other text. */
export function openAppId(keyring: Keyring, appId: string): Uint8Array | undefined {
  // The length first: a caller may be a hostile device, and the text as long as a frame.
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

/** Reads a key ID; undefined where it has another form. The appId in it is not checked here. */
export function parseKeyId(
  keyId: string,
): { readonly appId: string; readonly n: number } | undefined {
  const match = KEY_ID.exec(keyId);
  return match?.[1] === undefined ? undefined : { appId: match[1], n: Number(match[2]) };
}
