/** Sends what a sender link carries, and makes its results. */
import { MeshError } from "../../schema/errors.ts";
import { type Send, type SendResult, SendStatus } from "../../schema/generated/link.ts";
import { MESSAGE_STATUSES, type MessageStatus } from "../../schema/http/enums.ts";
import { LIMITS } from "../../schema/limits.ts";
import { messageIdBytes, parseMessageId } from "../../schema/text.ts";
import type { CallContext } from "../context.ts";
import { asMeshError, problemOf } from "../problem.ts";
import type { Caller } from "../request/signed.ts";
import { takeToken } from "../send/quota.ts";
import { type SendOutcome, sendOutgoing } from "../send/send.ts";
import { readThriftSend } from "../send/thrift.ts";

/** Sends that came together, and how many of them have begun. */
export interface SendFrame {
  readonly c: CallContext;
  readonly sends: readonly Send[];
  next: number;
}

type Settle = (result: SendResult) => void;

const utf8 = new TextEncoder();
const ascii = new TextDecoder();
const STATUSES = Object.fromEntries(
  MESSAGE_STATUSES.map((name) => [name, SendStatus[name.toUpperCase() as keyof typeof SendStatus]]),
) as Readonly<Record<MessageStatus, SendStatus>>;

const EXCLAMATION = 0x21;
const TILDE = 0x7e;

/**
 * Begins a send.
 *
 * @param settle called once, with its result
 * @returns what the next send has to wait for; null if nothing
 */
export function sendOne(
  c: CallContext,
  caller: Caller,
  send: Send,
  settle: Settle,
): Promise<void> | null {
  const refuse = (error: unknown) => settle(refusalOf(c, send, error));
  const run = () => {
    try {
      begin(c, caller, send, settle, refuse);
    } catch (error) {
      refuse(error);
    }
  };
  if (caller.verified.verifier.quota === null) {
    run();
    return null;
  }
  return takeToken(c, caller).then(run, refuse);
}

function begin(
  c: CallContext,
  caller: Caller,
  send: Send,
  settle: Settle,
  refuse: (error: unknown) => void,
): void {
  const value = keyOf(send);
  const { hash: fingerprint, ...read } = readThriftSend(send);
  const basis = { kind: "idempotency-key", value } as const;
  const outgoing = { caller, basis, fingerprint: { fingerprint }, ...read };
  sendOutgoing(c, outgoing).then((outcome) => settle(resultOf(c, send, outcome)), refuse);
}

/** @throws MeshError `nonce_required`, `idempotency_key_invalid` */
function keyOf({ idempotencyKey: key }: Send): string {
  if (key === undefined) throw new MeshError("nonce_required", "idempotencyKey is missing");
  const isVisible = key.every((byte) => byte >= EXCLAMATION && byte <= TILDE);
  if (key.length === 0 || key.length > LIMITS.IDEMPOTENCY_KEY_CHARS || !isVisible)
    throw new MeshError("idempotency_key_invalid");
  return ascii.decode(key);
}

const tookMs = (c: CallContext): number => Date.now() - c.get("receivedAt");

function resultOf(c: CallContext, { request }: Send, outcome: SendOutcome): SendResult {
  const took = tookMs(c);
  const parts = "id" in outcome ? parseMessageId(outcome.id) : undefined;
  if (parts !== undefined && "id" in outcome && outcome.status !== "accepted") {
    const status = STATUSES[outcome.status];
    return { request, status, id: messageIdBytes(parts), tookMs: took };
  }
  return { request, answer: utf8.encode(JSON.stringify({ ...outcome, tookMs: took })) };
}

function refusalOf(c: CallContext, { request }: Send, thrown: unknown): SendResult {
  const error = asMeshError(thrown, "a send of a sender link");
  const { body, retryAfterMs } = problemOf(error);
  return {
    request,
    problem: utf8.encode(JSON.stringify(body)),
    tookMs: tookMs(c),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
  };
}
