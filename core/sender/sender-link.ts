/**
 * The protocol of a sender link, by which an app server sends without end (docs/protocol.md, section 10): hello first, then sends within
 * the credit, and their results in any order. Has no socket, no timer and no clock.
 */
import { ThriftError } from "../../schema/codec/error.ts";
import type { ErrorCode } from "../../schema/errors.ts";
import {
  CHANNEL_SEND,
  decodeEnvelope,
  decodeSendUp,
  encodeEnvelope,
  encodeSendDown,
  PROTOCOL_REVISION,
  type Send,
  type SendCredit,
  type SenderHello,
  type SenderWelcome,
  type SendResult,
} from "../../schema/generated/link.ts";
import { LIMITS } from "../../schema/limits.ts";

/** What the link has its owner do. */
export interface SenderOwner {
  /** Unsent bytes of the socket. */
  bufferedBytes(): number;
  /** Sends one binary WebSocket message. */
  frame(bytes: Uint8Array<ArrayBuffer>): void;
  /** Closes the socket with the code of this error. */
  close(code: ErrorCode, detail: string): void;
  /** Begins sends, in this order. Each ends with `SenderLink.settle`. */
  begin(sends: readonly PendingSend[]): void;
  /** Is to call `SenderLink.flush` soon: the results until then go out in one frame. */
  flushSoon(): void;
  /** The answer to hello; it has the credit from which the link begins. */
  welcome(): SenderWelcome;
}

/** A send without a result. */
export interface PendingSend {
  readonly send: Send;
  /** What it counts for. */
  readonly bytes: number;
  /** When it is answered at the latest, milliseconds since 1970. */
  readonly until: number;
}

type State = "opening" | "ready" | "draining" | "closed";

/** Of a result beside its answer or problem: numbers, an ID, and the heads of its fields. */
const RESULT_BYTES = 64;
const utf8 = new TextEncoder();

export class SenderLink {
  readonly #owner: SenderOwner;
  #state: State = "opening";
  #credit: SendCredit = { sends: 0, bytes: 0 };
  /** By request, in the order in which they came. */
  readonly #pending = new Map<number, PendingSend>();
  #pendingBytes = 0;
  #results: SendResult[] = [];

  constructor(owner: SenderOwner) {
    this.#owner = owner;
  }

  /** Sends without a result. */
  get pending(): number {
    return this.#pending.size;
  }

  /** What they count for. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get isOpening(): boolean {
    return this.#state === "opening";
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  get credit(): SendCredit {
    return this.#credit;
  }

  /**
   * Handles one WebSocket message; `ping` was answered before.
   *
   * @param now milliseconds since 1970
   */
  receive(message: Uint8Array | string, now: number): void {
    if (this.#state === "closed") return;
    if (typeof message === "string") {
      this.close("protocol_error", "text other than ping");
      return;
    }
    if (message.length > LIMITS.FRAME_BYTES) {
      this.close("frame_too_large", `${message.length} bytes, at most ${LIMITS.FRAME_BYTES}`);
      return;
    }
    try {
      const { channel, body } = decodeEnvelope(message);
      if (channel !== CHANNEL_SEND) {
        this.close("protocol_error", `channel ${channel}; a sender link has only ${CHANNEL_SEND}`);
        return;
      }
      const frame = decodeSendUp(body);
      if (frame.kind === "hello") this.#receiveHello(frame.value);
      else if (this.#state === "opening")
        this.close("protocol_error", "the first frame must be hello");
      else if (frame.kind === "sends") this.#receiveSends(frame.value, message.length, now);
      // Otherwise it is a frame of a newer peer, which the protocol says to ignore.
    } catch (error) {
      if (!(error instanceof ThriftError)) throw error;
      this.close("protocol_error", error.message);
    }
  }

  /** Ends a send; if it has ended before, nothing happens. */
  settle(pending: PendingSend, result: SendResult): void {
    if (this.#pending.get(result.request) !== pending) return;
    this.#pending.delete(result.request);
    this.#pendingBytes -= pending.bytes;
    if (this.#results.length === 0) this.#owner.flushSoon();
    this.#results.push(result);
  }

  /** Sends the results that have come since. Closes the link if the sender does not read. */
  flush(): void {
    const results = this.#results;
    this.#results = [];
    if (this.#state === "closed" || results.length === 0) return;
    const buffered = this.#owner.bufferedBytes();
    if (buffered > LIMITS.SOCKET_BUFFER_BYTES) {
      this.close("slow_consumer", `${buffered} bytes unread`);
      return;
    }
    let from = 0;
    let bytes = 0;
    for (let at = 0; at < results.length; at++) {
      const { answer, problem } = results[at] as SendResult;
      const own = RESULT_BYTES + (answer?.length ?? 0) + (problem?.length ?? 0);
      if (bytes > 0 && bytes + own > LIMITS.FRAME_BYTES - RESULT_BYTES) {
        this.#send({ kind: "results", value: results.slice(from, at) });
        from = at;
        bytes = 0;
      }
      bytes += own;
    }
    this.#send({ kind: "results", value: from === 0 ? results : results.slice(from) });
  }

  /** The sends whose time is over. */
  overdue(now: number): PendingSend[] {
    return [...this.#pending.values()].filter(({ until }) => until < now);
  }

  /** Gives the sender more credit. */
  raise(credit: SendCredit): void {
    if (this.#state !== "ready") return;
    this.#credit = credit;
    this.#send({ kind: "credit", value: credit });
  }

  /** Asks the sender to send no more, and to open another link within the window. */
  drain(reason: string, reconnectWithinMs: number): void {
    if (this.#state !== "ready") return;
    this.#state = "draining";
    this.#send({ kind: "goaway", value: { reason, reconnectWithinMs } });
  }

  close(code: ErrorCode, detail: string): void {
    if (this.#state === "closed") return;
    this.flush();
    // The last results may have found a sender that does not read: then the link is closed by that.
    if (this.isClosed) return;
    this.#state = "closed";
    this.#owner.close(code, detail);
  }

  /** The socket is gone: sends nothing any more. */
  lost(): void {
    this.#state = "closed";
  }

  #receiveHello({ revision, agent }: SenderHello): void {
    if (this.#state !== "opening") this.close("protocol_error", "second hello");
    else if (revision !== PROTOCOL_REVISION)
      this.close("revision_unsupported", `revision ${revision}, wanted ${PROTOCOL_REVISION}`);
    else if (utf8.encode(agent ?? "").length > LIMITS.AGENT_BYTES)
      this.close("protocol_error", `agent is over ${LIMITS.AGENT_BYTES} bytes`);
    else {
      const welcome = this.#owner.welcome();
      this.#credit = welcome.credit;
      this.#state = "ready";
      this.#send({ kind: "welcome", value: welcome });
    }
  }

  /** @param frameBytes of the WebSocket message, which its sends share: nothing of it can be freed before the last of them has ended */
  #receiveSends(sends: readonly Send[], frameBytes: number, now: number): void {
    const bytes = Math.ceil(frameBytes / Math.max(1, sends.length));
    const begun: PendingSend[] = [];
    for (const send of sends) {
      if (this.#pending.has(send.request)) {
        this.close("protocol_error", `request ${send.request} is under way`);
        return;
      }
      const waitMs = Math.min(send.waitMs ?? LIMITS.ACK_WAIT_DEFAULT_MS, LIMITS.ACK_WAIT_MAX_MS);
      const pending = { send, bytes, until: now + waitMs + LIMITS.CALL_MS };
      this.#pending.set(send.request, pending);
      this.#pendingBytes += bytes;
      begun.push(pending);
    }
    if (this.#pending.size > this.#credit.sends) {
      const detail = `${this.#pending.size} sends under way, at most ${this.#credit.sends}`;
      this.close("sender_overdrawn", detail);
    } else if (this.#pendingBytes > this.#credit.bytes) {
      const detail = `${this.#pendingBytes} bytes under way, at most ${this.#credit.bytes}`;
      this.close("sender_overdrawn", detail);
    } else if (begun.length > 0) this.#owner.begin(begun);
  }

  #send(frame: Parameters<typeof encodeSendDown>[0]): void {
    this.#owner.frame(encodeEnvelope({ channel: CHANNEL_SEND, body: encodeSendDown(frame) }));
  }
}
