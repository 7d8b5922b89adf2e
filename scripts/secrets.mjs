// @ts-check
/**
 * `npm run secrets -- FILE`: makes the secrets of a new mesh, as `wrangler deploy --secrets-file` takes them. Cloudflare
 * never gives a secret back: the file is the only copy, and a mesh that loses its keys is lost.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { main, SetupError } from "./setup.mjs";

/** Fresh secrets of a mesh: a master key with kid 1, and an admin token. */
export const makeSecrets = () => ({
  MESH_KEYS: `1:${randomBytes(32).toString("base64url")}`,
  ADMIN_TOKEN: randomBytes(24).toString("base64url"),
});

/**
 * Writes a file that is not there yet, for its owner alone.
 *
 * @param {string} file
 * @param {string} text
 */
export const writeSecrets = (file, text) => writeFileSync(file, text, { flag: "wx", mode: 0o600 });

if (import.meta.main) {
  await main(async () => {
    const [file] = process.argv.slice(2);
    if (file === undefined) throw new SetupError("usage: npm run secrets -- FILE");
    try {
      writeSecrets(file, `${JSON.stringify(makeSecrets(), null, 2)}\n`);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST")
        throw new SetupError(
          `${file} is there already and was left as it is: deploy with it, or name another file for another mesh`,
        );
      throw new SetupError(`${file} was not written: ${/** @type {Error} */ (error).message}`);
    }
    process.stdout.write(`wrote ${file}; keep a copy where you keep such things\n`);
    return 0;
  });
}
