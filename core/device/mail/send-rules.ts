/** Rules of sending without state: how long a sender waits, when a message is overdue, and how a repeated send is answered. */
import { dataHash } from "../../../schema/data-hash.ts";
import { isReused } from "../../fingerprint.ts";
import { decodeKey } from "../../message/key.ts";
import type { Priority } from "../../message/priority.ts";
import type { SendAnswer, SendRequest } from "../../message/send.ts";
import { followOf } from "../events/follow.ts";
import type { InFlight, Registration } from "../registration.ts";
import { idSeqOf, type MailHeader } from "../store.ts";
import type { FinalAnswer, QueryFields } from "./recent-keys.ts";

/** A ttl 0 message is withdrawn this long before its wait ends: a round trip to a slow device. */
const WITHDRAW_BEFORE_MS = 1_000;

/**
 * How long the shell waits for the token of a send before it calls `waitTimeout`, in milliseconds; a `wait` effect then extends the
 * wait. The first part ends early enough that an overdue message can be withdrawn and the device can still answer within the wait.
 */
export function firstWaitMs({ waitMs, ttlSeconds }: SendRequest): number {
  if (ttlSeconds > 0) return Math.min(waitMs, ttlSeconds * 1_000);
  return waitMs - Math.min(WITHDRAW_BEFORE_MS, waitMs / 2);
}

/** Whether a message on the socket is too late for the app: it has expired, or it has ttl 0. Call it when its sender stops waiting. */
export function isOverdue(
  { key, unstored, expiresAt }: InFlight,
  registration: Registration,
  now: number,
): boolean {
  if (unstored !== null) {
    return unstored.ttlSeconds === 0 || expiresAt <= now;
  }
  return (registration.mail.get(key)?.expiresAt ?? Number.POSITIVE_INFINITY) <= now;
}

export const KEY_REUSED: SendAnswer = { ok: false, code: "idempotency_key_reused" };

/** The answer to a request whose message is known. */
export function repeatedAnswer(request: SendRequest, known: FinalAnswer): SendAnswer {
  const { status, seq } = known;
  return isReused(request.fingerprint, known.fingerprint) ? KEY_REUSED : { ok: true, status, seq };
}

/** The answer to a request whose message waits. */
export function queuedAgain(request: SendRequest, row: MailHeader): SendAnswer {
  const { fingerprint, hold } = row;
  const answer = repeatedAnswer(request, { status: "queued", seq: idSeqOf(row), fingerprint });
  return answer.ok && hold?.until !== undefined ? { ...answer, heldUntil: hold.until } : answer;
}

/** What a query about a message without a row needs. If it was itself a query, it has no data, but the hash. */
export const queryFieldsOf = (
  entry: InFlight,
  { lane, data, notification }: SendRequest,
): QueryFields => ({
  lane,
  dataHash: entry.dataHash === undefined ? dataHash(data, notification) : entry.dataHash,
  options: followOf(entry.options),
});

/** ContentType of a query, which has no data. */
export const BINARY_CONTENT = 3;

/** A query about a message whose row is deleted: like a ttl 0 message without data. */
export function queryFor(
  { record: { app }, generation }: Registration,
  lane: Priority,
  key: string,
  fingerprint: number | null,
): SendRequest {
  return {
    ...{ app, generation, key: decodeKey(key), ...(fingerprint === null ? {} : { fingerprint }) },
    ...{ lane, contentType: BINARY_CONTENT, data: new Uint8Array(), ttlSeconds: 0, waitMs: 0 },
    ...{ collapseKey: null, onOverflow: "drop_oldest" },
  };
}
