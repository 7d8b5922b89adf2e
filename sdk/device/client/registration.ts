/** The stored state of a registration: its regId, and the messages and broadcasts that the app has handled. */
import type { Ending } from "../port.ts";
import type { BatchedStorage } from "../storage/batched.ts";
import type { Storage, Stored } from "../storage/storage.ts";
import { Cursors } from "./cursors.ts";
import { DuplicateWindows } from "./windows.ts";

/** Stored as the regId of the registration to end, if the app signed out before it knew one: whichever there is ends. */
const ANY = "*";

const keyOf = (appId: string, name: string): string => `app/${appId}/${name}`;

/** The stored end of a registration that the mesh has not confirmed, by this or another client of the storage. */
export async function readEnding(
  storage: Pick<Storage, "get">,
  appId: string,
): Promise<Ending | undefined> {
  const get = (name: string) => storage.get(keyOf(appId, name));
  const only = await get("ending");
  if (typeof only !== "string") return;
  // Another registration has taken its place: only the deletion of this is missing.
  const regId = (await get("regId")) ?? only;
  if (regId !== only) return;
  return only === ANY ? {} : { only, identity: readIdentity(await get("identity"), only) };
}

/** It belongs to another regId if an older version of the SDK, which does not write it, has run since. */
function readIdentity(stored: Stored | undefined, regId: string): string | undefined {
  const [of, identity] = String(stored).split(" ");
  return of === regId ? identity : ownIdentity(regId);
}

/** The identity in a regId sealed with the mesh's first key (docs/protocol.md, section 5): used if the mesh sent none. */
const ownIdentity = (regId: string | undefined) => regId?.slice(2, 10);

export class StoredRegistration {
  readonly windows: DuplicateWindows;
  readonly cursors: Cursors;
  readonly #storage: BatchedStorage;
  readonly #appId: string;
  #regId: string | undefined;
  /** `Registration.identity`, as far as it is known. */
  #identity: string | undefined;
  /** As stored: belongs to the next regId if a crash happened between the two writes. */
  #stored: string | undefined;
  /** The app asked to end this regId, or `ANY`, and the mesh has not answered. */
  #ending: string | undefined;

  constructor(storage: BatchedStorage, appId: string) {
    this.#storage = storage;
    this.#appId = appId;
    this.windows = new DuplicateWindows(storage, keyOf(appId, "window/"));
    this.cursors = new Cursors(storage, keyOf(appId, "cursors/"));
  }

  /** Reads the stored state; call it first. Rejects with the error of the storage. */
  async load(): Promise<void> {
    await this.windows.load();
    await this.cursors.load();
    const ending = await readEnding(this.#storage, this.#appId);
    this.#ending = ending && (ending.only ?? ANY);
    const regId = (await this.#get("regId")) ?? ending?.only;
    if (typeof regId !== "string") return;
    this.#regId = regId;
    const identity = await this.#get("identity");
    this.#stored = String(identity).split(" ")[1];
    this.#identity = readIdentity(identity, regId);
  }

  /** Undefined while the app is not registered, or is to be unregistered. */
  get regId(): string | undefined {
    return this.#ending === undefined ? this.#regId : undefined;
  }

  /** The same for its life; undefined while there is none. */
  get identity(): string | undefined {
    return this.regId && this.#identity;
  }

  /** The registration to end, also after a restart; undefined if there is none. */
  get ending(): Ending | undefined {
    if (this.#ending === undefined) return undefined;
    return this.#ending === ANY ? {} : { only: this.#regId, identity: this.#identity };
  }

  /** Whether another client of the storage has asked for the end of the registration. Not if this one has, which may take it back. */
  async isEndingElsewhere(): Promise<boolean> {
    const ending = await readEnding(this.#storage, this.#appId);
    if (ending === undefined || this.#ending !== undefined) return false;
    this.#ending = ending.only ?? ANY;
    return true;
  }

  /** Whether the registration is to end, as this client or another one of the storage has asked. */
  async isEnding(): Promise<boolean> {
    return (await this.isEndingElsewhere()) || this.#ending !== undefined;
  }

  /** Whether another client of the storage has ended the registration that this one knows. */
  async isGone(): Promise<boolean> {
    // Not if our own write of it has failed.
    const failure = await this.#storage.settled();
    return failure === undefined && (await this.#get("regId")) === undefined;
  }

  /** Stores that the registration is to end. @param isRegistering whether another one may follow it, which is to end, too */
  end(isRegistering: boolean): void {
    const isFollowed = isRegistering && this.#ending !== undefined;
    this.#ending = (isFollowed ? undefined : this.#regId) ?? ANY;
    this.#write();
  }

  /** The same for a client that has no link: another one of the storage may have registered since. */
  async endStored(): Promise<void> {
    const ending = await readEnding(this.#storage, this.#appId);
    const regId = (await this.#get("regId")) ?? ending?.only ?? ANY;
    this.#put("regId", undefined);
    this.#put("ending", String(regId));
  }

  /** Nothing is to end any more: it has ended, or is to stay. */
  endNothing(): void {
    this.#ending = undefined;
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
    if (this.#ending !== ANY && isAnother) this.#ending = undefined;
    // Whichever there was to end, or the same registration under another regId.
    if (this.#ending !== undefined) this.#ending = regId ?? ANY;
    // Keys identify messages, and cursors broadcasts, only within one registration.
    if (isAnother && known !== undefined) {
      this.windows.clear();
      this.cursors.clear();
    }
    this.#regId = regId;
    this.#identity = identity ?? ownIdentity(regId);
    this.#write();
    const isHidden = this.#ending !== undefined && regId !== undefined;
    return isHidden || regId === known ? undefined : isAnother;
  }

  #write(): void {
    const regId = this.#regId;
    const identity = this.#identity;
    // Not while it is to end, so that the end of any registration, `ANY`, is not taken for that of a later one.
    this.#put("regId", this.regId);
    this.#put("identity", identity && `${regId} ${identity}`);
    this.#put("ending", this.#ending);
  }

  #get(name: string): Promise<Stored | undefined> {
    return this.#storage.get(keyOf(this.#appId, name));
  }

  #put(name: string, text: string | undefined): void {
    this.#storage.put(keyOf(this.#appId, name), () => text);
  }
}
