/**
 * One live node: the listeners of one tag in one region, and the log that they resume from. Every listener has a position, and is sent what
 * came after it. One pass at a time goes over all listeners.
 */
import { type ErrorCode, MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { SingleFlight } from "../single-flight.ts";
import type {
  LiveAccess,
  LivePublish,
  LivePublishAnswer,
  LiveReportAnswer,
} from "../tag/calls/live.ts";
import type { LiveName } from "../tag/name.ts";
import { ListenerAccess, type Pass } from "./access.ts";
import type { LiveHost, Sink } from "./host.ts";
import type { LiveLog } from "./log.ts";
import { Presence } from "./presence.ts";
import { RootFeed } from "./root-feed.ts";
import type { LiveStore } from "./store.ts";
import { type LiveText, presenceText } from "./text.ts";

/** Listeners served before other work may run: about 10 ms of sends. */
const TURN_COUNT = 256;
/** How often lagging listeners are checked, and after how many checks without reading they are disconnected: 10 s. */
const LAG_CHECK_MS = 50;
const LAG_CHECKS = 200;

/** How long a connection may take to open after `prepare`. After a longer time, `join` makes the node report itself again. */
const OPENING_MS = 60_000;

interface LiveNodeOptions {
  readonly name: LiveName;
  readonly store: LiveStore;
  readonly host: LiveHost;
  /** Default: `LIMITS.LIVE_LISTENERS`. */
  readonly maxListeners?: number;
}

interface Listener {
  readonly sink: Sink;
  /** Null if it showed no token. */
  pass: Pass | null;
  /** It has everything up to here. */
  position: number;
  /** It was connected for everything after its position, so ttl 0 broadcasts are for it, too. */
  isLive: boolean;
  /** The number of listeners that it was told last; null for none. */
  told: number | null;
}

export class LiveNode {
  readonly #host: LiveHost;
  readonly #feed: RootFeed;
  readonly #maxListeners: number;
  readonly #listeners = new Map<Sink, Listener>();
  readonly #presence: Presence;
  readonly #access: ListenerAccess<Listener>;
  /** Last call of `prepare`, milliseconds since 1970. */
  #preparedAt = Number.NEGATIVE_INFINITY;
  readonly #pass = new SingleFlight();
  /** Something came during the pass, which may have missed it for some listeners. */
  #again = false;
  /** The last presence message. */
  #told: { listeners: number; cursor: number; text: LiveText } | null = null;
  /** Listeners whose buffer is full, and for how many checks each has read nothing. */
  readonly #lagging = new Map<Listener, { checks: number; unread: number }>();

  constructor({ name, store, host, maxListeners = LIMITS.LIVE_LISTENERS }: LiveNodeOptions) {
    this.#host = host;
    this.#feed = new RootFeed(store, host);
    this.#maxListeners = maxListeners;
    this.#presence = new Presence({
      name,
      host,
      tag: this.#feed.storedTag,
      count: () => this.#listeners.size,
      // The root may have new broadcasts: this node slept, or was not called because nobody listened.
      reported: (answer) => this.#catchUp(answer),
      show: () => this.#serveAll(),
    });
    this.#access = new ListenerAccess({
      all: () => this.#listeners.values(),
      end: ({ sink }, code) => this.#disconnect(sink, code),
      trust: () => host.withTimeout(LIMITS.CALL_MS, host.trust()),
    });
  }

  /** Number of listeners. */
  get count(): number {
    return this.#listeners.size;
  }

  /** Whether work is under way that exists in memory only. */
  get isBusy(): boolean {
    return this.#pass.isRunning || this.#presence.isBusy || this.#lagging.size > 0;
  }

  /**
   * Adds a listener whose connection survived a sleep of this node.
   *
   * @param position after which it lags; null if it had everything
   * @param pass as of `join`
   */
  restore(sink: Sink, position: number | null, pass: Pass | null = null): void {
    const isLive = position === null;
    const head = this.#feed.log?.head ?? 0;
    const listener = { sink, pass, position: position ?? head, isLive, told: null };
    this.#listeners.set(sink, listener);
    this.#access.added(listener);
    if (!isLive) this.#serve(listener);
  }

  /**
   * Prepares the node for one more listener: the root knows the node, and the log has what the listener resumes from.
   *
   * @param after position that the listener resumes after; null for new broadcasts only
   * @throws MeshError `live_full`
   */
  async prepare(tag: string, after: number | null): Promise<void> {
    this.#requireRoom();
    this.#preparedAt = this.#host.now();
    await this.#presence.announce(tag);
    this.#preparedAt = this.#host.now();
    if (after !== null && after < (this.#feed.log?.floor ?? 0)) await this.#feed.extend(after);
    this.#requireRoom();
  }

  /**
   * Adds a listener whose connection is open, after `prepare`.
   *
   * @param pass null if it showed no token: then it may stay as long as the tag is open
   */
  join(sink: Sink, after: number | null, pass: Pass | null = null): void {
    const { head } = this.#feed;
    const known = Math.max(head, this.#presence.rootHead);
    // A position above the tag's head is not one of this tag: then it gets only new broadcasts.
    const isLive = after === null || after > known;
    const listener = { sink, pass, position: isLive ? head : after, isLive, told: null };
    this.#listeners.set(sink, listener);
    this.#access.added(listener);
    this.#expectExpiry();
    this.#presence.changed();
    if (!this.#access.mayHear(listener, this.#feed.trust)) this.#recheck();
    this.#serve(listener);
  }

  /** A connection closed. If it did so during a sleep, the node does not know the listener. */
  leave(sink: Sink): void {
    const listener = this.#listeners.get(sink);
    if (listener !== undefined) {
      this.#listeners.delete(sink);
      this.#lagging.delete(listener);
      this.#access.removed(listener);
    }
    this.#presence.changed();
  }

  /** Called by the root with new broadcasts. */
  async publish({ tag, entries, access = "open" }: LivePublish): Promise<LivePublishAnswer> {
    this.#access.apply(access);
    // There are no listeners, and none were reported. The next one has missing broadcasts fetched.
    if (this.#listeners.size === 0 && !this.#presence.isExpectedAtRoot) {
      return { kind: "sent", listeners: 0 };
    }
    const first = entries[0];
    const log = this.#feed.make(tag, (first?.position ?? 1) - 1);
    if (first !== undefined && first.position > log.head + 1) {
      try {
        await this.#feed.fetch(first.position - 1);
      } catch (error) {
        this.#host.reportError(error);
        return { kind: "behind", head: log.head };
      }
    }
    await this.#feed.take(log, entries);
    await this.#access.check(this.#feed.trust);
    await this.#serveAll();
    await this.#feed.save(log);
    return { kind: "sent", listeners: this.#listeners.size };
  }

  /**
   * Called by the root. If the answer is 0, the root may forget this node. Then the node erases its log, and reports itself again before it
   * accepts the next listener.
   */
  async listeners(): Promise<number> {
    if (this.#listeners.size > 0) return this.#listeners.size;
    // A listener was prepared, and its connection is about to open.
    const sinceMs = Math.abs(this.#host.now() - this.#preparedAt);
    if (this.#presence.isReporting || sinceMs < OPENING_MS) return 1;
    this.#presence.forgotten();
    this.#feed.erase();
    await this.#host.durable();
    return 0;
  }

  /** Called by the root with the number of listeners of all nodes. */
  async presence(listeners: number): Promise<void> {
    this.#presence.tell(listeners);
  }

  /** Called by the root when who may listen has changed. */
  async access(access: LiveAccess): Promise<void> {
    this.#access.apply(access);
  }

  /** Disconnects the listeners whose token has expired. Called at the time given to `expireAt`. */
  expire(): void {
    this.#access.expire(this.#host.now());
    this.#expectExpiry();
  }

  /** Disconnects all listeners, because the mesh stops; they reconnect. */
  drain(): void {
    for (const sink of [...this.#listeners.keys()]) this.#disconnect(sink, "going_away");
  }

  #requireRoom(): void {
    if (this.#listeners.size < this.#maxListeners) return;
    throw new MeshError("live_full", `at most ${this.#maxListeners} listeners`);
  }

  #expectExpiry(): void {
    const { lookAt } = this.#access;
    if (lookAt !== null) this.#host.expireAt(lookAt);
  }

  /** An edge let a listener in by an earlier version of the app's trust. It hears nothing before it is checked. */
  #recheck(): void {
    this.#access
      .check(this.#feed.trust)
      .then(() => this.#serveAll())
      .catch((error: unknown) => this.#host.reportError(error));
  }

  /** Catches up with the head in the root's answer: a new node starts there, another fetches what it lacks. */
  async #catchUp({ head, access = "open" }: LiveReportAnswer): Promise<void> {
    this.#access.apply(access);
    const log = this.#feed.make(this.#presence.tag, head);
    if (log.head < head) await this.#feed.fetch(head);
    await this.#feed.save(log);
    await this.#access.check(this.#feed.trust);
    await this.#serveAll();
  }

  /** Resolves when every listener was served what was in the log at the call. Never rejects. */
  async #serveAll(): Promise<void> {
    this.#again = true;
    return this.#pass.run(() => this.#passes());
  }

  async #passes(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      this.#access.expire(this.#host.now());
      let served = 0;
      for (const listener of this.#listeners.values()) {
        this.#serve(listener);
        if (++served % TURN_COUNT === 0) await this.#host.yield();
      }
    }
  }

  /** Sends a listener everything it lacks, until its buffer is full. */
  #serve(listener: Listener): void {
    const log = this.#feed.log;
    if (log === null || this.#lagging.has(listener)) return;
    if (!this.#access.mayHear(listener, this.#feed.trust)) return;
    const { sink } = listener;
    if (listener.position < log.head && !this.#send(listener, log)) {
      this.#lag(listener);
      return;
    }
    const { shown } = this.#presence;
    if (shown === null || shown === listener.told) return;
    listener.told = shown;
    sink.send(this.#presenceText(shown, listener.position));
  }

  /** Made once for all listeners at the same position, which are most. */
  #presenceText(listeners: number, cursor: number): LiveText {
    const last = this.#told;
    if (last?.listeners === listeners && last.cursor === cursor) return last.text;
    const text = presenceText(listeners, cursor);
    this.#told = { listeners, cursor, text };
    return text;
  }

  /** @returns false if the buffer is full before everything is sent */
  #send(listener: Listener, log: LiveLog): boolean {
    const { sink } = listener;
    const now = this.#host.now();
    if (listener.isLive && listener.position === log.head - 1) {
      // The usual case: thousands of listeners, one after another.
      const text = log.last(now);
      if (sink.bufferedBytes > LIMITS.LIVE_BUFFER_BYTES) return false;
      if (text !== null) sink.send(text);
      listener.position = log.head;
      return true;
    }
    for (;;) {
      const next = log.next(listener.position, listener.isLive, now);
      if (next === null) break;
      if (sink.bufferedBytes > LIMITS.LIVE_BUFFER_BYTES) return false;
      sink.send(next.text);
      listener.position = next.position;
    }
    listener.position = log.head;
    listener.isLive = true;
    return true;
  }

  #lag(listener: Listener): void {
    const { sink, position } = listener;
    listener.isLive = false;
    sink.lag(position);
    this.#lagging.set(listener, { checks: 0, unread: sink.bufferedBytes });
    if (this.#lagging.size === 1) void this.#checkLagging();
  }

  /** Sends to lagging listeners as they read, until none lags. */
  async #checkLagging(): Promise<void> {
    while (this.#lagging.size > 0) {
      await this.#host.sleep(LAG_CHECK_MS);
      this.#access.expire(this.#host.now());
      for (const [listener, seen] of this.#lagging) {
        const { sink } = listener;
        const unread = sink.bufferedBytes;
        seen.checks = unread < seen.unread ? 0 : seen.checks + 1;
        const log = this.#feed.log;
        if (log === null || seen.checks >= LAG_CHECKS) {
          this.#disconnect(sink, "slow_consumer");
        } else if (this.#send(listener, log)) {
          this.#lagging.delete(listener);
          sink.lag(null);
          this.#serve(listener);
        }
        seen.unread = sink.bufferedBytes;
      }
    }
  }

  #disconnect(sink: Sink, code: ErrorCode): void {
    sink.close(code);
    this.leave(sink);
  }
}
