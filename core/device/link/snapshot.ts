/** What stays with the socket while the object sleeps. Under 6 KB of 16 at the limits, tested. */

import type { Priority } from "../../message/priority.ts";
import type { PendingAccount } from "../account.ts";
import type { Registration } from "../registration.ts";
import type { SentMark } from "../store.ts";

/** Plain data: it is structured-cloned into the socket's attachment. */
export interface LinkSnapshot {
  /** The account, while nothing was registered for it and so nothing is stored. */
  readonly pending?: PendingAccount;
  readonly session: string;
  readonly previousSession: string | null;
  readonly ready: boolean;
  /** Numbers up to here may have been sent on this socket. */
  readonly seqReserve: number;
  readonly attached: readonly number[];
  readonly sent: readonly SentMark[];
  /** Attached slots whose tags all call by themselves: the others ask for what they missed. */
  readonly live?: readonly number[];
  /** See `Cursors.snapshot`. A socket that was opened before there were tags has neither. */
  readonly cursors?: readonly number[];
  /** See `RecentKeys.bytes`: 3.6 KB at the most. */
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

/** Changes whenever a snapshot's registrations would: cheap where no rows are on the socket. */
export function markOfSent(registrations: Iterable<Registration>): string {
  let mark = "";
  for (const registration of registrations) {
    if (registration.attached) mark += ` ${registration.slot}`;
    if (registration.mail.size > 0) mark += `:${sentOf([registration]).join()}`;
  }
  return mark;
}
