/** A send to whoever holds an alias: whom to ask and whom to send to, so that what an edge remembers is never a wrong delivery. */
import type { ErrorCode } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { isReused } from "../fingerprint.ts";
import type { AliasSend, SendAnswer } from "../message/send.ts";
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
  /** Resolves once this is done, or after so many milliseconds. */
  within(ms: number, done: Promise<unknown>): Promise<unknown>;
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
 * How long those who joined lately wait for the others' word on the key. A refusal takes one call of an object; what takes longer is
 * mostly a device that does not acknowledge, and a phone that was just signed in should not ring later for it.
 */
const ESTABLISHED_MS = 300;

/**
 * Sends to the holders that are known, and once more to whoever holds the alias by then.
 *
 * An alias of one holder that has moved, or is shared by now, is told by that holder, which refuses. Of a shared one nobody but the
 * alias knows who joined: it is asked while its known holders are sent to, which takes no longer and costs one request. By
 * `firstAckWins` it is asked before: only it knows that the message was taken before one of them joined.
 *
 * Under an `Idempotency-Key` those who joined within the life of one come after the others: these know whether it was that of
 * another body.
 */
export async function sendToHolders(port: AliasSendPort): Promise<readonly Sent[]> {
  const { known } = port;
  const isAsked = known === undefined || mustAsk(port, known);
  const first = isAsked ? await port.ask() : known;
  if (first.taken !== undefined) return sendTaken(port, first);
  const established = establishedHolders(port, first.holders);
  const sending = established.map((holder) => sendTo(port, first, holder));
  const joined = !isAsked && first.shared ? await port.ask() : undefined;
  const current = joined ?? first;
  const later = without(current.holders, established);
  const isOther = later.length > 0 && (await isOtherBody(port, current, sending));
  const [old, rest] = await Promise.all([
    Promise.all(sending),
    isOther ? refuse(later) : sendToAll(port, { ...current, holders: later }),
  ]);
  const sent = [...old, ...rest];
  // Of those that the alias named just now none is asked twice.
  const doubted = joined === undefined ? sent : old;
  if (!doubted.some(hasMoved)) return sent;
  const latest = joined ?? (await port.ask());
  const done = sent.filter((each) => !doubted.includes(each) || !hasMoved(each));
  const missed = without(
    latest.holders,
    done.map(({ holder }) => holder),
  );
  if (done.some(isRefusedAsReused)) return [...done, ...refuse(missed)];
  // One that took it and forgot it, or has taken it since, has let the alias go: the alias still knows.
  if (latest.taken !== undefined) return [...done, ...(await sendTaken(port, latest, done))];
  return [...done, ...(await sendToAll(port, { ...latest, holders: missed }))];
}

/** Those who had it before any request whose key still lives; else the first, which has had it as long as any. */
function establishedHolders({ fingerprint, now }: AliasSendPort, holders: readonly Holder[]) {
  if (fingerprint === undefined) return holders;
  const established = holders.filter((holder) => !isNew(holder, now));
  return established.length > 0 ? established : holders.slice(0, 1);
}

/** Whether the key was that of another body, as far as that is known in time. */
async function isOtherBody(
  { fingerprint, within }: AliasSendPort,
  { taken = [] }: AliasHolders,
  sending: readonly Promise<Sent>[],
): Promise<boolean> {
  if (fingerprint === undefined) return false;
  let isOther = taken.some((each) => isReused(fingerprint, each.fingerprint));
  const heard = sending.map(async (each) => {
    if (isRefusedAsReused(await each)) isOther = true;
  });
  await within(ESTABLISHED_MS, Promise.all(heard));
  return isOther;
}

const refuse = (holders: readonly Holder[]): readonly Sent[] =>
  holders.map((holder) => ({ holder, answer: REUSED }));

/** One that was held alone for so long had no other holder to take it. */
const mustAsk = ({ firstAckWins, now }: AliasSendPort, known: AliasHolders): boolean =>
  firstAckWins && (known.shared || known.holders.some((holder) => isNew(holder, now)));

/**
 * Of a message that was taken everybody tells what is so there, who took it among them, also where that one has let go since.
 *
 * @param done who has told it already
 */
async function sendTaken(
  port: AliasSendPort,
  current: AliasHolders,
  done: readonly Sent[] = [],
): Promise<readonly Sent[]> {
  const { holders, taken = [] } = current;
  const takers = taken.map(({ holder }) => holder);
  const named = [...holders, ...without(takers, holders)];
  const told = done.map(({ holder }) => holder);
  const all = without(named, told);
  if (taken.some(({ fingerprint }) => isReused(port.fingerprint, fingerprint))) return refuse(all);
  const sent = await sendToAll(port, { ...current, holders: all });
  return sent.filter((each) => !hasMoved(each));
}

const sendToAll = (port: AliasSendPort, current: AliasHolders): Promise<Sent[]> =>
  Promise.all(current.holders.map((holder) => sendTo(port, current, holder)));

async function sendTo(
  port: AliasSendPort,
  { shared, taken = [] }: AliasHolders,
  holder: Holder,
): Promise<Sent> {
  const taker = taken.find((each) => sameHolder(each.holder, holder));
  // One whose number is not known is of an older version, and is sent a repetition as ever.
  const isPlain = taken.length === 0 || taker?.seq === null;
  const flag = isPlain ? undefined : { seq: taker?.seq ?? null };
  return { holder, answer: await port.send(holder, shared, flag) };
}
