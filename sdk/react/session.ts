/** A client for a tree of components: it is connected when the first of them wants it, and closed after the last is gone. */
import type { PushMessage } from "../device/client/message.ts";
import type { LinkStateName } from "../device/port.ts";
import type { PushClient } from "../device/push-client.ts";

export type MessageListener = (message: PushMessage) => unknown;

/** What components show of the client: a new object for each change. */
export interface PushStatus {
  /** Undefined until it is connected, and on a server. */
  readonly push: PushClient | undefined;
  /** Of the link. */
  readonly state: LinkStateName;
  /** Undefined until the app is registered. */
  readonly regId: string | undefined;
  /** Why `connect` failed, or the link ended. */
  readonly error: unknown;
  /** When the next attempt follows, milliseconds from the change. */
  readonly retryInMs: number | undefined;
}

export const IDLE: PushStatus = {
  ...{ push: undefined, state: "idle", regId: undefined },
  ...{ error: undefined, retryInMs: undefined },
};

export class PushSession {
  status = IDLE;
  readonly #connect: () => Promise<PushClient>;
  readonly #watchers = new Set<() => void>();
  readonly #listeners = new Set<MessageListener>();
  /** By tag, how many components want it. */
  readonly #tags = new Map<string, number>();
  #users = 0;
  #client: Promise<PushClient | undefined> | undefined;
  #stopListening: (() => void) | undefined;

  constructor(connect: () => Promise<PushClient>) {
    this.#connect = connect;
  }

  /** @returns what ends the use */
  use(): () => void {
    this.#users += 1;
    this.#client ??= this.#open();
    return () => {
      this.#users -= 1;
      // React unmounts and mounts again at once, in StrictMode and between routes.
      setTimeout(() => this.#closeUnused(), 0);
    };
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  /** Several may listen. A message is acknowledged when all have dealt with it; one that fails gets it again, and with it the others. */
  listen(listener: MessageListener): () => void {
    this.#listeners.add(listener);
    this.#listenAgain();
    return () => {
      this.#listeners.delete(listener);
      this.#listenAgain();
    };
  }

  /** Of the client, once it is connected. Its failure is that of `connect`. */
  async call<T>(make: (push: PushClient) => Promise<T>): Promise<T> {
    const push = await this.#client;
    if (push === undefined) throw this.status.error ?? new Error("no PushProvider is mounted");
    const answer = await make(push);
    // Ending a registration fires no event.
    if (push.regId !== this.status.regId) this.#set({ ...this.status, regId: push.regId });
    return answer;
  }

  /** Joins a tag until the last component that wants it is gone. Call it once the app is registered. */
  async join(tag: string): Promise<void> {
    const count = (this.#tags.get(tag) ?? 0) + 1;
    this.#tags.set(tag, count);
    if (count === 1) await this.status.push?.subscribe(tag);
  }

  async leave(tag: string): Promise<void> {
    this.#tags.set(tag, (this.#tags.get(tag) ?? 1) - 1);
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (this.#tags.get(tag) !== 0) return;
    this.#tags.delete(tag);
    if (this.#users > 0) await this.status.push?.unsubscribe(tag);
  }

  async #open(): Promise<PushClient | undefined> {
    this.#set({ ...IDLE, state: "connecting" });
    try {
      const push = await this.#connect();
      push.onState(({ state, error, retryInMs }) => {
        const { regId } = push;
        this.#set({ ...this.status, regId, state, error, retryInMs });
      });
      push.onRegId((regId) => this.#set({ ...this.status, regId }));
      this.#set({ ...this.status, push, state: push.state, regId: push.regId });
      this.#listenAgain();
      return push;
    } catch (error) {
      this.#set({ ...IDLE, state: "closed", error });
      return undefined;
    }
  }

  async #closeUnused(): Promise<void> {
    if (this.#users > 0 || this.#client === undefined) return;
    const client = this.#client;
    this.#client = undefined;
    const push = await client;
    this.#stopListening = undefined;
    if (this.#client === undefined) this.#set(IDLE);
    await push?.close();
  }

  #listenAgain(): void {
    const { push } = this.status;
    if (push === undefined) return;
    if (this.#listeners.size === 0) {
      this.#stopListening?.();
      this.#stopListening = undefined;
      return;
    }
    this.#stopListening ??= push.onMessage(async (message) => {
      await Promise.all([...this.#listeners].map(async (listener) => listener(message)));
    });
  }

  #set(status: PushStatus): void {
    this.status = status;
    for (const changed of this.#watchers) changed();
  }
}
