/** `demo.json` in a data folder: the demo app that `npm start` made, which the commands use where nothing else is named. */
import { readFileSync } from "node:fs";
import { z } from "zod";

const demoFile = z.object({
  /** Origin of the mesh, as of its last start. */
  url: z.url(),
  appId: z.string(),
  keyId: z.string(),
  /** HMAC secret, base64url. */
  secret: z.string(),
  /** File that holds the admin token, under `adminToken`. */
  adminTokenFile: z.string(),
  /** Unix socket of the operator's routes, as of the last start; absent where an older pushmesh started it. */
  adminSocket: z.string().optional(),
});
export type Demo = z.infer<typeof demoFile>;

/** Reads it; undefined where there is none, or one that cannot be used. */
export function readDemo(file: string): Demo | undefined {
  try {
    return demoFile.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}
