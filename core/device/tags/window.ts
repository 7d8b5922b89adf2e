/** Broadcasts of one registration: what is on its socket, what is held for it, and what came lately. */
import { LIMITS } from "../../../schema/limits.ts";
import type { Parcel } from "./subscription.ts";

export class BroadcastWindow {
  /** Waiting for room, in order. */
  readonly held: Parcel[] = [];
  /** Since when those that are held wait for their turn, milliseconds since 1970. */
  heldSince = 0;
  /** Milliseconds since 1970 at which the app began to listen; null where that was before a sleep. */
  since: number | null = null;
  /** Pages of its tags' logs that are asked for, or held. */
  pages = 0;
  #sent = 0;
  #sentBytes = 0;
  /** Broadcasts of several tags, by number and key: each goes through one of them. */
  readonly #shared = new Map<string, Parcel>();

  /** Whether the socket may take another one, however large. */
  get hasRoom(): boolean {
    return (
      this.#sent < LIMITS.BROADCAST_INFLIGHT &&
      this.#sentBytes + LIMITS.DATA_BYTES <= LIMITS.BROADCAST_INFLIGHT_BYTES
    );
  }

  /** It waits for room. */
  hold(parcel: Parcel, now: number): void {
    if (this.held.length === 0) this.heldSince = now;
    this.held.push(parcel);
  }

  /** The first that is held goes onto the socket. */
  takeOff(parcel: Parcel): void {
    this.held.shift();
    parcel.state = "sent";
    parcel.entry = null;
    this.#sent++;
    this.#sentBytes += parcel.bytes;
  }

  /** It is on the socket, or waits for it, no more. */
  drop(parcel: Parcel, state: "done" | "gone"): void {
    if (parcel.state === "sent") {
      this.#sent--;
      this.#sentBytes -= parcel.bytes;
    } else if (parcel.state === "held") {
      this.held.splice(this.held.indexOf(parcel), 1);
    }
    parcel.state = state;
    parcel.entry = null;
  }

  /** The parcel by which a broadcast of this key came, or is to come. */
  find(key: string): Parcel | undefined {
    const parcel = this.#shared.get(key);
    return parcel?.state === "gone" ? undefined : parcel;
  }

  share(key: string, parcel: Parcel): void {
    this.#shared.set(key, parcel);
    if (this.#shared.size > LIMITS.RECENT) {
      const oldest = this.#shared.keys().next().value;
      if (oldest !== undefined) this.#shared.delete(oldest);
    }
  }
}
