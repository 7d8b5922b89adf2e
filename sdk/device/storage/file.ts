/** The storage of Node, Deno and Bun: one small file a key, in one folder. */
import { chmod, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Storage } from "./storage.ts";

/** A file name for a key: `/` is no part of a name, so it becomes `,`, which no key has. */
const fileName = (key: string): string => key.replaceAll("/", ",");

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/**
 * A storage in `folder`, which is made where it is missing; folder 0700, files 0600. Each write goes to a new
 * file that is synced and then takes the old one's name, so a killed process leaves the old value or the new.
 * One process at a time may use a folder: two would be one device that fights itself for its link.
 */
export function fileStorage(folder: string): Storage {
  let ready: Promise<void> | undefined;
  let writes = 0;

  const prepare = async (): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // `mode` above has no effect on a folder that was there.
    await chmod(folder, 0o700);
  };
  const prepared = (): Promise<void> => {
    ready ??= prepare().catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    return ready;
  };

  return {
    keepsKeys: false,
    get: async (key) => {
      try {
        return await readFile(join(folder, fileName(key)), "utf8");
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    set: async (key, value) => {
      if (typeof value !== "string") throw new TypeError("a file holds text, no key pair");
      await prepared();
      const path = join(folder, fileName(key));
      const fresh = `${path}~${++writes}`;
      const file = await open(fresh, "w", 0o600);
      try {
        await file.writeFile(value);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(fresh, path);
    },
    delete: (key) => rm(join(folder, fileName(key)), { force: true }),
  };
}
