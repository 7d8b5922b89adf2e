/** A send to whoever holds an alias: whom to ask and whom to send to, so that what an edge remembers is never a wrong delivery. */
import type { ErrorCode } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AliasSend, SendAnswer } from "../device/types.ts";
import { isReused } from "../fingerprint.ts";
import { type AliasHolders, type Holder, sameHolder } from "./types.ts";

/** What came of the call for one holder. */
export interface Sent {
  readonly holder: Holder;
  readonly answer: SendAnswer;
}

export interface AliasSendPort {
  /** Who holds it, as the edge remembers; undefined where it does not. */
  readonly known: AliasHolders | undefined;
  readonly firstAckWins: boolean;
  /** `SendRequest.fingerprint`. */
  readonly fingerprint: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Asks the alias, also who has taken the message. */
  ask(): Promise<AliasHolders>;
  /** Sends to the device of one holder. Does not reject: that the call failed is an answer, too. */
  send(holder: Holder, shared: boolean, taken?: AliasSend["taken"]): Promise<SendAnswer>;
}

/** The device says that it is not, or no more, a holder: the alias has moved since we asked, or is moving. */
const MOVED: readonly ErrorCode[] = ["alias_stale", "unregistered"];
const hasMoved = ({ answer }: Sent): boolean => !answer.ok && MOVED.includes(answer.code);

export const isRefusedAsReused = ({ answer }: Sent): boolean =>
  !answer.ok && answer.code === "idempotency_key_reused";

const REUSED: SendAnswer = { ok: false, code: "idempotency_key_reused" };

/** Whether a request of before may have found the alias without this holder. */
const isNew = ({ epoch = 0 }: Holder, now: number): boolean =>
  now - epoch <= LIMITS.IDEMPOTENCY_KEY_MS;

const without = (holders: readonly Holder[], others: readonly Holder[]): readonly Holder[] =>
  holders.filter((holder) => !others.some((other) => sameHolder(other, holder)));

/**
 * Sends to the holders that are known, and once more to whoever holds the alias by then.
 *
 * An alias of one holder that has moved, or is shared by now, is told by that holder, which refuses. Of a shared one nobody but the
 * alias knows who joined: it is asked while its known holders are sent to, which takes no longer and costs one request. By
 * `firstAckWins` it is asked before: only it knows that the message was taken before one of them joined.
 */
export async function sendToHolders(port: AliasSendPort): Promise<readonly Sent[]> {
  const { known } = port;
  const isAsked = known === undefined || mustAsk(port, known);
  const first = isAsked ? await port.ask() : known;
  if (first.taken !== undefined) return sendTaken(port, first);
  const [sent, joined] = await Promise.all([
    sendToAll(port, first),
    !isAsked && first.shared ? port.ask() : undefined,
  ]);
  if (!sent.some(hasMoved) && joined === undefined) return sent;
  const current = joined ?? (await port.ask());
  const done = sent.filter((each) => !hasMoved(each));
  // Of a request that is no repeat of the first there is nothing to bring to those who have joined since.
  if (done.some(isRefusedAsReused)) return done;
  const holders = without(
    current.holders,
    done.map(({ holder }) => holder),
  );
  return [...done, ...(await sendToAll(port, { ...current, holders }))];
}

/** One that was held alone for so long had no other holder to take it. */
const mustAsk = ({ firstAckWins, now }: AliasSendPort, known: AliasHolders): boolean =>
  firstAckWins && (known.shared || known.holders.some((holder) => isNew(holder, now)));

/** Of a message that was taken everybody tells what is so there, who took it among them, also where that one has let go since. */
async function sendTaken(port: AliasSendPort, current: AliasHolders): Promise<readonly Sent[]> {
  const { holders, taken = [] } = current;
  const takers = taken.map(({ holder }) => holder);
  const all = [...holders, ...without(takers, holders)];
  if (taken.some(({ fingerprint }) => isReused(port.fingerprint, fingerprint)))
    return all.map((holder) => ({ holder, answer: REUSED }));
  const sent = await sendToAll(port, { ...current, holders: all });
  return sent.filter((each) => !hasMoved(each));
}

const sendToAll = (
  port: AliasSendPort,
  { holders, shared, taken = [] }: AliasHolders,
): Promise<Sent[]> =>
  Promise.all(
    holders.map(async (holder) => {
      const taker = taken.find((each) => sameHolder(each.holder, holder));
      // One whose number is not known is of an older version, and is sent a repetition as ever.
      const isPlain = taken.length === 0 || taker?.seq === null;
      const flag = isPlain ? undefined : { seq: taker?.seq ?? null };
      return { holder, answer: await port.send(holder, shared, flag) };
    }),
  );
