/** The rules of operators' credentials: bounded, with a role and an end, stored only as hashes. */
import { OPERATOR_ROLES, type OperatorRole } from "../../schema/http/enums.ts";
import { LIMITS } from "../../schema/limits.ts";
import { equalBytes } from "../identity/mac.ts";

/** Whether a role may do what needs another one. */
export const mayAct = (role: OperatorRole, needed: OperatorRole): boolean =>
  OPERATOR_ROLES.indexOf(role) >= OPERATOR_ROLES.indexOf(needed);

export interface StoredCredential {
  readonly credentialId: string;
  /** For people; not unique. */
  readonly name: string;
  readonly role: OperatorRole;
  /** SHA-256 of the token, 32 bytes. */
  readonly hash: Uint8Array;
  /** Milliseconds since 1970, as are all times here. */
  readonly createdAt: number;
  /** Null for never. */
  readonly expiresAt: number | null;
  /** Up to `LIMITS.CREDENTIAL_USED_MS` too early; null if it was never used. */
  readonly usedAt: number | null;
}

/** The storage port of the credentials. Every call takes effect before it returns. */
export interface CredentialStore {
  credential(credentialId: string): StoredCredential | null;
  /** Oldest first. */
  credentials(): readonly StoredCredential[];
  addCredential(credential: StoredCredential): void;
  setCredentialUsed(credentialId: string, usedAt: number): void;
  /** False if there is no such credential. */
  removeCredential(credentialId: string): boolean;
}

/** @returns false at `LIMITS.CREDENTIALS` */
export function addCredential(store: CredentialStore, credential: StoredCredential): boolean {
  if (store.credentials().length >= LIMITS.CREDENTIALS) return false;
  store.addCredential(credential);
  return true;
}

/**
 * The credential of a token, which counts as used. Not every use writes a row.
 *
 * @returns null if there is none, or the hash is another one
 */
export function useCredential(
  store: CredentialStore,
  { credentialId, hash, now }: { credentialId: string; hash: Uint8Array; now: number },
): StoredCredential | "expired" | null {
  const found = store.credential(credentialId);
  if (found === null || !equalBytes(found.hash, hash)) return null;
  if (found.expiresAt !== null && found.expiresAt <= now) return "expired";
  if (found.usedAt === null || now - found.usedAt >= LIMITS.CREDENTIAL_USED_MS)
    store.setCredentialUsed(credentialId, now);
  return found;
}
