/** A client for a tree of components: it is connected when the first of them wants it, and closed after the last is gone. */
import type { PushMessage } from "../device/client/message.ts";
import type { StateChange } from "../device/client/options.ts";
import type { LinkStateName } from "../device/port.ts";
import type { PushClient } from "../device/push-client.ts";

export type MessageListener = (message: PushMessage<unknown>) => unknown;

/** What components show of the client: a new object for each change. */
export interface PushStatus {
  /** Undefined until it is connected, and on a server. */
  readonly push: PushClient<unknown> | undefined;
  /** Of the link. */
  readonly state: LinkStateName;
  /** Undefined until the app is registered. */
  readonly regId: string | undefined;
  /** Why `connect` failed, or the link ended. */
  readonly error: unknown;
  /** When the next attempt follows, milliseconds from the change. */
  readonly retryInMs: number | undefined;
  /** When that is, on the clock of this device, milliseconds since 1970. */
  readonly retryAt: number | undefined;
}

export const IDLE: PushStatus = {
  ...{ push: undefined, state: "idle", regId: undefined },
  ...{ error: undefined, retryInMs: undefined, retryAt: undefined },
};

/** After a failure of `connect` that says `later`; doubles up to the most. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 60_000;

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** What `use` begins, and `#closeUnused` ends. */
interface Life {
  isOver: boolean;
  readonly client: Promise<PushClient<unknown> | undefined>;
}

/** A handler of a component, at the client of the moment. */
interface Listening {
  readonly listener: MessageListener;
  stop: () => void;
}

/** A tag that components want. */
interface Wanted {
  users: number;
  /** One subscription for all of them. */
  readonly joined: Promise<void>;
}

export class PushSession {
  status = IDLE;
  readonly #connect: () => Promise<PushClient<unknown>>;
  readonly #watchers = new Set<() => void>();
  readonly #listeners = new Set<Listening>();
  readonly #tags = new Map<string, Wanted>();
  #users = 0;
  #life: Life | undefined;
  /** Resolves with the next life: effects of components run before that of the provider around them. */
  #begins = Promise.withResolvers<Life>();

  constructor(connect: () => Promise<PushClient<unknown>>) {
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

  /** Several may listen: see `PushClient.onMessage`. */
  listen(listener: MessageListener): () => void {
    const listening = { listener, stop: () => {} };
    this.#listeners.add(listening);
    this.#listenAt(listening);
    return () => {
      this.#listeners.delete(listening);
      listening.stop();
    };
  }

  /** Of the client, once it is connected. Its failure is that of `connect`. */
  async call<T>(make: (push: PushClient<unknown>) => Promise<T>): Promise<T> {
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
  async #open(life: Life, retryMs = RETRY_MS): Promise<PushClient<unknown> | undefined> {
    try {
      const push = await this.#connect();
      // What an earlier client still says must not show.
      const set = (status: Partial<PushStatus>) => {
        if (!life.isOver) this.#set({ ...this.status, ...status });
      };
      const show = ({ state, error, retryInMs, retryAt }: StateChange) =>
        set({ push, regId: push.regId, state, error, retryInMs, retryAt });
      push.onState(show);
      push.onRegId((regId) => set({ regId }));
      show(push.status);
      if (!life.isOver) for (const listening of this.#listeners) this.#listenAt(listening);
      return push;
    } catch (error) {
      if (life.isOver) return undefined;
      const isForGood = (error as { readonly retry?: unknown }).retry !== "later";
      if (isForGood) {
        this.#set({ ...IDLE, state: "closed", error });
        return undefined;
      }
      const retryAt = Date.now() + retryMs;
      this.#set({ ...IDLE, state: "waiting", error, retryInMs: retryMs, retryAt });
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
    // Of a client that is closed; the next one has not begun.
    for (const listening of this.#listeners) listening.stop = () => {};
    this.#tags.clear();
    this.#set(IDLE);
    await (await life.client)?.close();
  }

  #listenAt(listening: Listening): void {
    listening.stop = this.status.push?.onMessage(listening.listener) ?? listening.stop;
  }

  #set(status: PushStatus): void {
    this.status = status;
    for (const changed of this.#watchers) changed();
  }
}
