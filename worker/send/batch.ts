/** Sends many different messages that one request carries, with an outcome for each. */
import type { TokenUse } from "../../core/app/quota.ts";
import { type IdempotencyBasis, PlacedKeys } from "../../core/identity/message-key.ts";
import type { MeshError } from "../../schema/errors.ts";
import { batchMessage } from "../../schema/http.ts";
import type { CallContext } from "../context.ts";
import { parseValue } from "../request/body.ts";
import type { JsonList } from "../request/json-list.ts";
import type { Caller } from "../request/signed.ts";
import { sendEach } from "./each.ts";
import { contentOf, fingerprintOfContent } from "./message.ts";
import { takeTokens, useOf } from "./quota.ts";
import type { SendOutcome } from "./send.ts";

export interface Batch {
  readonly caller: Caller;
  /** Of the request. */
  readonly basis: IdempotencyBasis;
  /** As in `Outgoing`. */
  readonly waitMs: number;
}

/** Their tokens are taken together, before they are read one by one. */
const FOR_ALL: TokenUse = { sendClass: "normal", mayWait: true };

/** Each message takes a token of the quota, also one that is refused. */
export async function sendMessages(
  c: CallContext,
  { caller, basis: ofRequest, waitMs }: Batch,
  list: JsonList,
): Promise<readonly (SendOutcome | MeshError)[]> {
  const { count } = list;
  const tokens = await takeTokens(c, caller, count, FOR_ALL);
  const keys = new PlacedKeys(ofRequest);
  return sendEach(c, count, waitMs, (at) => {
    if (at >= tokens.granted) throw tokens.refusal();
    const heldUntil = tokens.at(at);
    const json = list.element(at);
    const body = parseValue(batchMessage, json.value);
    const content = contentOf(body, json);
    const { to, data: _, dataBase64: __, notification: ___, idempotencyKey, ...options } = body;
    if (heldUntil !== undefined && !useOf(to, options).mayWait)
      throw tokens.refusal(Math.max(1, heldUntil - Date.now()));
    const basis = basisOf(ofRequest, idempotencyKey, at);
    const fingerprint = fingerprintOfContent(basis, options, content);
    const message = { caller, basis, fingerprint, to, options, content, waitMs, heldUntil };
    return idempotencyKey === undefined ? { ...message, key: keys.at(at) } : message;
  });
}

/** A key of its own, or that of the request and the place of the message: with a space, which no key of a sender has. */
function basisOf(
  ofRequest: IdempotencyBasis,
  own: string | undefined,
  at: number,
): IdempotencyBasis {
  const kind = "idempotency-key";
  if (own !== undefined) return { kind, value: own };
  if (ofRequest.kind === kind) return { kind, value: `${ofRequest.value} ${at}` };
  const { value } = ofRequest;
  const placed = new Uint8Array(value.length + 2);
  placed.set(value);
  new DataView(placed.buffer).setUint16(value.length, at);
  return { kind: "signature", value: placed };
}
