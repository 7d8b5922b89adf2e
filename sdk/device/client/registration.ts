/** The stored state of a registration: its regId, and the messages and broadcasts that the app has handled. */
import { toBase64Url } from "../../../schema/text.ts";
import { ENDED_LENGTH, SIGN_OUT_BYTES } from "../constants.ts";
import type { Host } from "../host.ts";
import type { BatchedStorage } from "../storage/batched.ts";
import type { Storage, Stored } from "../storage/storage.ts";
import { Cursors } from "./cursors.ts";
import { DuplicateWindows } from "./windows.ts";

const keyOf = (appId: string, name: string): string => `app/${appId}/${name}`;

/**
 * The last sign-out of an app that this or another client of the storage has stored, if the mesh has not confirmed it: every registration ends
 * that there is.
 *
 * Each sign-out has a random name, and only sign-outs write it: a client that stores its registration, or that an earlier sign-out has
 * ended, takes back none that another client stores meanwhile.
 */
export async function readSignOut(
  storage: Pick<Storage, "get">,
  appId: string,
): Promise<string | undefined> {
  const last = await storage.get(keyOf(appId, "ending"));
  // Names of one length.
  const ended = String(await storage.get(keyOf(appId, "ended")));
  return typeof last === "string" && !ended.includes(last) ? last : undefined;
}

/** The identity in a regId sealed with the mesh's first key (docs/protocol.md, section 5): used if the mesh sent none. */
const ownIdentity = (regId: string | undefined) => regId?.slice(2, 10);

export class StoredRegistration {
  readonly windows: DuplicateWindows;
  readonly cursors: Cursors;
  readonly #storage: BatchedStorage;
  readonly #appId: string;
  readonly #random: () => string;
  #regId: string | undefined;
  /** `Registration.identity`, as far as it is known. */
  #identity: string | undefined;
  /** As stored: belongs to the next regId if a crash happened between the two writes. */
  #stored: string | undefined;
  /** The sign-out that the mesh has not confirmed. */
  #ending: string | undefined;
  /** The last one that it has; the storage may not have it yet. */
  #ended: string | undefined;

  constructor(storage: BatchedStorage, appId: string, { crypto }: Pick<Host, "crypto">) {
    this.#storage = storage;
    this.#random = () => toBase64Url(crypto.getRandomValues(new Uint8Array(SIGN_OUT_BYTES)));
    this.#appId = appId;
    this.windows = new DuplicateWindows(storage, keyOf(appId, "window/"));
    this.cursors = new Cursors(storage, keyOf(appId, "cursors/"));
  }

  /** Reads the stored state; call it first. Rejects with the error of the storage. */
  async load(): Promise<void> {
    await this.windows.load();
    await this.cursors.load();
    const pending = await this.readSignOut();
    this.#ending = pending;
    const identity = await this.#get("identity");
    const [of, stored] = String(identity).split(" ");
    const regId = (await this.#get("regId")) ?? (pending && identity && of);
    if (typeof regId !== "string") return;
    this.#regId = regId;
    this.#stored = stored;
    // It belongs to another regId if an older version of the SDK, which does not write it, has run since.
    this.#identity = of === regId ? stored : ownIdentity(regId);
  }

  /** Undefined while the app is not registered, or is to be unregistered. */
  get regId(): string | undefined {
    return this.#ending === undefined ? this.#regId : undefined;
  }

  /** The same for its life; undefined while there is none. */
  get identity(): string | undefined {
    return this.regId && this.#identity;
  }

  /** The sign-out, or unregister, that the mesh has not confirmed, also after a restart; undefined if there is none. */
  get ending(): string | undefined {
    return this.#ending;
  }

  /** See `readSignOut`. */
  readSignOut(): Promise<string | undefined> {
    return readSignOut(this.#storage, this.#appId);
  }

  /**
   * Whether another client of the storage has asked for the end of the registration. Not if this one has, which may take it back.
   *
   * @param found if given, only this sign-out counts
   */
  async isEndingElsewhere(found?: Promise<string | undefined>): Promise<boolean> {
    const pending = await this.readSignOut();
    if (found && (await found) !== pending) return false;
    if (this.#ending !== undefined || pending === this.#ended) return false;
    this.#ending = pending;
    return pending !== undefined;
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

  /** Stores that every registration is to end that there is, in the storage and in the mesh. */
  end(): void {
    this.#ending = this.#random();
    this.#put("ending", this.#ending);
    this.#put("regId", undefined);
  }

  /** Nothing is to end any more: it has ended, or is to stay. */
  endNothing(signOut = this.#ending): void {
    if (signOut === undefined) return;
    if (signOut === this.#ending) this.#ending = undefined;
    this.#ended = signOut;
    // With those that other clients have confirmed: one of them may be the last.
    this.#storage.put(keyOf(this.#appId, "ended"), async () =>
      `${signOut} ${(await this.#get("ended")) ?? ""}`.slice(0, ENDED_LENGTH),
    );
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
    // Not while it is to end: other clients of the storage see by it that it is gone.
    this.#put("regId", this.regId);
    this.#put("identity", identity && `${regId} ${identity}`);
  }

  #get(name: string): Promise<Stored | undefined> {
    return this.#storage.get(keyOf(this.#appId, name));
  }

  #put(name: string, text: string | undefined): void {
    this.#storage.put(keyOf(this.#appId, name), () => text);
  }
}
