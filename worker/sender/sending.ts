/** Sends what a sender link carries, and makes its results. */
import type { SendAnswer } from "../../core/message/send.ts";
import type { PendingSend } from "../../core/sender/sender-link.ts";
import { MeshError } from "../../schema/errors.ts";
import { type Send, type SendResult, SendStatus } from "../../schema/generated/link.ts";
import { MESSAGE_STATUSES, type MessageStatus } from "../../schema/http/enums.ts";
import type { SingleTarget } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { messageIdBytes, parseMessageId } from "../../schema/text.ts";
import { callObject, leftOf, needsRoom, refusal } from "../calls/objects.ts";
import type { CallContext } from "../context.ts";
import { asMeshError, problemOf } from "../problem.ts";
import type { Caller } from "../request/signed.ts";
import type { Outgoing } from "../send/message.ts";
import { takeToken, useOf } from "../send/quota.ts";
import { type SendOutcome, sendOutgoing } from "../send/send.ts";
import { type SingleSend, singleOutcome, singleSend } from "../send/single.ts";
import { readThriftSend } from "../send/thrift.ts";
import { sendTrusted } from "../send/trusted.ts";

/** Sends that came together, and how many of them have begun. */
export interface SendFrame {
  readonly c: CallContext;
  readonly sends: readonly PendingSend[];
  next: number;
}

/** Called with the result of a send. */
export type Settle = (pending: PendingSend, result: SendResult) => void;

const utf8 = new TextEncoder();
const STATUSES = Object.fromEntries(
  MESSAGE_STATUSES.map((name) => [name, SendStatus[name.toUpperCase() as keyof typeof SendStatus]]),
) as Readonly<Record<MessageStatus, SendStatus>>;

const EXCLAMATION = 0x21;
const TILDE = 0x7e;

/** @returns what the next send has to wait for; null if nothing */
export function beginSend(
  c: CallContext,
  caller: Caller,
  pending: PendingSend,
  settle: Settle,
): Promise<void> | null {
  const { send } = pending;
  const refuse = (error: unknown) => settle(pending, problemResultOf(c, pending, error));
  try {
    const outgoing = readOutgoing(caller, send);
    if (caller.verified.verifier.quota === null) {
      begin(c, outgoing, pending, settle);
      return null;
    }
    return takeToken(c, caller, useOf(outgoing.to, outgoing.options))
      .then((heldUntil) => begin(c, { ...outgoing, heldUntil }, pending, settle))
      .catch(refuse);
  } catch (error) {
    refuse(error);
    return null;
  }
}

/** @throws MeshError if it cannot be read */
function readOutgoing(caller: Caller, send: Send): Outgoing<SingleTarget> {
  const value = keyOf(send);
  const { hash: fingerprint, ...read } = readThriftSend(send);
  const basis = { kind: "idempotency-key", value } as const;
  return { caller, basis, fingerprint: { fingerprint }, ...read };
}

/** @throws MeshError if the regId or an option is wrong */
function begin(
  c: CallContext,
  outgoing: Outgoing<SingleTarget>,
  pending: PendingSend,
  settle: Settle,
): void {
  const { send } = pending;
  const { caller, to, waitMs } = outgoing;
  const refuse = (error: unknown) => settle(pending, problemResultOf(c, pending, error));
  const single = typeof to === "string" ? singleSend(c, { ...outgoing, to }) : undefined;
  if (single !== undefined && !needsRoom(c, single.device)) {
    callDevice(c, caller, single, waitMs).then((sent) => {
      if (!sent.ok) refuse(refusal(sent));
      else if (sent.heldUntil === undefined)
        settle(pending, resultOf(c, send, single.request.key, sent));
      else settle(pending, answerOf(c, send, singleOutcome(single, sent)));
    }, refuse);
  } else {
    sendOutgoing(c, outgoing).then(
      (outcome) => settle(pending, answerOf(c, send, outcome)),
      refuse,
    );
  }
}

/**
 * Without a timer of its own, which would take 4 of the 60 microseconds of a send: the link looks for what is overdue. Where the process bounds how
 * many objects are awake, `wakeInTime` has to wait for room instead.
 */
const callDevice = (
  c: CallContext,
  caller: Caller,
  { device, request }: SingleSend,
  wait: number,
): Promise<SendAnswer> =>
  sendTrusted(caller, (trust) =>
    callObject(() => {
      const waitMs = leftOf(c, wait);
      return c.env.DEVICES.getByName(device).send({ ...request, ...trust, waitMs });
    }),
  );

/** @throws MeshError `nonce_required`, `idempotency_key_invalid` */
function keyOf({ idempotencyKey: key }: Send): Uint8Array {
  if (key === undefined) throw new MeshError("nonce_required", "idempotencyKey is missing");
  if (key.length === 0 || key.length > LIMITS.IDEMPOTENCY_KEY_CHARS || !key.every(isVisible))
    throw new MeshError("idempotency_key_invalid");
  return key;
}

const isVisible = (byte: number): boolean => byte >= EXCLAMATION && byte <= TILDE;

const tookMs = (c: Pick<CallContext, "get">): number => Date.now() - c.get("receivedAt");

const resultOf = (
  c: CallContext,
  { request }: Send,
  key: Uint8Array,
  { seq, status }: Extract<SendAnswer, { ok: true }>,
): SendResult => ({
  ...{ request, status: STATUSES[status], id: messageIdBytes({ seq, key }), tookMs: tookMs(c) },
});

function answerOf(c: CallContext, { request }: Send, outcome: SendOutcome): SendResult {
  const took = tookMs(c);
  const parts = "id" in outcome ? parseMessageId(outcome.id) : undefined;
  const isHeld = "sendAt" in outcome;
  if (parts !== undefined && "id" in outcome && outcome.status !== "accepted" && !isHeld) {
    const status = STATUSES[outcome.status];
    return { request, status, id: messageIdBytes(parts), tookMs: took };
  }
  return { request, answer: utf8.encode(JSON.stringify({ ...outcome, tookMs: took })) };
}

/** The result of a send that failed. */
export function problemResultOf(
  c: Pick<CallContext, "get">,
  { send: { request } }: PendingSend,
  thrown: unknown,
): SendResult {
  const error = asMeshError(thrown, "a send of a sender link");
  const { body, retryAfterMs } = problemOf(error);
  return {
    request,
    problem: utf8.encode(JSON.stringify(body)),
    tookMs: tookMs(c),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
  };
}
