/**
 * One live node: the listeners of one tag in one region, and the log that they resume from. Every listener has a position,
 * and is served whatever came after it; one pass at a time goes over all of them.
 */
import { type ErrorCode, MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { SingleFlight } from "../single-flight.ts";
import type { LiveName } from "../tag/name.ts";
import type { LivePublish, LivePublishAnswer } from "../tag/types.ts";
import type { LiveHost, Sink } from "./host.ts";
import type { LiveLog } from "./log.ts";
import { Presence } from "./presence.ts";
import { RootFeed } from "./root-feed.ts";
import type { LiveStore } from "./store.ts";
import { type LiveText, presenceText } from "./text.ts";

/** Listeners served before whatever else waits may run: about 10 ms of sends. */
const TURN_COUNT = 256;
/** How often listeners that lag are looked at, and after how many looks without reading one is cut: 10 s. */
const LAG_LOOK_MS = 50;
const LAG_LOOKS = 200;

/** A connection opens within this time of being let in; one that is later makes the node known again when it joins. */
const OPENING_MS = 60_000;

interface LiveNodeOptions {
  readonly name: LiveName;
  readonly store: LiveStore;
  readonly host: LiveHost;
  /** Listeners that it takes; `LIMITS.LIVE_LISTENERS` unless told. */
  readonly maxListeners?: number;
}

interface Listener {
  readonly sink: Sink;
  /** It has all up to here that it is to have. */
  position: number;
  /** It has been here for all that came: ttl 0 broadcasts are for it, too. */
  isLive: boolean;
  /** What it was told of how many listen; null before the first. */
  told: number | null;
}

export class LiveNode {
  readonly #host: LiveHost;
  readonly #feed: RootFeed;
  readonly #maxListeners: number;
  readonly #listeners = new Map<Sink, Listener>();
  readonly #presence: Presence;
  /** When a listener was let in last, in ms since 1970. */
  #preparedAt = Number.NEGATIVE_INFINITY;
  readonly #pass = new SingleFlight();
  /** Something came since the pass began that it may have gone past. */
  #again = false;
  /** What was told last of who listens. */
  #told: { listeners: number; cursor: number; text: LiveText } | null = null;
  /** Those with more to come than they can take at once, and for how many looks each has read nothing. */
  readonly #lagging = new Map<Listener, { looks: number; unread: number }>();

  constructor({ name, store, host, maxListeners = LIMITS.LIVE_LISTENERS }: LiveNodeOptions) {
    this.#host = host;
    this.#feed = new RootFeed(store, host);
    this.#maxListeners = maxListeners;
    this.#presence = new Presence({
      name,
      host,
      tag: this.#feed.storedTag,
      count: () => this.#listeners.size,
      // The root may have gone on while this node slept, or was not called because nobody listened.
      reported: (head) => this.#catchUp(head),
      show: () => this.#serveAll(),
    });
  }

  /** Listeners now. */
  get count(): number {
    return this.#listeners.size;
  }

  /** Whether something is under way that only memory knows. */
  get isBusy(): boolean {
    return this.#pass.isRunning || this.#presence.isBusy || this.#lagging.size > 0;
  }

  /**
   * Takes up a listener whose connection outlived a sleep of this node.
   *
   * @param position that it lags behind from; null where it had everything
   */
  restore(sink: Sink, position: number | null): void {
    const isLive = position === null;
    const head = this.#feed.log?.head ?? 0;
    const listener = { sink, position: position ?? head, isLive, told: null };
    this.#listeners.set(sink, listener);
    if (!isLive) this.#serve(listener);
  }

  /**
   * Makes the node ready for one more listener: it is known to the root, and has what is to be resumed.
   *
   * @param after position that the listener resumes after; null for one that takes only what is new
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

  /** Takes a listener that `prepare` was called for, once its connection is open. */
  join(sink: Sink, after: number | null): void {
    const { head } = this.#feed;
    const known = Math.max(head, this.#presence.rootHead);
    // Above all that the tag ever had, it is no position of this tag: then from now on.
    const isLive = after === null || after > known;
    const listener = { sink, position: isLive ? head : after, isLive, told: null };
    this.#listeners.set(sink, listener);
    this.#presence.changed();
    this.#serve(listener);
  }

  /** This listener is gone; one that went while this node slept it does not know. */
  leave(sink: Sink): void {
    const listener = this.#listeners.get(sink);
    if (listener !== undefined) {
      this.#listeners.delete(sink);
      this.#lagging.delete(listener);
    }
    this.#presence.changed();
  }

  /** From the root: these broadcasts are new. */
  async publish({ tag, entries }: LivePublish): Promise<LivePublishAnswer> {
    // Nobody is here, and the root was not told of anybody: who comes has it fetched.
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
    await this.#serveAll();
    await this.#feed.save(log);
    return { kind: "sent", listeners: this.#listeners.size };
  }

  /**
   * From the root: how many listen here. Where that is nobody it may forget this node, which keeps nothing then, and makes itself known
   * again before its next listener is let in.
   */
  async listeners(): Promise<number> {
    if (this.#listeners.size > 0) return this.#listeners.size;
    // Somebody was just let in, and the connection is about to open.
    const sinceMs = Math.abs(this.#host.now() - this.#preparedAt);
    if (this.#presence.isReporting || sinceMs < OPENING_MS) return 1;
    this.#presence.forgotten();
    this.#feed.erase();
    await this.#host.durable();
    return 0;
  }

  /** From the root: so many listen in all. */
  async presence(listeners: number): Promise<void> {
    this.#presence.tell(listeners);
  }

  /** The mesh stops: every listener is told to come back. */
  drain(): void {
    for (const sink of [...this.#listeners.keys()]) this.#cut(sink, "going_away");
  }

  #requireRoom(): void {
    if (this.#listeners.size < this.#maxListeners) return;
    throw new MeshError("live_full", `at most ${this.#maxListeners} listeners`);
  }

  /** What the root answered a report: a new node begins at its head, another fetches what it lacks. */
  async #catchUp(head: number): Promise<void> {
    const log = this.#feed.make(this.#presence.tag, head);
    if (log.head < head) await this.#feed.fetch(head);
    await this.#feed.save(log);
    await this.#serveAll();
  }

  /** Resolves when every listener was served what was there at the call. It never rejects. */
  async #serveAll(): Promise<void> {
    this.#again = true;
    return this.#pass.run(() => this.#passes());
  }

  async #passes(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      let served = 0;
      for (const listener of this.#listeners.values()) {
        this.#serve(listener);
        if (++served % TURN_COUNT === 0) await this.#host.yield();
      }
    }
  }

  /** Gives a listener all that is there, as far as it can take it. */
  #serve(listener: Listener): void {
    const log = this.#feed.log;
    if (log === null || this.#lagging.has(listener)) return;
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

  /** Most of those who are told have come as far. */
  #presenceText(listeners: number, cursor: number): LiveText {
    const last = this.#told;
    if (last?.listeners === listeners && last.cursor === cursor) return last.text;
    const text = presenceText(listeners, cursor);
    this.#told = { listeners, cursor, text };
    return text;
  }

  /** @returns false where there is more than it can take at once */
  #send(listener: Listener, log: LiveLog): boolean {
    const { sink } = listener;
    const now = this.#host.now();
    if (listener.isLive && listener.position === log.head - 1) {
      // Nearly always: thousands are served so, one after another.
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
    this.#lagging.set(listener, { looks: 0, unread: sink.bufferedBytes });
    if (this.#lagging.size === 1) void this.#look();
  }

  /** Sends to those that lag as they read, until none does. */
  async #look(): Promise<void> {
    while (this.#lagging.size > 0) {
      await this.#host.sleep(LAG_LOOK_MS);
      for (const [listener, seen] of this.#lagging) {
        const { sink } = listener;
        const unread = sink.bufferedBytes;
        seen.looks = unread < seen.unread ? 0 : seen.looks + 1;
        const log = this.#feed.log;
        if (log === null || seen.looks >= LAG_LOOKS) {
          this.#cut(sink, "slow_consumer");
        } else if (this.#send(listener, log)) {
          this.#lagging.delete(listener);
          sink.lag(null);
          this.#serve(listener);
        }
        seen.unread = sink.bufferedBytes;
      }
    }
  }

  #cut(sink: Sink, code: ErrorCode): void {
    sink.close(code);
    this.leave(sink);
  }
}
