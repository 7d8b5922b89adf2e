/** What a send goes by beyond its own state: how long its sender waits, when its time is over, and what its repetition is answered. */
import { dataHash } from "../../../schema/data-hash.ts";
import { isReused } from "../../fingerprint.ts";
import { bytesOfKey } from "../../message/key.ts";
import type { Priority } from "../../message/priority.ts";
import type { SendAnswer, SendRequest } from "../../message/send.ts";
import type { InFlight, Registration } from "../registration.ts";
import type { Asked, Final } from "./recent-keys.ts";

/** How long before the end of a ttl 0 wait the message is withdrawn: a round trip to a slow device. */
const WITHDRAW_BEFORE_MS = 1_000;

/**
 * How long the shell waits for the token of a send before it calls `timeout`; a `wait` effect then says how much longer.
 * A ttl 0 message is withdrawn before the wait is over, any other when its time is: so that the device's answer still
 * comes within the wait.
 */
export function firstWaitMs({ waitMs, ttlSeconds }: SendRequest): number {
  if (ttlSeconds > 0) return Math.min(waitMs, ttlSeconds * 1_000);
  return waitMs - Math.min(WITHDRAW_BEFORE_MS, waitMs / 2);
}

/** Whether a message on the socket must not be handed to the app any more, were it not yet: a ttl 0 one once its sender stops waiting. */
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

export const REUSED: SendAnswer = { ok: false, code: "idempotency_key_reused" };

/** What a request is answered whose message is known. */
export function againOf(request: SendRequest, known: Final): SendAnswer {
  const { status, seq } = known;
  return isReused(request.fingerprint, known.fingerprint) ? REUSED : { ok: true, status, seq };
}

/** How the device is asked after a message that has no row. One that it was asked after already came without its data. */
export const askedOf = (entry: InFlight, { lane, data }: SendRequest): Asked => ({
  lane,
  dataHash: entry.dataHash === undefined ? dataHash(data) : entry.dataHash,
});

/** ContentType of a message that has no data. */
export const BINARY_CONTENT = 3;

/** What asks after a message that has no row any more: it is as one of ttl 0, and has no data. */
export function questionOf(
  { record: { app }, generation }: Registration,
  lane: Priority,
  key: string,
  fingerprint: number | null,
): SendRequest {
  return {
    ...{ app, generation, key: bytesOfKey(key), ...(fingerprint === null ? {} : { fingerprint }) },
    ...{ lane, contentType: BINARY_CONTENT, data: new Uint8Array(), ttlSeconds: 0, waitMs: 0 },
    ...{ collapseKey: null, onOverflow: "drop_oldest" },
  };
}
