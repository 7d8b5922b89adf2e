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

/** After a failure of `connect` that says `later`; doubles up to the most. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 60_000;

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** What `use` begins, and `#closeUnused` ends. */
interface Life {
  isOver: boolean;
  readonly client: Promise<PushClient | undefined>;
}

/** A tag that components want. */
interface Wanted {
  users: number;
  /** One subscription for all of them. */
  readonly joined: Promise<void>;
}

export class PushSession {
  status = IDLE;
  readonly #connect: () => Promise<PushClient>;
  readonly #watchers = new Set<() => void>();
  readonly #listeners = new Set<MessageListener>();
  readonly #tags = new Map<string, Wanted>();
  #users = 0;
  #life: Life | undefined;
  /** Resolves with the next life: effects of components run before that of the provider around them. */
  #begins = Promise.withResolvers<Life>();
  #stopListening: (() => void) | undefined;

  constructor(connect: () => Promise<PushClient>) {
    this.#connect = connect;
  }

  /** @returns what ends the use */
  use(): () => void {
    this.#users += 1;
    if (this.#life === undefined) this.#begin();
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

  /** Several may listen. A message is acknowledged when all have dealt with it; if one fails, all get it again. */
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
    const push = await (this.#life ?? (await this.#begins.promise)).client;
    if (push === undefined) throw this.status.error ?? new Error("the PushProvider is gone");
    const answer = await make(push);
    // Ending a registration fires no event.
    if (push === this.status.push && push.regId !== this.status.regId)
      this.#set({ ...this.status, regId: push.regId });
    return answer;
  }

  /** Joins a tag until the last component that wants it is gone. Call it once the app is registered. */
  join(tag: string): Promise<void> {
    const wanted = this.#tags.get(tag) ?? this.#want(tag);
    wanted.users += 1;
    return wanted.joined;
  }

  #want(tag: string): Wanted {
    const wanted = { users: 0, joined: this.status.push?.subscribe(tag) ?? Promise.resolve() };
    this.#tags.set(tag, wanted);
    wanted.joined.catch(() => {
      if (this.#tags.get(tag) === wanted) this.#tags.delete(tag);
    });
    return wanted;
  }

  async leave(tag: string): Promise<void> {
    const wanted = this.#tags.get(tag);
    if (wanted === undefined) return;
    wanted.users -= 1;
    await wait(0);
    if (wanted.users > 0 || this.#tags.get(tag) !== wanted) return;
    this.#tags.delete(tag);
    if (this.#users > 0) await this.status.push?.unsubscribe(tag);
  }

  #begin(): void {
    const life: Life = { isOver: false, client: Promise.resolve().then(() => this.#open(life)) };
    this.#life = life;
    this.#begins.resolve(life);
    this.#set({ ...IDLE, state: "connecting" });
  }

  /** Undefined if it failed for good, or is over. */
  async #open(life: Life, retryMs = RETRY_MS): Promise<PushClient | undefined> {
    try {
      const push = await this.#connect();
      // What an earlier client still says must not show.
      const set = (status: Partial<PushStatus>) => {
        if (!life.isOver) this.#set({ ...this.status, ...status });
      };
      push.onState(({ state, error, retryInMs }) =>
        set({ regId: push.regId, state, error, retryInMs }),
      );
      push.onRegId((regId) => set({ regId }));
      set({ push, state: push.state, regId: push.regId, error: undefined, retryInMs: undefined });
      if (!life.isOver) this.#listenAgain();
      return push;
    } catch (error) {
      if (life.isOver) return undefined;
      const isForGood = (error as { readonly retry?: unknown }).retry !== "later";
      if (isForGood) {
        this.#set({ ...IDLE, state: "closed", error });
        return undefined;
      }
      this.#set({ ...IDLE, state: "waiting", error, retryInMs: retryMs });
      await wait(retryMs);
      return life.isOver ? undefined : this.#open(life, Math.min(2 * retryMs, RETRY_MAX_MS));
    }
  }

  async #closeUnused(): Promise<void> {
    const life = this.#life;
    if (this.#users > 0 || life === undefined) return;
    life.isOver = true;
    this.#life = undefined;
    this.#begins = Promise.withResolvers();
    this.#stopListening = undefined;
    this.#tags.clear();
    this.#set(IDLE);
    await (await life.client)?.close();
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
      const each = [...this.#listeners].map(async (listener) => listener(message));
      // All of them: one that still runs must not be called again beside itself.
      const failed = (await Promise.allSettled(each)).find(({ status }) => status === "rejected");
      if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
    });
  }

  #set(status: PushStatus): void {
    this.status = status;
    for (const changed of this.#watchers) changed();
  }
}
