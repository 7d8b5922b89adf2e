/** Rules of the mailbox without state: which messages a new one replaces, which one makes room for it, and whose end only the device knows. */
import { LIMITS } from "../../../schema/limits.ts";
import { contentBytes } from "../../message/options.ts";
import { PRIORITIES } from "../../message/priority.ts";
import type { SendRequest } from "../../message/send.ts";
import type { Registration } from "../registration.ts";
import type { MailHeader } from "../store.ts";
import type { Ending } from "./outcomes.ts";

/**
 * Whether only the device knows how a message that leaves the mailbox ends: it may have received it on a link that was lost. A
 * message that is recalled or unregistered ends so whatever the device did; for recalls see also `recallUnlessReceived`.
 */
export function needsQuery(
  registration: Registration,
  header: MailHeader,
  status: Ending,
): boolean {
  const entry = registration.inFlight.get(header.key);
  if (entry !== undefined) return entry.endIfDropped === status;
  return (
    (status === "expired" || status === "overflowed" || status === "collapsed") &&
    registration.mayHaveReceived(header)
  );
}

export const NONE: ReadonlySet<MailHeader> = new Set();

const bySeq = (a: MailHeader, b: MailHeader): number => a.seq - b.seq;

/** The rows in lanes that a message replaces by its collapse key: only those that were never on a socket. */
export function replacedBy(
  registration: Registration,
  { collapseKey }: Pick<MailHeader, "collapseKey">,
): ReadonlySet<MailHeader> {
  const replaced = new Set<MailHeader>();
  if (collapseKey === null) return replaced;
  for (const priority of PRIORITIES) {
    const { rows, sent } = registration.lane(priority);
    for (const header of rows.slice(sent)) {
      if (header.collapseKey === collapseKey && !registration.mayHaveReceived(header)) {
        replaced.add(header);
      }
    }
  }
  return replaced;
}

/**
 * The rows to drop so that a new message fits, after those that it replaces: at most one, the oldest of the lowest priority not
 * above its own; null if there is none. Messages that came back from a socket may exceed the limit; no more rows are dropped for them.
 */
export function droppedFor(
  registration: Registration,
  request: SendRequest,
  replaced: ReadonlySet<MailHeader>,
): ReadonlySet<MailHeader> | null {
  const fits =
    registration.mail.size - replaced.size < LIMITS.MAILBOX_MESSAGES &&
    registration.mailBytes - bytesOf(replaced) + contentBytes(request) <= LIMITS.MAILBOX_BYTES;
  if (fits) return NONE;
  for (const priority of PRIORITIES.toReversed()) {
    if (priority < request.lane) break;
    const { rows, sent } = registration.lane(priority);
    const oldest = rows.slice(sent).find((header) => !replaced.has(header));
    const [held] = [...registration.held.values()]
      .filter(({ lane }) => lane === priority)
      .sort(bySeq);
    const candidates = [oldest, held].filter((header) => header !== undefined).sort(bySeq);
    if (candidates[0] !== undefined) return new Set([candidates[0]]);
  }
  return null;
}

function bytesOf(headers: ReadonlySet<MailHeader>): number {
  let sum = 0;
  for (const { bytes } of headers) sum += bytes;
  return sum;
}
