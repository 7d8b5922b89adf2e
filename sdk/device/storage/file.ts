/** The storage of Node, Deno and Bun: one small file per key, in one folder. */
import { randomUUID } from "node:crypto";
import { chmod, link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { optionInvalid } from "../errors.ts";
import type { Storage, Stored } from "./storage.ts";

/** The file name of a key: a name cannot contain `/`, so it becomes `,`, which no key contains. */
const fileName = (key: string): string => key.replaceAll("/", ",");

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

/**
 * Makes a folder and those above it. Not by mkdir's own `recursive`, except on Deno, where a program may be unable to look at the folders above:
 * Node 24 never returns from that on /proc, which says of a new folder that its parent is missing.
 *
 * @param hasAbove the folder above was there, or was made
 */
async function makeFolder(path: string, hasAbove = false): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700, recursive: "Deno" in globalThis });
  } catch (error) {
    if (hasCode(error, "EEXIST") && (await stat(path)).isDirectory()) return;
    if (hasAbove || !hasCode(error, "ENOENT")) throw error;
    const above = dirname(path);
    // Another start may have made it since.
    if (!(await exists(above))) await makeFolder(above);
    await makeFolder(path, true);
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Separates the name of a file from the suffix of its unfinished successors; no key contains it. */
const FRESH = "~";
/** An older unfinished file was left by a killed process: no write takes this long. */
const FRESH_MAX_MS = 60_000;

/**
 * A storage in `folder`, which is created if it is missing; folder 0700, files 0600. Each write goes to a new file that is synced
 * and then renamed over the old one, so a killed process leaves the old value or the new one. Processes that share a folder are
 * one device, whose newest link replaces the others.
 *
 * @throws PushError `option_invalid` if `folder` is no path
 */
export function fileStorage(folder: string): Storage {
  if (typeof folder !== "string" || folder === "")
    throw optionInvalid(
      `folder: must be a path, and is ${folder === "" ? "empty" : `of type ${typeof folder}`}`,
    );
  let ready: Promise<void> | undefined;

  const prepare = async (): Promise<void> => {
    await makeFolder(folder);
    // `mode` above has no effect on an existing folder.
    await chmod(folder, 0o700);
    for (const name of await readdir(folder)) {
      if (!name.includes(FRESH)) continue;
      const path = join(folder, name);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
      if (Date.now() - mtimeMs > FRESH_MAX_MS) await rm(path, { force: true });
    }
  };
  const prepared = (): Promise<void> => {
    ready ??= prepare().catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    return ready;
  };

  const get = async (key: string): Promise<string | undefined> => {
    try {
      return await readFile(join(folder, fileName(key)), "utf8");
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  };
  /** Writes and syncs a new file, and lets `place` give it its name. */
  const write = async (
    key: string,
    value: Stored,
    place: (fresh: string, path: string) => Promise<void>,
  ): Promise<void> => {
    if (typeof value !== "string") throw new TypeError("a file holds text, no key pair");
    await prepared();
    const path = join(folder, fileName(key));
    const fresh = `${path}${FRESH}${randomUUID()}`;
    try {
      const file = await open(fresh, "wx", 0o600);
      try {
        await file.writeFile(value);
        await file.sync();
      } finally {
        await file.close();
      }
      await place(fresh, path);
    } finally {
      await rm(fresh, { force: true });
    }
  };

  return {
    keepsKeys: false,
    get,
    set: (key, value) => write(key, value, rename),
    add: async (key, value) => {
      try {
        // Unlike a rename, a link does not replace an existing file.
        await write(key, value, link);
        return value;
      } catch (error) {
        if (!hasCode(error, "EEXIST")) throw error;
        return (await get(key)) ?? value;
      }
    },
    delete: (key) => rm(join(folder, fileName(key)), { force: true }),
  };
}
