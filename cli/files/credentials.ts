/** The sending keys that `pushmesh key create` saved: `credentials.json` in the user's configuration folder, mode 0600. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { configHome } from "../../sdk/config-folder.ts";
import { CliFailure } from "../failure.ts";
import { isObject, isRecordOf, isText } from "../values.ts";
import { writePrivate } from "./private-file.ts";

/** The configuration folder of pushmesh. */
export const configFolder = (env: NodeJS.ProcessEnv): string => join(configHome(env), "pushmesh");

export interface SavedKey {
  readonly keyId: string;
  readonly secret: string;
}

/** By the origin of the mesh, then by appId: the newest key. */
type Credentials = Record<string, Record<string, SavedKey>>;

const isSavedKey = (value: unknown): value is SavedKey =>
  isObject(value) && isText(value["keyId"]) && isText(value["secret"]);
const areKeys = (value: unknown): value is Record<string, SavedKey> =>
  isRecordOf(value, isSavedKey);

const fileOf = (env: NodeJS.ProcessEnv): string => join(configFolder(env), "credentials.json");

function read(file: string): Credentials {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Refused below.
  }
  if (isRecordOf(value, areKeys)) return value;
  // Not written over: what is in it may be somebody's only copy.
  throw new CliFailure(1, "credentials_damaged", `${file} is damaged; fix it or move it away`);
}

/** The key that is saved for an app. */
export function savedKeyOf(
  env: NodeJS.ProcessEnv,
  url: string,
  appId: string,
): SavedKey | undefined {
  return read(fileOf(env))[url]?.[appId];
}

/** Saves a key in place of the one before. */
export function saveKey(env: NodeJS.ProcessEnv, url: string, appId: string, key: SavedKey): string {
  const file = fileOf(env);
  const all = read(file);
  writePrivate(file, { ...all, [url]: { ...all[url], [appId]: key } });
  return file;
}

/** Forgets a key, if it is the one that is saved. */
export function forgetKey(env: NodeJS.ProcessEnv, url: string, keyId: string): void {
  const file = fileOf(env);
  const all = read(file);
  const kept = Object.entries(all[url] ?? {}).filter(([, key]) => key.keyId !== keyId);
  if (kept.length !== Object.keys(all[url] ?? {}).length)
    writePrivate(file, { ...all, [url]: Object.fromEntries(kept) });
}
