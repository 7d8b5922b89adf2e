/** The stored state of a registration: its regId, and the messages and broadcasts that the app has handled. */
import type { Ending } from "../port.ts";
import type { BatchedStorage } from "../storage/batched.ts";
import { Cursors } from "./cursors.ts";
import { DuplicateWindows } from "./windows.ts";

/** The identity in a regId sealed with the mesh's first key (docs/protocol.md, section 5): used if the mesh sent none. */
const ownIdentity = (regId: string | undefined) => regId?.slice(2, 10);

export class StoredRegistration {
  readonly windows: DuplicateWindows;
  readonly cursors: Cursors;
  readonly #storage: BatchedStorage;
  readonly #prefix: string;
  #regId: string | undefined;
  /** `Registration.identity`, as far as it is known. */
  #identity: string | undefined;
  /** As stored: belongs to the next regId if a crash happened between the two writes. */
  #stored: string | undefined;
  /** The app asked to end it, and the mesh has not answered. */
  #isEnding = false;

  constructor(storage: BatchedStorage, appId: string) {
    this.#storage = storage;
    this.#prefix = `app/${appId}/`;
    this.windows = new DuplicateWindows(storage, `${this.#prefix}window/`);
    this.cursors = new Cursors(storage, `${this.#prefix}cursors/`);
  }

  /** Reads the stored state; call it first. Rejects with the error of the storage. */
  async load(): Promise<void> {
    await this.windows.load();
    await this.cursors.load();
    const get = (name: string) => this.#storage.get(this.#prefix + name);
    const regId = await get("regId");
    if (typeof regId !== "string") return;
    this.#regId = regId;
    // It belongs to another regId if an older version of the SDK, which does not write it, has run since.
    const [of, identity] = String(await get("identity")).split(" ");
    this.#stored = identity;
    this.#identity = of === regId ? identity : ownIdentity(regId);
    // After a crash between the two writes, this may be the end of an earlier regId.
    this.#isEnding = (await get("ending")) === regId;
  }

  /** Undefined while the app is not registered, or is to be unregistered. */
  get regId(): string | undefined {
    return this.#isEnding ? undefined : this.#regId;
  }

  /** The registration to end, also after a restart; undefined if there is none. */
  get ending(): Ending | undefined {
    return this.#isEnding ? { only: this.#regId, identity: this.#identity } : undefined;
  }

  /** Stores that the registration is to end, or (`false`) that it is not. */
  end(on: boolean): void {
    this.#isEnding = on;
    this.#write();
  }

  /**
   * Stores what the mesh sent; a regId of undefined after an unregister.
   *
   * @returns undefined if nothing changes for the app; otherwise whether the registration is another one
   */
  change(regId: string | undefined, identity: string | undefined): boolean | undefined {
    const known = this.#regId;
    if (regId === known && (identity ?? this.#identity) === this.#identity) return;
    const isAnother =
      regId !== known && ![this.#identity, this.#stored].includes(identity ?? regId ?? "");
    this.#isEnding &&= !isAnother;
    // Keys identify messages, and cursors broadcasts, only within one registration.
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
