/** Converts the operators' credentials and the audit log to lines of an export, and back. */
import { EXPORT_AUDIT, type OperatorsLine } from "../../schema/export.ts";
import { type AuditEntry, type AuditStore, shareOf } from "../operator/audit.ts";
import type { CredentialStore } from "../operator/credentials.ts";

export function* readOperators(store: CredentialStore & AuditStore): Generator<OperatorsLine> {
  for (const credential of store.credentials()) yield { kind: "credential", ...credential };
  // Newest first, as the store reads them.
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const entries = store.audits(before, null, EXPORT_AUDIT);
    const last = entries.at(-1);
    if (last === undefined) return;
    yield { kind: "audit", entries: [...entries] };
    before = last.id;
  }
}

export function writeOperators(
  store: CredentialStore & AuditStore,
  lines: Iterable<OperatorsLine>,
): void {
  for (const line of lines) {
    if (line.kind === "audit") for (const entry of line.entries) write(store, entry);
    else {
      const { kind: _, ...credential } = line;
      store.addCredential(credential);
    }
  }
}

const write = (store: AuditStore, entry: AuditEntry): void => store.addAudit(entry, shareOf(entry));
