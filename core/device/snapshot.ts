/** What stays with the socket while the object sleeps. Under 2 KB at the limits, tested. */
import type { Delivery } from "./delivery.ts";
import { LANES, type Registration } from "./registration.ts";
import type { Registrations } from "./registrations.ts";
import type { Lane } from "./types.ts";

/** Plain data: it is structured-cloned into the socket's attachment. */
export interface LinkSnapshot {
  readonly session: string;
  readonly previousSession: string | null;
  readonly ready: boolean;
  /** Numbers up to here may have been sent on this socket. */
  readonly seqReserve: number;
  readonly attached: readonly number[];
  readonly sent: readonly SentMark[];
}

/** The last stored row of a lane that is on the socket. */
export type SentMark = readonly [slot: number, lane: Lane, seq: number];

export function sentOf(registrations: Iterable<Registration>): SentMark[] {
  const marks: SentMark[] = [];
  for (const registration of registrations) {
    for (const lane of LANES) {
      const { rows, sent } = registration.lane(lane);
      const last = sent === 0 ? undefined : rows[sent - 1];
      if (last !== undefined) marks.push([registration.slot, lane, last.seq]);
    }
  }
  return marks;
}

/** Changes whenever a snapshot's registrations would: cheap where no rows are on the socket. */
export function markOfSent(registrations: Iterable<Registration>): string {
  let mark = "";
  for (const registration of registrations) {
    if (registration.attached) mark += ` ${registration.slot}`;
    if (registration.mail.size > 0) mark += `:${sentOf([registration]).join()}`;
  }
  return mark;
}

export function restoreSent(
  marks: readonly SentMark[],
  registrations: Registrations,
  delivery: Delivery,
): void {
  for (const [slot, lane, seq] of marks) {
    const registration = registrations.inSlot(slot);
    if (registration !== undefined) delivery.restore(registration, lane, seq);
  }
}
