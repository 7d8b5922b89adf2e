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

  constructor({ requests, registration, storage, grants }: RegisteringOptions) {
    this.#requests = requests;
    this.#registration = registration;
    this.#storage = storage;
    this.#grants = grants;
  }

  /** See `PushClient.register`. @param renews registers also if the app is registered, to renew its grant */
  async begin(options: CallOptions, renews = false): Promise<string> {
    const isHeld = this.#registration.regId !== undefined;
    const command = {
      kind: "register",
      isHeld,
      grants: this.#grants,
      // Without a callback for grants there is nothing to renew with.
      renews: isHeld && renews && this.#grants,
    } as const;
    const answer = await this.#requests.make(command, options);
    // A sealed renewal is answered with Done, which names no registration.
    return String(answer ?? this.#registration.regId);
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
    if (!isClosed) this.endStored();
    const failure = await this.#storage.settled();
    if (failure !== undefined) throw failure;
  }

  /** The push service has found it in the storage, and the mesh has confirmed it. Ours that waits may end one that is still to come. */
  ended(signOut: string | undefined): void {
    if (this.#ends === 0 || signOut !== this.#registration.ending)
      this.#registration.endNothing(signOut);
  }

  /** Asks the mesh for the end that is stored. If that fails, the next start asks again. */
  endStored(): void {
    this.#ask({}).catch(() => {});
  }

  async #ask(options: CallOptions): Promise<void> {
    this.#ends++;
    const command = { kind: "unregister", signOut: this.#registration.ending } as const;
    const asked = (async () => {
      await this.#requests.make(command, options).finally(() => this.#ends--);
      if (this.#ends === 0) this.#registration.endNothing();
    })();
    // A register that follows waits until that is stored: after a kill, this end would be taken for one of its registration.
    this.#requests.hold(asked.catch(() => {}).then(() => this.#storage.settled()));
    await asked;
  }
}
