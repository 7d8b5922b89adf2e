/** What an app server sends in Thrift: frames of a sender link, in any order, and bodies of a request. */
import {
  type PendingSend,
  SenderLink,
  type SenderOwner,
} from "../../../core/sender/sender-link.ts";
import { ERRORS, MeshError } from "../../../schema/errors.ts";
import {
  CHANNEL_SEND,
  decodeEnvelope,
  decodeSendDown,
  encodeEnvelope,
  PROTOCOL_REVISION,
} from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { readThriftBody, readThriftSend } from "../../../worker/send/thrift.ts";
import type { Random } from "../../chaos/random.ts";
import { linkCodec } from "../../schema/support/codecs.ts";
import { mutateBytes, someBytes } from "../mutate/bytes.ts";
import { mutateCompact } from "../mutate/compact.ts";
import { textOf } from "../mutate/json.ts";
import { OPERATIONS, sampleOf, type Words } from "../requests.ts";
import { Broken, promise, type Target } from "../target.ts";
import { shapeOf } from "./codec.ts";

const UP = linkCodec("SendUp");
const SEND = linkCodec("Send");
const CONTENT = linkCodec("SendContent");
const CREDIT = { sends: 4, bytes: 2_000 };
const SEND_BODY = OPERATIONS.find(({ id }) => id === "sendMessage")?.body ?? {};
const HELLO = UP.encode({ kind: "hello", value: { revision: PROTOCOL_REVISION } });
const utf8 = new TextEncoder();
const WORDS: Words = { to: ["a", "b"], alias: ["é"], tag: ["news"], data: ["x"] };

/** A link whose sends end at random, and what it did. */
class Peer implements SenderOwner {
  readonly link = new SenderLink(this);
  readonly begun: PendingSend[] = [];
  closedBy: string | null = null;
  #isFlushing = false;

  bufferedBytes(): number {
    return 0;
  }

  frame(bytes: Uint8Array<ArrayBuffer>): void {
    promise(this.closedBy === null, () => "a frame after the close");
    promise(bytes.length <= LIMITS.FRAME_BYTES, () => `a frame of ${bytes.length} bytes`);
    decodeSendDown(decodeEnvelope(bytes).body);
  }

  close(code: keyof typeof ERRORS, detail: string): void {
    promise(this.closedBy === null, () => "closed twice");
    promise(ERRORS[code].close !== null, () => `closes by ${code}: ${detail}`);
    this.closedBy = code;
  }

  begin(sends: readonly PendingSend[]): void {
    promise(this.closedBy === null, () => "a send begun after the close");
    this.begun.push(...sends);
    const bytes = this.begun.reduce((sum, one) => sum + one.bytes, 0);
    const isWithin = this.begun.length <= CREDIT.sends && bytes <= CREDIT.bytes;
    promise(isWithin, () => `${this.begun.length} sends of ${bytes} bytes are under way`);
  }

  flushSoon(): void {
    this.#isFlushing = true;
  }

  welcome() {
    return {
      ...{ serverTimeMs: 0, heartbeatMs: 1, maxFrameBytes: LIMITS.FRAME_BYTES, credit: CREDIT },
      ...{ reconnectBaseMs: 1, reconnectMaxMs: 1 },
    };
  }

  /** Ends some sends. */
  settle(random: Random): void {
    while (this.begun.length > 0 && random.chance(0.7)) {
      const [pending] = this.begun.splice(random.between(0, this.begun.length - 1), 1);
      if (pending === undefined) continue;
      const { request } = pending.send;
      this.link.settle(pending, { request, answer: someBytes(random, 20) });
    }
    if (this.#isFlushing) this.link.flush();
    this.#isFlushing = false;
  }
}

function frameOf(random: Random): Uint8Array {
  const valid = random.chance(0.1) ? HELLO : UP.encode(shapeOf(UP.ast, UP.name, random));
  let body = random.chance(0.3) ? mutateCompact(valid, random, HELLO) : valid;
  if (random.chance(0.05)) body = mutateBytes(body, random);
  const channel = random.chance(0.98) ? CHANNEL_SEND : random.between(0, 9);
  return random.chance(0.02) ? someBytes(random, 30) : encodeEnvelope({ channel, body });
}

/** @returns whether the link is still open */
function frames(random: Random): boolean {
  const peer = new Peer();
  if (random.chance(0.95))
    peer.link.receive(encodeEnvelope({ channel: CHANNEL_SEND, body: HELLO }), 0);
  for (let left = random.between(1, 6); left > 0; left--) {
    peer.link.receive(frameOf(random), 0);
    peer.settle(random);
  }
  promise(peer.link.isClosed === (peer.closedBy !== null), () => `closed by ${peer.closedBy}`);
  const isCounted = peer.closedBy !== null || peer.link.pending === peer.begun.length;
  promise(isCounted, () => `${peer.link.pending} pending of ${peer.begun.length}`);
  return peer.closedBy === null;
}

/** A send whose target and options are those of a JSON body, or near. */
function sendOf(random: Random): Uint8Array {
  const {
    to = "a",
    data,
    dataBase64,
    ...options
  } = sampleOf(SEND_BODY, random, WORDS) as Record<string, never>;
  const target = typeof to === "string" ? to : textOf(to, random);
  const content = CONTENT.encode({
    contentType: random.between(0, 3),
    data: random.chance(0.5) ? utf8.encode('{"a":1}') : someBytes(random, random.between(0, 40)),
    ...(random.chance(0.6) ? { options: textOf(options as never, random) } : {}),
  });
  const bytes = random.chance(0.2) ? mutateCompact(content, random, content) : content;
  const idempotencyKey = utf8.encode("key");
  const send = SEND.encode({ request: 1, to: target, content: bytes, idempotencyKey });
  return random.chance(0.1) ? mutateCompact(send, random, send) : send;
}

/** @returns whether it is taken */
function bodies(random: Random): boolean {
  const bytes = sendOf(random);
  try {
    const { to, options } = readThriftSend(readThriftBody(bytes));
    promise(options.ttl >= 0 && options.ttl <= LIMITS.TTL_MAX_SECONDS, () => `ttl ${options.ttl}`);
    promise(typeof to === "string" || Object.keys(to).length > 0, () => JSON.stringify(to));
    return true;
  } catch (error) {
    if (error instanceof Broken || !(error instanceof MeshError)) throw error;
    const isDocumented = ERRORS[error.code].status === 400;
    promise(isDocumented, () => `${error.code} for ${Buffer.from(bytes).toString("hex")}`);
    return false;
  }
}

export const sender: Target = {
  name: "sender",
  share: 8,
  open: () => ({ attempt: (random) => (random.chance(0.5) ? frames(random) : bodies(random)) }),
};
