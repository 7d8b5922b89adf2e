/** Begins and ends the registration of one app: what it asks the mesh, and what it stores until the mesh has answered. */
import type { BatchedStorage } from "../storage/batched.ts";
import type { CallOptions } from "./options.ts";
import type { StoredRegistration } from "./registration.ts";
import type { Requests } from "./requests.ts";

interface RegisteringOptions {
  readonly requests: Requests;
  readonly registration: StoredRegistration;
  readonly storage: BatchedStorage;
  /** Whether the app gives grants. */
  readonly grants: boolean;
}

export class Registering {
  readonly #requests: Requests;
  readonly #registration: StoredRegistration;
  readonly #storage: BatchedStorage;
  readonly #grants: boolean;
  /** Ends that wait for their answers. */
  #ends = 0;
  /** Resolves when the last end is stored as over: after a kill, it would be taken for one of a registration since. */
  #stored: Promise<unknown> | undefined;

  constructor({ requests, registration, storage, grants }: RegisteringOptions) {
    this.#requests = requests;
    this.#registration = registration;
    this.#storage = storage;
    this.#grants = grants;
  }

  /** A sign-out that another client has stored comes before the requests to come: what they register is to stay. */
  endFirst(): void {
    // If the storage cannot say, it cannot store that either.
    const found = this.#registration.readSignOut().catch(() => undefined);
    this.#requests.hold(async () => {
      if (await this.#registration.isEndingElsewhere(found).catch(() => false))
        await this.endStored();
      await this.#storage.settled();
    });
  }

  /** See `PushClient.register`. @param renews registers also if the app is registered, to renew its grant */
  async begin(options: CallOptions, renews = false): Promise<string> {
    const registration = this.#registration;
    const grants = this.#grants;
    const command = {
      kind: "register",
      // When it is posted: a sign-out may come first.
      get isHeld() {
        return registration.regId !== undefined;
      },
      grants,
      // Without a callback for grants there is nothing to renew with.
      get renews() {
        return this.isHeld && renews && grants;
      },
    } as const;
    const answer = await this.#requests.make(command, options);
    await this.#stored;
    // A sealed renewal is answered with Done, which names no registration.
    return String(answer ?? registration.regId);
  }

  /** Registers again, which asks for a grant; does nothing if the app is not registered. */
  async renew(): Promise<void> {
    if (this.#registration.regId !== undefined) await this.begin({}, true);
  }

  /** See `PushClient.unregister`. @param onStays called if it is cancelled */
  async end(options: CallOptions, onStays: () => void): Promise<void> {
    this.#registration.end();
    try {
      await this.#ask(options);
    } catch (error) {
      if (options.signal?.aborted && this.#ends === 0) {
        this.#registration.endNothing();
        onStays();
      }
      throw error;
    } finally {
      await this.#storage.settled();
    }
  }

  /** See `PushClient.signOut`. @param isClosed whether the client has no link any more */
  async signOut(isClosed: boolean): Promise<void> {
    this.#registration.end();
    if (!isClosed) this.#ask({}).catch(() => {});
    const failure = await this.#storage.settled();
    if (failure !== undefined) throw failure;
  }

  /** The push service has found it in the storage, and the mesh has confirmed it. Ours that waits may end one that is still to come. */
  ended(signOut: string | undefined): void {
    if (this.#ends === 0 || signOut !== this.#registration.ending) this.#endNothing(signOut);
  }

  /** Asks the mesh for the end that was found in the storage, before all requests that wait. If that fails, the next start asks again. */
  endStored(): Promise<void> {
    return this.#ask({}, false).catch(() => {});
  }

  #endNothing(signOut?: string): void {
    this.#registration.endNothing(signOut);
    this.#stored = this.#storage.settled();
  }

  /** @param waits false if its sign-out is stored, and the requests that wait are to come after it */
  async #ask(options: CallOptions, waits = true): Promise<void> {
    this.#ends++;
    const command = { kind: "unregister" as const, signOut: this.#registration.ending };
    // What has a name is in the storage: if it is pending there no more, another client has seen to it.
    this.#requests.hold(async () => {
      if (await this.#storage.settled()) command.signOut = undefined;
    });
    const asked = (async () => {
      await this.#requests.make(command, options, waits).finally(() => this.#ends--);
      if (this.#ends === 0) this.#endNothing();
    })();
    // A register that follows waits until that is stored: after a kill, this end would be taken for one of its registration.
    this.#requests.hold(() => asked.catch(() => {}).then(() => this.#storage.settled()));
    await asked;
  }
}
