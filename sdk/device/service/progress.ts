/** The positions of the apps: sent to the mesh in one frame per turn, and kept for the next Hello in the case of broadcasts. */
import type { Ack, Cursor } from "../../../schema/generated/link.ts";
import { HELLO_CURSORS } from "../constants.ts";
import { Acks } from "./acks.ts";
import type { PushFrame } from "./app.ts";

export class Progress {
  readonly #acks: Acks<Ack>;
  readonly #cursorAcks: Acks<Cursor>;
  /** By slot and tagRef, the most recent last. */
  readonly #cursors = new Map<string, Cursor>();

  constructor(send: (frame: PushFrame) => void) {
    this.#acks = new Acks((value) => send({ kind: "acks", value }));
    this.#cursorAcks = new Acks((value) => send({ kind: "cursors", value }));
  }

  /** The app of the slot is done with every message of the lane up to `seq`; it did not get `discarded`. */
  acknowledge(ack: Ack, discarded: number | undefined): void {
    const dropped = discarded === undefined ? [] : [discarded];
    this.#acks.add(`${ack.slot}/${ack.priority}`, ack.seq, ack, ...dropped);
  }

  /**
   * The app has every broadcast of the tag up to the cursor. The oldest cursors are dropped.
   *
   * @param discarded Whether the app did not get the one at the cursor.
   * @param tell Whether to send it on this link: not if the broadcast arrived on another one.
   */
  advance(cursor: Cursor, tell: boolean, discarded: boolean): void {
    const cursors = this.#cursors;
    const lane = `${cursor.slot}/${cursor.tagRef}`;
    cursors.delete(lane);
    cursors.set(lane, cursor);
    for (const oldest of cursors.keys()) {
      if (cursors.size <= HELLO_CURSORS) break;
      cursors.delete(oldest);
    }
    if (!tell) return;
    this.#cursorAcks.add(lane, cursor.position, cursor, ...(discarded ? [cursor.position] : []));
  }

  /** For Hello: the most recent first. */
  get cursors(): Cursor[] {
    return [...this.#cursors.values()].reverse();
  }

  /** Another account: its registrations have no positions. */
  clear(): void {
    this.#cursors.clear();
  }

  /** Sends at once instead of at the end of the turn. */
  flush(): void {
    this.#acks.flush();
    this.#cursorAcks.flush();
  }
}
