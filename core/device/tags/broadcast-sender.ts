/** Sends broadcasts to the device, as far as there is room and no single send is waiting. */
import { type Broadcast, encodePushDown } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Context } from "../../link/effects.ts";
import { isNowOrNever } from "../../message/clock.ts";
import type { LogEntry } from "../../tag/calls/broadcast.ts";
import { recalledBy } from "../../tag/log/recalled.ts";
import { tagIdOf } from "../../tag/name.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import { encodeOneBroadcast } from "./broadcast-frame.ts";
import type { CatchUp } from "./catch-up.ts";
import type { Cursors } from "./cursors.ts";
import type { NodeWaits } from "./node-waits.ts";
import type { PendingBroadcast, Subscription } from "./subscription.ts";

interface SenderParts {
  readonly registrations: Registrations;
  readonly link: CurrentLink;
  readonly catchUp: CatchUp;
  readonly cursors: Cursors;
  readonly nodes: NodeWaits;
  /** Returns the part of a broadcast's message ID after the dot. */
  readonly source: (app: string, tagId: string) => string;
}

export class BroadcastSender {
  readonly #parts: SenderParts;
  #held = 0;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Whether broadcasts are held back. */
  get isHolding(): boolean {
    return this.#held > 0;
  }

  /** Holds a broadcast until its turn. */
  hold(pending: PendingBroadcast, now: number): void {
    const { subscription } = pending;
    subscription.registration.broadcasts.hold(pending, now);
    subscription.held++;
    this.#held++;
  }

  /** Cancels a broadcast: its tag was left, or its link was lost. */
  drop(pending: PendingBroadcast): void {
    if (pending.state === "held") this.#held--;
    pending.subscription.registration.broadcasts.drop(pending, "gone");
  }

  /** A broadcast that was held or sent has ended. If it was sent, the caller moves the cursor of its tag. */
  end(
    pending: PendingBroadcast,
    end: NonNullable<PendingBroadcast["end"]>,
    context: Context,
  ): void {
    const { subscription, position } = pending;
    const { cursors, nodes } = this.#parts;
    const wasHeld = pending.state === "held";
    subscription.registration.broadcasts.drop(pending, "done");
    pending.end = end;
    subscription.recordOutcome(position, end);
    nodes.settle(pending.tokens.splice(0), end, context);
    for (const duplicate of pending.duplicates) cursors.advance(duplicate);
    if (!wasHeld) return;
    this.#held--;
    subscription.held--;
    cursors.advance(subscription);
  }

  /** Sends the held broadcasts that may go. */
  pump(context: Context): void {
    if (this.#held === 0) return;
    let overdue = 0;
    for (const registration of this.#parts.registrations.active()) {
      if (!this.mayGo(registration, context.now)) continue;
      // One registration per event: together they could overfill a slow socket.
      if (isOverdue(registration, context.now) && overdue++ > 0) continue;
      this.#send(registration, context);
    }
  }

  /**
   * Whether the broadcasts of a registration may go: no single send to it is waiting for the socket or for its acknowledgement, and
   * the socket is not full. Continuous single sends delay them by `LIMITS.BROADCAST_YIELD_MS` at a time, not forever. Single sends to
   * other apps of the device do not delay them.
   */
  mayGo(registration: Registration, now: number): boolean {
    if (registration.broadcasts.held.length === 0) return false;
    const buffered = this.#parts.link.bufferedBytes;
    if (isOverdue(registration, now)) return buffered <= LIMITS.SOCKET_BUFFER_BYTES / 2;
    return buffered <= LIMITS.BROADCAST_BUFFER_BYTES && !registration.isBusy(now);
  }

  #send(registration: Registration, context: Context): void {
    const window = registration.broadcasts;
    const sent: Subscription[] = [];
    window.heldSince = context.now;
    while (window.held.length > 0 && window.hasRoom) {
      const going: { readonly subscription: Subscription; readonly entry: LogEntry }[] = [];
      let bytes = 0;
      for (let pending = window.held[0]; pending !== undefined; pending = window.held[0]) {
        if (!window.hasRoom || (bytes > 0 && bytes + pending.bytes > LIMITS.DELIVER_BYTES)) break;
        // It goes in a frame of its own, after what was before it.
        if (pending.entry?.recalls !== undefined && going.length > 0) break;
        sent.push(pending.subscription);
        pending.subscription.held--;
        this.#held--;
        const { entry } = pending;
        if (entry === null || (!isNowOrNever(entry.seq) && entry.expiresAt <= context.now)) {
          window.drop(pending, "done");
          pending.end = "expired";
          this.#parts.nodes.settle(pending.tokens.splice(0), "expired", context);
          continue;
        }
        window.track(pending);
        if (entry.recalls !== undefined) {
          this.#recall(registration, pending.subscription, entry, context);
          continue;
        }
        going.push({ subscription: pending.subscription, entry });
        bytes += pending.bytes;
      }
      const [first, ...others] = going;
      if (first === undefined) continue;
      const frame =
        others.length === 0
          ? encodeOneBroadcast(first.entry, first.subscription.record, context.now, () =>
              this.#broadcast(first),
            )
          : encodePushDown({
              kind: "broadcasts",
              value: {
                broadcasts: going.map((each) => ({
                  ...this.#broadcast(each),
                  ...(isNowOrNever(each.entry.seq)
                    ? {}
                    : { remainingMs: each.entry.expiresAt - context.now }),
                })),
              },
            });
      this.#parts.link.sendBytesTo(registration, frame, context);
    }
    for (const subscription of new Set(sent)) {
      this.#parts.cursors.advance(subscription);
      // If a node waits for the answer the object cannot sleep before it is settled, so the position need not be saved.
      if (subscription.outstanding.some(({ pending }) => pending.tokens.length === 0))
        this.#parts.cursors.markMoved(subscription);
      if (subscription.held === 0) this.#parts.catchUp.pageSent(subscription);
    }
  }

  /** The app takes it off its display. The device answers as to the recall of any message. */
  #recall(
    registration: Registration,
    subscription: Subscription,
    entry: LogEntry,
    context: Context,
  ): void {
    const of = recalledBy(entry);
    if (of === null) return;
    const { slot, tag } = subscription.record;
    const source = this.#sourceOf(subscription, entry.cover[0] ?? tag);
    const value = { slot, ...of, recall: true, source };
    this.#parts.link.sendTo(registration, { kind: "withdraw", value }, context);
  }

  #broadcast({
    subscription,
    entry,
  }: {
    readonly subscription: Subscription;
    readonly entry: LogEntry;
  }): Broadcast {
    const { slot, ref, tag } = subscription.record;
    const { position, seq, key, lane, contentType, data, expiresAt, collapseKey, notification } =
      entry;
    return {
      slot,
      tagRef: ref,
      tag,
      position,
      seq,
      key,
      source: this.#sourceOf(subscription, entry.cover[0] ?? tag),
      priority: lane,
      contentType,
      data,
      ...(isNowOrNever(seq) ? {} : { expiresAtMs: expiresAt }),
      ...(collapseKey === null ? {} : { collapseKey }),
      ...(notification === undefined ? {} : { notification }),
    };
  }

  #sourceOf(subscription: Subscription, first: string): string {
    const { app } = subscription.registration.record;
    if (first !== subscription.record.tag) return this.#parts.source(app, tagIdOf(app, first));
    subscription.source ??= this.#parts.source(app, subscription.tagId);
    return subscription.source;
  }
}

/** Whether the broadcasts of a registration have yielded long enough. In either direction, because the clock may be set. */
const isOverdue = ({ broadcasts: { heldSince } }: Registration, now: number): boolean =>
  Math.abs(now - heldSince) >= LIMITS.BROADCAST_YIELD_MS;
