/** What an app keeps of its registration: its regId, and which of its messages and broadcasts it has taken. */
import type { BatchedStorage } from "../storage/batched.ts";
import { Cursors } from "./cursors.ts";
import { DuplicateWindows } from "./windows.ts";

export class StoredRegistration {
  readonly windows: DuplicateWindows;
  readonly cursors: Cursors;
  readonly #storage: BatchedStorage;
  readonly #regIdKey: string;
  #regId: string | undefined;

  constructor(storage: BatchedStorage, appId: string) {
    this.#storage = storage;
    this.#regIdKey = `app/${appId}/regId`;
    this.windows = new DuplicateWindows(storage, `app/${appId}/window/`);
    this.cursors = new Cursors(storage, `app/${appId}/cursors/`);
  }

  /** Reads what is stored; before anything else. Rejects with what the storage rejects with. */
  async load(): Promise<void> {
    await this.windows.load();
    await this.cursors.load();
    const regId = await this.#storage.get(this.#regIdKey);
    if (typeof regId === "string") this.#regId = regId;
  }

  /** Undefined while the app is not registered. */
  get regId(): string | undefined {
    return this.#regId;
  }

  /**
   * Takes the regId that the mesh told; undefined after an unregister.
   *
   * @returns whether it is another
   */
  change(regId: string | undefined): boolean {
    if (regId === this.#regId) return false;
    // Keys tell messages apart within one registration only, and cursors broadcasts.
    if (this.#regId !== undefined) {
      this.windows.clear();
      this.cursors.clear();
    }
    this.#regId = regId;
    this.#storage.put(this.#regIdKey, () => regId);
    return true;
  }
}
