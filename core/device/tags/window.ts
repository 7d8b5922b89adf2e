/** The broadcasts of one registration: held ones, those on the socket, and recent ones of several tags. */
import { BoundedMap } from "../../../schema/bounded-map.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { PendingBroadcast } from "./subscription.ts";

export class BroadcastWindow {
  /** Held broadcasts, in order. */
  readonly held: PendingBroadcast[] = [];
  /** Since when the held broadcasts wait, milliseconds since 1970. */
  heldSince = 0;
  /** When the app began to listen, milliseconds since 1970; null if that was before a sleep. */
  since: number | null = null;
  /** Pages of its tags' logs that are being fetched or held. */
  pages = 0;
  #sent = 0;
  #sentBytes = 0;
  /** Broadcasts of several tags, by seq and key: each goes through one of its tags. */
  readonly #shared = new Map<string, PendingBroadcast>();
  /** By the names of broadcasts that were recalled, as a page that is on its way may still have one: their recalls; null for one not taken yet. */
  readonly recalled = new BoundedMap<string, PendingBroadcast | null>(LIMITS.RECENT);

  /** Whether the socket has room for another broadcast of any size. */
  get hasRoom(): boolean {
    return (
      this.#sent < LIMITS.BROADCAST_INFLIGHT &&
      this.#sentBytes + LIMITS.DATA_BYTES <= LIMITS.BROADCAST_INFLIGHT_BYTES
    );
  }

  /** Adds a broadcast to the held ones. */
  hold(pending: PendingBroadcast, now: number): void {
    if (this.held.length === 0) this.heldSince = now;
    this.held.push(pending);
  }

  /** Moves the first held broadcast to the socket. */
  track(pending: PendingBroadcast): void {
    this.held.shift();
    pending.state = "sent";
    pending.isRecall = pending.entry?.recalls !== undefined;
    pending.entry = null;
    // A device that knows no recalls answers none, and must get the broadcasts after them.
    if (pending.isRecall) return;
    this.#sent++;
    this.#sentBytes += pending.bytes;
  }

  /** The broadcast is no longer held or on the socket. */
  drop(pending: PendingBroadcast, state: "done" | "gone"): void {
    if (pending.state === "sent" && !pending.isRecall) {
      this.#sent--;
      this.#sentBytes -= pending.bytes;
    } else if (pending.state === "held") {
      this.held.splice(this.held.indexOf(pending), 1);
    }
    pending.state = state;
    pending.entry = null;
  }

  /** The pending or recent broadcast with this key; undefined for none. */
  find(key: string): PendingBroadcast | undefined {
    const pending = this.#shared.get(key);
    return pending?.state === "gone" ? undefined : pending;
  }

  share(key: string, pending: PendingBroadcast): void {
    this.#shared.set(key, pending);
    if (this.#shared.size > LIMITS.RECENT) {
      const oldest = this.#shared.keys().next().value;
      if (oldest !== undefined) this.#shared.delete(oldest);
    }
  }
}
