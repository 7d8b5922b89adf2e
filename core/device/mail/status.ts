/** The status of a message, without a row for each message (docs/decisions/0003-status-without-rows.md). */
import type { Context } from "../../link/effects.ts";
import { HybridClock, isNowOrNever, seqTimeMs } from "../../message/clock.ts";
import type { Registration } from "../registration.ts";
import { idSeqOf } from "../store.ts";
import type { StatusAnswer } from "../types.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Outcomes } from "./outcomes.ts";
import { isOutdated } from "./recent-keys.ts";
import { isOverdue } from "./send-rules.ts";

export interface StatusParts {
  readonly clock: HybridClock;
  readonly mailbox: Mailbox;
  readonly outcomes: Outcomes;
}

/** Answers for one registration, by the key in base64url. Ends the message if it has expired, so that its status does not change later. */
export function statusOf(
  { clock, mailbox, outcomes }: StatusParts,
  registration: Registration,
  { key, seq }: { readonly key: string; readonly seq: number },
  context: Context,
): StatusAnswer {
  mailbox.expireIfDue(registration, key, context);
  const known = registration.recent(key) ?? outcomes.find(registration.slot, key);
  // A later message may have the same key if the first was forgotten; it says nothing about this one.
  if (known?.seq === seq) {
    if (isOutdated(known, context.now)) return { ok: false, code: "message_not_found" };
    return { ok: true, status: known.status };
  }
  const entry = registration.unsettled(key);
  if (entry?.idSeq === seq) {
    const open = isOverdue(entry, registration, context.now) ? "sent" : "queued";
    return { ok: true, status: entry.ended ?? open };
  }
  const row = registration.mail.get(key);
  if (row !== undefined && idSeqOf(row) === seq) {
    const until = row.hold?.until;
    return { ok: true, status: "queued", ...(until === undefined ? {} : { heldUntil: until }) };
  }
  // Every other end is recorded, so a message without a record was delivered, if it was ever accepted.
  const issued =
    seqTimeMs(seq) >= registration.record.createdAt &&
    seq <= Math.max(clock.last, HybridClock.at(context.now));
  if (!issued || isNowOrNever(seq) || outcomes.mayHaveForgotten(registration.slot, seq)) {
    return { ok: false, code: "message_not_found" };
  }
  return { ok: true, status: "delivered" };
}
