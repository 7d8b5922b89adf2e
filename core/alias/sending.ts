/** Sends to the holders of an alias. An edge's cache may be stale, but never causes a wrong delivery. */
import type { ErrorCode } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { isReused } from "../fingerprint.ts";
import type { AliasSend, SendAnswer } from "../message/send.ts";
import { type AliasHolders, type Holder, sameHolder } from "./types.ts";

/** The answer of one holder. */
export interface Sent {
  readonly holder: Holder;
  readonly answer: SendAnswer;
}

export interface AliasSendPort {
  /** The holders in the edge's cache; undefined for a miss. */
  readonly known: AliasHolders | undefined;
  readonly firstAckWins: boolean;
  /** `SendRequest.fingerprint`. */
  readonly fingerprint: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Asks the alias for its holders, and for who acknowledged the message. */
  ask(): Promise<AliasHolders>;
  /** Sends to the device of one holder. Never rejects: a failed call is an answer, too. */
  send(holder: Holder, shared: boolean, taken?: AliasSend["taken"]): Promise<SendAnswer>;
  /** Resolves when `done` does, or after `ms`. */
  within(ms: number, done: Promise<unknown>): Promise<unknown>;
}

/** The device answers that it is not a holder: the alias has moved since it was asked, or is moving. */
const MOVED: readonly ErrorCode[] = ["alias_stale", "unregistered"];
const hasMoved = ({ answer }: Sent): boolean => !answer.ok && MOVED.includes(answer.code);

export const isRefusedAsReused = ({ answer }: Sent): boolean =>
  !answer.ok && answer.code === "idempotency_key_reused";

const REUSED: SendAnswer = { ok: false, code: "idempotency_key_reused" };

/** Whether an earlier copy of the request may have been sent before this holder joined. */
const isNew = ({ epoch = 0 }: Holder, now: number): boolean =>
  now - epoch <= LIMITS.IDEMPOTENCY_KEY_MS;

const without = (holders: readonly Holder[], others: readonly Holder[]): readonly Holder[] =>
  holders.filter((holder) => !others.some((other) => sameHolder(other, holder)));

/**
 * How long the message for new holders waits for the others, which may refuse its key. A refusal takes one call of an object. Anything slower is
 * mostly a device that does not acknowledge, and a phone that just signed in should not ring later because of it.
 */
const ESTABLISHED_MS = 300;

/**
 * Sends to the holders in the edge's cache, and then to those that hold the alias by now.
 *
 * If an exclusive alias has moved or is shared by now, its former holder refuses the message. Of a shared alias, only the alias knows
 * who joined: it is asked in parallel with the sends to the known holders, which takes no longer and costs one request. With
 * `firstAckWins` it is asked first, because only it knows whether the message was acknowledged before a holder joined.
 *
 * With an `Idempotency-Key`, holders that joined within the life of a key come after the others, which know whether the key was used with
 * a different body.
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
  // Holders that the alias has just named are not asked again.
  const doubted = joined === undefined ? sent : old;
  if (!doubted.some(hasMoved)) return sent;
  const latest = joined ?? (await port.ask());
  const done = sent.filter((each) => !doubted.includes(each) || !hasMoved(each));
  const missed = without(
    latest.holders,
    done.map(({ holder }) => holder),
  );
  if (done.some(isRefusedAsReused)) return [...done, ...refuse(missed)];
  // A holder acknowledged it and has unset the alias since. The alias still knows.
  if (latest.taken !== undefined) return [...done, ...(await sendTaken(port, latest, done))];
  return [...done, ...(await sendToAll(port, { ...latest, holders: missed }))];
}

/** Holders that joined before any request whose key is still remembered; if there are none, the first, which holds it longest. */
function establishedHolders({ fingerprint, now }: AliasSendPort, holders: readonly Holder[]) {
  if (fingerprint === undefined) return holders;
  const established = holders.filter((holder) => !isNew(holder, now));
  return established.length > 0 ? established : holders.slice(0, 1);
}

/** Whether the key was used with a different body, as far as that is known in time. */
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

/** False for an alias that one registration has held alone for the life of a key: no other could have acknowledged the message. */
const mustAsk = ({ firstAckWins, now }: AliasSendPort, known: AliasHolders): boolean =>
  firstAckWins && (known.shared || known.holders.some((holder) => isNew(holder, now)));

/**
 * Collects the answers for a message that was acknowledged before: of all holders, and of those that acknowledged it, even if they no
 * longer hold the alias.
 *
 * @param done answers that are known
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
  // A holder without a number has an older version, and is sent a plain repetition.
  const isPlain = taken.length === 0 || taker?.seq === null;
  const flag = isPlain ? undefined : { seq: taker?.seq ?? null };
  return { holder, answer: await port.send(holder, shared, flag) };
}
