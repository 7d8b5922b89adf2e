/** What an app keeps of its registration: its regId, and which of its messages and broadcasts it has taken. */
import type { BatchedStorage } from "../storage/batched.ts";
import { Cursors } from "./cursors.ts";
import { DuplicateWindows } from "./windows.ts";

export class StoredRegistration {
  readonly windows: DuplicateWindows;
  readonly cursors: Cursors;
  readonly #storage: BatchedStorage;
  readonly #regIdKey: string;
  readonly #endingKey: string;
  #regId: string | undefined;
  /** The regId that the app asked to end, until the mesh has. */
  #ending: string | undefined;

  constructor(storage: BatchedStorage, appId: string) {
    this.#storage = storage;
    this.#regIdKey = `app/${appId}/regId`;
    this.#endingKey = `app/${appId}/ending`;
    this.windows = new DuplicateWindows(storage, `app/${appId}/window/`);
    this.cursors = new Cursors(storage, `app/${appId}/cursors/`);
  }

  /** Reads what is stored; before anything else. Rejects with what the storage rejects with. */
  async load(): Promise<void> {
    await this.windows.load();
    await this.cursors.load();
    const regId = await this.#storage.get(this.#regIdKey);
    if (typeof regId === "string") this.#regId = regId;
    // A crash between the two writes leaves the end of a regId that is no longer ours.
    if ((await this.#storage.get(this.#endingKey)) === regId) this.#ending = this.#regId;
  }

  /** Undefined while the app is not registered, or is to be no more. */
  get regId(): string | undefined {
    return this.#ending === undefined ? this.#regId : undefined;
  }

  /** The regId to end, also after a restart; undefined where none is. */
  get ending(): string | undefined {
    return this.#ending;
  }

  /** Remembers that the registration is to end, or (`false`) that it is not. */
  end(on: boolean): void {
    const ending = on ? this.#regId : undefined;
    if (ending === this.#ending) return;
    this.#ending = ending;
    this.#storage.put(this.#endingKey, () => ending);
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
    this.end(false);
    this.#regId = regId;
    this.#storage.put(this.#regIdKey, () => regId);
    return true;
  }
}
