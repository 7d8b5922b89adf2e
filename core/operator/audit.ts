/**
 * The rules of the audit log: who changed what, bounded by count and age. Entries of operators, and of each app's servers, have bounds of
 * their own, so that an app server cannot push out what operators or other apps did.
 */
import { LIMITS } from "../../schema/limits.ts";

/** A change, as the edge reports it. */
export interface AuditEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Name of the credential, `ADMIN_TOKEN`, or the ID of the key that signed. */
  readonly actor: string;
  /** ID of the credential; null for `ADMIN_TOKEN` and for keys. */
  readonly credentialId: string | null;
  /** The role of the operator, or `app` for an app server. */
  readonly role: string;
  /** Such as `key.create`. */
  readonly action: string;
  readonly target: string;
  /** The app that the change is about; null if it is about none. */
  readonly appId: string | null;
  /** What else is worth knowing; null for nothing. */
  readonly detail: string | null;
  /** Of the client, as the host sees it; null if it cannot tell. */
  readonly address: string | null;
  readonly requestId: string;
}

export interface AuditEntry extends AuditEvent {
  /** Increases. */
  readonly id: number;
}

export interface AuditQuery {
  /** Entries before this one; null for the newest. */
  readonly before: number | null;
  /** Entries about this app; null for all. */
  readonly appId: string | null;
  readonly limit: number;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** `before` of the next page; null on the last one. */
  readonly next: number | null;
}

/** Whose bound an entry counts toward: "" for operators, otherwise the app. */
type Share = string;

export const shareOf = ({ role, appId }: Pick<AuditEvent, "role" | "appId">): Share =>
  role === "app" ? (appId ?? "") : "";

/** The storage port of the log. Every call takes effect before it returns. */
export interface AuditStore {
  addAudit(entry: AuditEntry, share: Share): void;
  removeAudit(id: number): void;
  /** 0 if there is none. */
  lastAudit(): number;
  countAudit(share: Share): number;
  /** The oldest entry of a share; null if there is none. */
  oldestAudit(share: Share): number | null;
  /** The oldest entries of all, oldest first. */
  oldestAudits(limit: number): readonly { readonly id: number; readonly at: number }[];
  /** The newest before an ID, newest first. */
  audits(before: number, appId: string | null, limit: number): readonly AuditEntry[];
}

/** Expired entries that one new entry removes: more than one, so that the log shrinks. */
const EXPIRED_COUNT = 8;

export function addAudit(store: AuditStore, event: AuditEvent, now: number): void {
  const share = shareOf(event);
  const bound = share === "" ? LIMITS.AUDIT_OPERATORS : LIMITS.AUDIT_APP;
  for (const { id, at } of store.oldestAudits(EXPIRED_COUNT))
    if (at < now - LIMITS.AUDIT_MS) store.removeAudit(id);
  if (store.countAudit(share) >= bound) {
    const oldest = store.oldestAudit(share);
    if (oldest !== null) store.removeAudit(oldest);
  }
  store.addAudit({ ...event, id: store.lastAudit() + 1 }, share);
}

/** Expired entries may still be stored, but are not in a page. */
export function auditPage(
  store: AuditStore,
  { before, appId, limit }: AuditQuery,
  now: number,
): AuditPage {
  const found = store.audits(before ?? Number.MAX_SAFE_INTEGER, appId, limit + 1);
  const entries = found.filter(({ at }) => at >= now - LIMITS.AUDIT_MS).slice(0, limit);
  return { entries, next: found.length > limit ? (entries.at(-1)?.id ?? null) : null };
}
