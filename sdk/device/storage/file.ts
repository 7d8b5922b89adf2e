/** The storage of Node, Deno and Bun: one small file a key, in one folder. */
import { randomUUID } from "node:crypto";
import { chmod, link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Storage, Stored } from "./storage.ts";

/** A file name for a key: `/` is no part of a name, so it becomes `,`, which no key has. */
const fileName = (key: string): string => key.replaceAll("/", ",");

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

/** Between the name of a file and what tells its unfinished successors apart; no key has it. */
const FRESH = "~";
/** An unfinished file that is older was left by a process that was killed: no write takes as long. */
const FRESH_MAX_MS = 60_000;

/**
 * A storage in `folder`, which is made where it is missing; folder 0700, files 0600. Each write goes to a new
 * file that is synced and then takes the old one's name, so a killed process leaves the old value or the new.
 * Processes that share a folder are one device, whose newest link replaces the others.
 */
export function fileStorage(folder: string): Storage {
  let ready: Promise<void> | undefined;

  const prepare = async (): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // `mode` above has no effect on a folder that was there.
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
  /** Writes a file of its own, synced, and lets `place` give it its name. */
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
        // Unlike a rename, a link does not take the place of a file that is there.
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
