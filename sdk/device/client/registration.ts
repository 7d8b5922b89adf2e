/** What an app keeps of its registration: its regId, and which of its messages and broadcasts it has taken. */
import type { Ending } from "../port.ts";
import type { BatchedStorage } from "../storage/batched.ts";
import { Cursors } from "./cursors.ts";
import { DuplicateWindows } from "./windows.ts";

/** Of a regId that the mesh's first key sealed (docs/protocol.md, section 5): all there is where the mesh has told none. */
const ownIdentity = (regId: string | undefined) => regId?.slice(2, 10);

export class StoredRegistration {
  readonly windows: DuplicateWindows;
  readonly cursors: Cursors;
  readonly #storage: BatchedStorage;
  readonly #prefix: string;
  #regId: string | undefined;
  /** `Registration.identity`, as far as it is known. */
  #identity: string | undefined;
  /** As it is stored: of the regId to come, where a crash came between the two writes. */
  #stored: string | undefined;
  /** The app asked for its end, and the mesh has not answered. */
  #isEnding = false;

  constructor(storage: BatchedStorage, appId: string) {
    this.#storage = storage;
    this.#prefix = `app/${appId}/`;
    this.windows = new DuplicateWindows(storage, `${this.#prefix}window/`);
    this.cursors = new Cursors(storage, `${this.#prefix}cursors/`);
  }

  /** Reads what is stored; before anything else. Rejects with what the storage rejects with. */
  async load(): Promise<void> {
    await this.windows.load();
    await this.cursors.load();
    const get = (name: string) => this.#storage.get(this.#prefix + name);
    const regId = await get("regId");
    if (typeof regId !== "string") return;
    this.#regId = regId;
    // Of another regId where an older version of the SDK, which does not write it, has been here since.
    const [of, identity] = String(await get("identity")).split(" ");
    this.#stored = identity;
    this.#identity = of === regId ? identity : ownIdentity(regId);
    // A crash between the two writes leaves the end of a regId that is no longer ours.
    this.#isEnding = (await get("ending")) === regId;
  }

  /** Undefined while the app is not registered, or is to be no more. */
  get regId(): string | undefined {
    return this.#isEnding ? undefined : this.#regId;
  }

  /** What is to end, also after a restart; undefined where nothing is. */
  get ending(): Ending | undefined {
    return this.#isEnding ? { only: this.#regId, identity: this.#identity } : undefined;
  }

  /** Remembers that the registration is to end, or (`false`) that it is not. */
  end(on: boolean): void {
    this.#isEnding = on;
    this.#write();
  }

  /**
   * Takes what the mesh told; a regId of undefined after an unregister.
   *
   * @returns undefined where the app has nothing to learn of it; else whether the registration is another one
   */
  change(regId: string | undefined, identity: string | undefined): boolean | undefined {
    const known = this.#regId;
    if (regId === known && (identity ?? this.#identity) === this.#identity) return;
    const isAnother =
      regId !== known && ![this.#identity, this.#stored].includes(identity ?? regId ?? "");
    this.#isEnding &&= !isAnother;
    // Keys tell messages apart within one registration only, and cursors broadcasts.
    if (isAnother && known !== undefined) {
      this.windows.clear();
      this.cursors.clear();
    }
    this.#regId = regId;
    this.#identity = identity ?? ownIdentity(regId);
    this.#write();
    return this.#isEnding || regId === known ? undefined : isAnother;
  }

  #write(): void {
    const regId = this.#regId;
    const identity = this.#identity;
    const put = (name: string, text: string | undefined): void =>
      this.#storage.put(this.#prefix + name, () => text);
    put("regId", regId);
    put("identity", identity && `${regId} ${identity}`);
    put("ending", this.#isEnding ? regId : undefined);
  }
}
