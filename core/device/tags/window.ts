/** Broadcasts of one registration: what is on its socket, what is held for it, and what came lately. */
import { LIMITS } from "../../../schema/limits.ts";
import type { PendingBroadcast } from "./subscription.ts";

export class BroadcastWindow {
  /** Waiting for room, in order. */
  readonly held: PendingBroadcast[] = [];
  /** Since when those that are held wait for their turn, milliseconds since 1970. */
  heldSince = 0;
  /** Milliseconds since 1970 at which the app began to listen; null where that was before a sleep. */
  since: number | null = null;
  /** Pages of its tags' logs that are asked for, or held. */
  pages = 0;
  #sent = 0;
  #sentBytes = 0;
  /** Broadcasts of several tags, by number and key: each goes through one of them. */
  readonly #shared = new Map<string, PendingBroadcast>();

  /** Whether the socket may take another one, however large. */
  get hasRoom(): boolean {
    return (
      this.#sent < LIMITS.BROADCAST_INFLIGHT &&
      this.#sentBytes + LIMITS.DATA_BYTES <= LIMITS.BROADCAST_INFLIGHT_BYTES
    );
  }

  /** It waits for room. */
  hold(pending: PendingBroadcast, now: number): void {
    if (this.held.length === 0) this.heldSince = now;
    this.held.push(pending);
  }

  /** The first that is held goes onto the socket. */
  track(pending: PendingBroadcast): void {
    this.held.shift();
    pending.state = "sent";
    pending.entry = null;
    this.#sent++;
    this.#sentBytes += pending.bytes;
  }

  /** It is on the socket, or waits for it, no more. */
  drop(pending: PendingBroadcast, state: "done" | "gone"): void {
    if (pending.state === "sent") {
      this.#sent--;
      this.#sentBytes -= pending.bytes;
    } else if (pending.state === "held") {
      this.held.splice(this.held.indexOf(pending), 1);
    }
    pending.state = state;
    pending.entry = null;
  }

  /** The pending broadcast by which a broadcast of this key came, or is to come. */
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
