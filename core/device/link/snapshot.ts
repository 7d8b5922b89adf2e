/** The state kept in the socket's attachment while the object sleeps. 7 KB of 16 at the limits; a test checks that it fits. */
import type { Priority } from "../../message/priority.ts";
import type { PendingAccount } from "../account.ts";
import type { Registration } from "../registration.ts";
import type { SentMark } from "../store.ts";

/** Plain data, because it is structured-cloned into the attachment. */
export interface LinkSnapshot {
  /** The account, if it has no registration yet and so is not stored. */
  readonly pending?: PendingAccount;
  readonly session: string;
  readonly previousSession: string | null;
  readonly ready: boolean;
  /** Sequence numbers up to here may have been sent on this socket. */
  readonly seqReserve: number;
  readonly attached: readonly number[];
  /** Slots to attach once their grants are renewed. Absent on sockets opened by a version without grants. */
  readonly lapsed?: readonly number[];
  readonly sent: readonly SentMark[];
  /** Slots with a key, each with the last number that its device sealed on this link. Absent for none. */
  readonly sealed?: readonly (readonly [slot: number, number: number])[];
  /** Attached slots whose nodes all call with new broadcasts; the others fetch what they missed. */
  readonly live?: readonly number[];
  /** See `Cursors.snapshot`. Absent, as `live`, on sockets opened by a version without tags. */
  readonly cursors?: readonly number[];
  /** See `RecentKeys.bytes`; at most 3.6 KB. */
  readonly recent?: Uint8Array;
}

export function sentOf(registrations: Iterable<Registration>): SentMark[] {
  const marks: SentMark[] = [];
  for (const registration of registrations) {
    const lastOf = (priority: Priority): number => {
      const { rows, sent } = registration.lane(priority);
      return rows[sent - 1]?.seq ?? 0;
    };
    const mark: SentMark = [registration.slot, lastOf(1), lastOf(2), lastOf(3)];
    if (mark[1] + mark[2] + mark[3] > 0) marks.push(mark);
  }
  return marks;
}

/** The snapshot's `sealed`. */
export function sealedOf(registrations: Iterable<Registration>) {
  const sealed: (readonly [number, number])[] = [];
  for (const { slot, seal } of registrations)
    if (seal !== null && seal.lastUp > 0) sealed.push([slot, seal.lastUp]);
  return sealed;
}

/** A text that changes whenever the snapshot's `attached`, `lapsed`, `sealed` or `sent` would; cheap if no rows are on the socket. */
export function markOfSent(registrations: Iterable<Registration>): string {
  let mark = "";
  for (const registration of registrations) {
    if (registration.attached) mark += ` ${registration.slot}`;
    else if (registration.listens) mark += ` -${registration.slot}`;
    if (registration.seal !== null) mark += `^${registration.seal.lastUp}`;
    if (registration.mail.size > 0) mark += `:${sentOf([registration]).join()}`;
  }
  return mark;
}
