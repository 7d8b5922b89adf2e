/** `demo.json` in a data folder: where the mesh is, and the demo app that `npm start` made for this machine, if it did. */
import { readFileSync } from "node:fs";
import { isObject, isText } from "../values.ts";

/** What the commands use if no other app is named. */
export interface DemoApp {
  readonly appId: string;
  readonly keyId: string;
  /** As `pushmesh key create` prints it; of a demo app from before Ed25519 was the default, an HMAC secret. */
  readonly secret: string;
}

export interface Demo {
  /** Origin of the mesh, as of its last start. */
  readonly url: string;
  /** Null for a mesh that others can reach: it has no demo app. */
  readonly app: DemoApp | null;
  /** File that holds the admin token, under `adminToken`. */
  readonly adminTokenFile: string;
  /** Unix socket of the operator's routes, as of the last start; absent if an older pushmesh started it. */
  readonly adminSocket?: string;
}

function demoIn(value: unknown): Demo | undefined {
  if (!isObject(value)) return undefined;
  const { url, appId, keyId, secret, adminTokenFile, adminSocket } = value;
  if (!isText(url) || !URL.canParse(url) || !isText(adminTokenFile)) return undefined;
  if (adminSocket !== undefined && !isText(adminSocket)) return undefined;
  const app = isText(appId) && isText(keyId) && isText(secret) ? { appId, keyId, secret } : null;
  if (app === null && [appId, keyId, secret].some((field) => field !== undefined)) return undefined;
  return { url, app, adminTokenFile, ...(adminSocket === undefined ? {} : { adminSocket }) };
}

/** The content of the file. */
export const demoText = ({ app, ...rest }: Demo): object => ({ ...rest, ...app });

/** Reads it; undefined if there is none, or one that cannot be used. */
export function readDemo(file: string): Demo | undefined {
  try {
    return demoIn(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}
