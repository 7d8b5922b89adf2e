/** The object of the operators: one, named "apps". It lists the apps of a mesh, has the credentials, and keeps the audit log. */
import {
  addToDirectory,
  type DirectoryEntry,
  type DirectoryStore,
} from "../../core/app/directory.ts";
import { writeOperators } from "../../core/move/operators.ts";
import {
  type AuditEvent,
  type AuditPage,
  type AuditQuery,
  type AuditStore,
  addAudit,
  auditPage,
} from "../../core/operator/audit.ts";
import {
  addCredential,
  type CredentialStore,
  type StoredCredential,
  useCredential,
} from "../../core/operator/credentials.ts";
import type { OperatorsLine } from "../../schema/export.ts";
import type {
  AppDirectoryImportRpc,
  AppDirectoryRpc,
  ListedCredential,
  NewCredential,
} from "../interfaces/rpc.ts";
import { Memory } from "../memory.ts";
import type { ObjectRuntime } from "../runtime.ts";

type Store = DirectoryStore & CredentialStore & AuditStore;

const listed = ({ hash: _, ...credential }: StoredCredential): ListedCredential => credential;

export class AppDirectoryShell implements AppDirectoryRpc, AppDirectoryImportRpc {
  readonly #runtime: ObjectRuntime<Store>;
  readonly #memory: Memory<Store, Store>;

  constructor(runtime: ObjectRuntime<Store>) {
    this.#runtime = runtime;
    this.#memory = new Memory(runtime, ({ store }) => store);
  }

  add(entry: DirectoryEntry): Promise<boolean> {
    return this.#memory.answer((store) => addToDirectory(store, entry));
  }

  remove(appId: string): Promise<boolean> {
    return this.#memory.answer((store) => store.remove(appId));
  }

  list(): Promise<readonly DirectoryEntry[]> {
    return this.#memory.answer((store) => store.list());
  }

  addCredential(credential: NewCredential): Promise<ListedCredential | null> {
    const added = { ...credential, createdAt: this.#runtime.now(), usedAt: null };
    return this.#memory.answer((store) => (addCredential(store, added) ? listed(added) : null));
  }

  credentials(): Promise<readonly ListedCredential[]> {
    return this.#memory.answer((store) => store.credentials().map(listed));
  }

  async useCredential(
    credentialId: string,
    hash: Uint8Array,
  ): Promise<ListedCredential | "expired" | null> {
    const now = this.#runtime.now();
    const found = await this.#memory.answer((store) =>
      useCredential(store, { credentialId, hash, now }),
    );
    return found === null || found === "expired" ? found : listed(found);
  }

  /** Null if there is no such credential. */
  revokeCredential(credentialId: string): Promise<ListedCredential | null> {
    return this.#memory.answer((store) => {
      const found = store.credential(credentialId);
      store.removeCredential(credentialId);
      return found === null ? null : listed(found);
    });
  }

  audit(events: readonly AuditEvent[]): Promise<void> {
    const now = this.#runtime.now();
    return this.#memory.answer(
      (store) => {
        for (const event of events) addAudit(store, event, now);
      },
      { isAtomic: true },
    );
  }

  auditPage(query: AuditQuery): Promise<AuditPage> {
    const now = this.#runtime.now();
    return this.#memory.answer((store) => auditPage(store, query, now));
  }

  write(lines: readonly OperatorsLine[]): Promise<void> {
    return this.#memory.answer((store) => writeOperators(store, lines), { isAtomic: true });
  }
}
