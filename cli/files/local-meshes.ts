/**
 * The meshes that `npm start` ran for this user: `meshes.json` in the configuration folder, newest first. By it a command
 * finds the demo app of a mesh whose data folder is not where the command looks by itself.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isObject, isText } from "../values.ts";
import { configFolder } from "./credentials.ts";
import { type Demo, readDemo } from "./demo-file.ts";
import { writePrivate } from "./private-file.ts";

/** Meshes remembered; the one that was not started for the longest time goes first. */
const MESHES = 16;

interface LocalMesh {
  /** Absolute path of its data folder. */
  readonly data: string;
}

const isMesh = (value: unknown): value is LocalMesh => isObject(value) && isText(value["data"]);

const fileOf = (env: NodeJS.ProcessEnv): string => join(configFolder(env), "meshes.json");

function read(env: NodeJS.ProcessEnv): readonly LocalMesh[] {
  try {
    const value: unknown = JSON.parse(readFileSync(fileOf(env), "utf8"));
    return Array.isArray(value) && value.every(isMesh) ? value : [];
  } catch {
    // None yet, or damaged: nothing in it is anybody's only copy.
    return [];
  }
}

/**
 * Notes that a mesh was started on this data folder.
 *
 * @param data the folder's absolute path.
 * @throws the error of the file system.
 */
export function rememberMesh(env: NodeJS.ProcessEnv, data: string): void {
  const others = read(env).filter((mesh) => mesh.data !== data);
  writePrivate(fileOf(env), [{ data }, ...others].slice(0, MESHES));
}

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether two origins are one mesh: this machine has several names. */
export function isSameMesh(a: string, b: string): boolean {
  const [one, other] = [new URL(a), new URL(b)];
  if (one.origin === other.origin) return true;
  const local = LOOPBACK.has(one.hostname) && LOOPBACK.has(other.hostname);
  return local && one.protocol === other.protocol && one.port === other.port;
}

/** The demo app of the mesh at this URL, or without a URL, of the one started last. */
export function findDemo(env: NodeJS.ProcessEnv, url: string | undefined): Demo | undefined {
  for (const { data } of read(env)) {
    const demo = readDemo(join(data, "demo.json"));
    if (demo !== undefined && (url === undefined || isSameMesh(demo.url, url))) return demo;
  }
  return undefined;
}
