/** Seals, at a start, the secrets that an older version stored in the clear or an older mesh key sealed. */
import type { Keyring } from "../../../core/identity/keyring.ts";
import { SECRET_BYTES } from "../../../core/identity/stored-secrets.ts";
import { StorageError } from "../../../objects/storage-error.ts";
import { SharedAppStore } from "./app-store.ts";
import type { Database } from "./database.ts";

/** Apps with a secret that the newest key has not sealed. */
const STALE = `
  SELECT app_id AS appId FROM keys
    WHERE algorithm <> 'ed25519' AND (length(material) = ?1 OR substr(material, 1, 1) <> ?2)
  UNION SELECT app_id FROM live_keys WHERE length(seed) = ?1 OR substr(seed, 1, 1) <> ?2`;

/**
 * Overwrites what is stored in the clear, also in the log and in free space. A start needs it once after an update, and once after a
 * rotation.
 *
 * @returns the number of rows written
 * @throws StorageError
 */
export async function sealStaleSecrets(db: Database, keyring: Keyring): Promise<number> {
  const apps = db.all<{ appId: string }>(STALE, SECRET_BYTES, Uint8Array.of(keyring.newest.kid));
  const written = apps.length === 0 ? 0 : await seal(db, keyring, apps);
  // At every start: if the last one was killed before its checkpoint, the rows are sealed in the log, and still plain in the file.
  try {
    db.get("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (error) {
    throw new StorageError(error);
  }
  return written;
}

async function seal(
  db: Database,
  keyring: Keyring,
  apps: readonly { readonly appId: string }[],
): Promise<number> {
  // Not for all writes: it would write pages for every message that is deleted.
  db.get("PRAGMA secure_delete = ON");
  try {
    let written = 0;
    for (const { appId } of apps)
      written += new SharedAppStore(db, keyring, appId).sealStaleSecrets();
    await db.committed();
    return written;
  } finally {
    db.get("PRAGMA secure_delete = OFF");
  }
}
