/** `demo.json` in a data folder: the demo app that `npm start` made, which the commands use if no other app is named. */
import { readFileSync } from "node:fs";
import { isObject, isText } from "../values.ts";

export interface Demo {
  /** Origin of the mesh, as of its last start. */
  readonly url: string;
  readonly appId: string;
  readonly keyId: string;
  /** HMAC secret, base64url. */
  readonly secret: string;
  /** File that holds the admin token, under `adminToken`. */
  readonly adminTokenFile: string;
  /** Unix socket of the operator's routes, as of the last start; absent if an older pushmesh started it. */
  readonly adminSocket?: string;
}

function isDemo(value: unknown): value is Demo {
  if (!isObject(value)) return false;
  const { url, appId, keyId, secret, adminTokenFile, adminSocket } = value;
  if (![url, appId, keyId, secret, adminTokenFile].every(isText)) return false;
  return URL.canParse(`${url}`) && (adminSocket === undefined || isText(adminSocket));
}

/** Reads it; undefined if there is none, or one that cannot be used. */
export function readDemo(file: string): Demo | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isDemo(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
