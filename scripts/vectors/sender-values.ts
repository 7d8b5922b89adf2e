/** The values of sender links. */
import {
  ContentType,
  encodeSend,
  encodeSendContent,
  encodeSendCredit,
  encodeSendDown,
  encodeSenderHello,
  encodeSenderWelcome,
  encodeSendResult,
  encodeSendUp,
  PROTOCOL_REVISION,
  Priority,
  type Send,
  type SendCredit,
  type SenderWelcome,
  type SendResult,
  SendStatus,
} from "../../schema/generated/link.ts";
import { bytes, MAX_I32, text, type ValueVector, vector } from "./values.ts";

const content = { contentType: ContentType.JSON, data: text('{"title":"Hello"}') };
const send: Send = {
  ...{ request: 1, to: "AQIDBAUGBwg", content: encodeSendContent(content) },
  idempotencyKey: text("order-17"),
};
const credit: SendCredit = { sends: 64, bytes: 131_072 };
const welcome: SenderWelcome = {
  ...{ serverTimeMs: 1_793_491_200_000, heartbeatMs: 50_000, maxFrameBytes: 65_536, credit },
  ...{ reconnectBaseMs: 1_000, reconnectMaxMs: 60_000 },
};
const result: SendResult = {
  ...{ request: 1, status: SendStatus.DELIVERED, id: bytes(16), tookMs: 3 },
};

export const SENDER_VALUES: readonly ValueVector[] = [
  ...vector("SenderHello", encodeSenderHello, {
    "sender hello": { revision: PROTOCOL_REVISION },
    "sender hello, with agent": { revision: PROTOCOL_REVISION, agent: "example/1.0" },
  }),
  ...vector("SendCredit", encodeSendCredit, { "send credit": credit }),
  ...vector("SenderWelcome", encodeSenderWelcome, { "sender welcome": welcome }),
  ...vector("SendContent", encodeSendContent, {
    "send content": content,
    "send content, all fields": {
      ...{ contentType: ContentType.BINARY, data: bytes(32), ttl: 0, priority: Priority.HIGH },
      ...{ collapseKey: "score", rejectOnOverflow: true, encrypted: true },
      options: '{"filter":{"platform":["web"]}}',
    },
  }),
  ...vector("Send", encodeSend, {
    send,
    "send, to an alias, without a wait": {
      ...{ ...send, request: MAX_I32, to: '{"alias":"ben"}', waitMs: 0 },
    },
  }),
  ...vector("SendResult", encodeSendResult, {
    "send result": result,
    "send result, of an alias": { request: 2, tookMs: 4, answer: text('{"results":[]}') },
    "send result, refused": {
      ...{ request: 3, tookMs: 0, problem: text('{"code":"quota_exceeded"}') },
      retryAfterMs: 250,
    },
  }),
  ...vector("SendUp", encodeSendUp, {
    "send up: hello": { kind: "hello", value: { revision: PROTOCOL_REVISION } },
    "send up: two sends": { kind: "sends", value: [send, { ...send, request: 2 }] },
  }),
  ...vector("SendDown", encodeSendDown, {
    "send down: welcome": { kind: "welcome", value: welcome },
    "send down: two results": { kind: "results", value: [result, { ...result, request: 2 }] },
    "send down: credit": { kind: "credit", value: { sends: 128, bytes: 262_144 } },
    "send down: goaway": {
      kind: "goaway",
      value: { reason: "this end is about to close", reconnectWithinMs: 1_000 },
    },
  }),
];
