/** The protocol of one link: expects hello first, then passes each envelope to its channel. Has no socket and no timer. */
import { ThriftError } from "../../schema/codec/error.ts";
import { ERRORS, type ErrorCode } from "../../schema/errors.ts";
import {
  CHANNEL_LINK,
  decodeEnvelope,
  decodeLinkUp,
  encodeEnvelope,
  encodeLinkDown,
  type Hello,
  PROTOCOL_REVISION,
  type Welcome,
} from "../../schema/generated/link.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Channel, ChannelContext, WireRefusal } from "./channel.ts";
import type { Context } from "./effects.ts";
import { Limiter } from "./limiter.ts";

const utf8 = new TextEncoder();

interface LinkOptions {
  /** base64url of the session's 16 bytes. */
  readonly session: string;
  /** Whether hello was exchanged already: true for a link restored after hibernation. */
  readonly ready: boolean;
  readonly channels: readonly Channel[];
  /** Unsent bytes of the socket. */
  readonly bufferedBytes: () => number;
  /** Returns the answer to hello. */
  readonly onHello: (hello: Hello, now: number) => Welcome;
  /** Called after the welcome was sent. */
  readonly onReady: (hello: Hello, context: Context) => void;
}

/** The retry time of temporary refusals that name none: without one, a device would give up. */
const RETRY_MS = 1_000;
const MAX_I32 = 2 ** 31 - 1;

export class Link {
  readonly session: string;
  #state: "opening" | "ready" | "closed";
  readonly #options: LinkOptions;
  readonly #channels: ReadonlyMap<number, Channel>;
  readonly #limiter = new Limiter(LIMITS.COMMANDS_PER_SECOND, LIMITS.COMMANDS_BURST);
  #refusedBeyondGranted = 0;

  constructor(options: LinkOptions) {
    this.session = options.session;
    this.#options = options;
    this.#state = options.ready ? "ready" : "opening";
    this.#channels = new Map(options.channels.map((channel) => [channel.number, channel]));
  }

  /** Whether hello was exchanged and the link is open. */
  get ready(): boolean {
    return this.#state === "ready";
  }

  /** Whether this side closed it. */
  get closed(): boolean {
    return this.#state === "closed";
  }

  /** Handles one binary WebSocket message. */
  receive(bytes: Uint8Array, context: Context): void {
    if (this.#state === "closed") return;
    if (bytes.length > LIMITS.FRAME_BYTES) {
      this.close(
        "frame_too_large",
        `${bytes.length} bytes, at most ${LIMITS.FRAME_BYTES}`,
        context,
      );
      return;
    }
    try {
      const { channel, body } = decodeEnvelope(bytes);
      if (channel === CHANNEL_LINK) this.#receiveLink(body, context);
      else this.#receiveChannel(channel, body, context);
    } catch (error) {
      if (!(error instanceof ThriftError)) throw error;
      this.close("protocol_error", error.message, context);
    }
  }

  /** Handles a text message. The host answers the heartbeat itself, so any other text closes the link. */
  receiveText(context: Context): void {
    this.close("protocol_error", "text other than ping", context);
  }

  /** Closes the link if no hello has arrived. */
  helloTimeout(context: Context): void {
    if (this.#state === "opening") this.close("hello_timeout", "no hello", context);
  }

  /** Sends one frame on a channel; closes the link if the device does not read. */
  send(channel: number, body: Uint8Array, context: Context): void {
    if (this.#state === "closed") return;
    const buffered = this.#options.bufferedBytes();
    if (buffered > LIMITS.SOCKET_BUFFER_BYTES) {
      this.close("slow_consumer", `${buffered} bytes unread`, context);
      return;
    }
    context.effects.push({ kind: "frame", bytes: encodeEnvelope({ channel, body }) });
  }

  close(code: ErrorCode, detail: string, { effects }: Context): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    effects.push({ kind: "close", code, detail });
  }

  /** The socket has closed: sends nothing any more. */
  markLost(): void {
    this.#state = "closed";
  }

  #receiveLink(body: Uint8Array, context: Context): void {
    const frame = decodeLinkUp(body);
    if (this.#state === "ready") {
      if (frame.kind === "hello") this.close("protocol_error", "second hello", context);
      else if (this.#admit(undefined, undefined, context)) {
        this.#refuse(undefined, "frame_unknown", `link frame ${frame.value}`, undefined, context);
      }
      return;
    }
    if (frame.kind !== "hello") {
      this.close("protocol_error", "the first frame must be hello", context);
    } else if (frame.value.revision !== PROTOCOL_REVISION) {
      const detail = `revision ${frame.value.revision}, wanted ${PROTOCOL_REVISION}`;
      this.close("revision_unsupported", detail, context);
    } else if (utf8.encode(frame.value.agent ?? "").length > LIMITS.AGENT_BYTES) {
      this.close("protocol_error", `agent is over ${LIMITS.AGENT_BYTES} bytes`, context);
    } else if ((frame.value.cursors?.length ?? 0) > LIMITS.HELLO_CURSORS) {
      this.close("protocol_error", `over ${LIMITS.HELLO_CURSORS} cursors`, context);
    } else {
      this.#state = "ready";
      const welcome = this.#options.onHello(frame.value, context.now);
      this.send(CHANNEL_LINK, encodeLinkDown({ kind: "welcome", value: welcome }), context);
      this.#options.onReady(frame.value, context);
    }
  }

  #receiveChannel(number: number, body: Uint8Array, context: Context): void {
    if (this.#state === "opening") {
      this.close("protocol_error", "the first frame must be hello", context);
      return;
    }
    const channel = this.#channels.get(number);
    if (channel === undefined) {
      if (this.#admit(undefined, undefined, context)) {
        this.#refuse(undefined, "channel_unknown", `channel ${number}`, undefined, context);
      }
      return;
    }
    channel.receive(body, this.#contextOf(channel, context));
  }

  #contextOf(channel: Channel, context: Context): ChannelContext {
    const { now, effects } = context;
    return {
      now,
      effects,
      admit: (request) => this.#admit(channel, request, context),
      refuse: (code, detail, request, retryAfterMs) =>
        this.#refuse(channel, code, detail, { request, retryAfterMs }, context),
      send: (frame) => this.send(channel.number, frame, context),
      later: (other) => this.#contextOf(channel, other),
    };
  }

  #admit(channel: Channel | undefined, request: number | undefined, context: Context): boolean {
    const retryAfterMs = this.#limiter.take(context.now);
    if (retryAfterMs === 0) {
      // Not back to 0: the bucket admits one command in 20 ms even of a flood, so its link would never be closed.
      this.#refusedBeyondGranted = Math.max(0, this.#refusedBeyondGranted - 1);
      return true;
    }
    if (++this.#refusedBeyondGranted > LIMITS.COMMANDS_REFUSED_MAX) {
      this.close("flooding", `over ${LIMITS.COMMANDS_PER_SECOND} commands a second`, context);
    } else {
      const detail = `at most ${LIMITS.COMMANDS_PER_SECOND} commands a second`;
      this.#refuse(channel, "rate_limited", detail, { request, retryAfterMs }, context);
    }
    return false;
  }

  #refuse(
    channel: Channel | undefined,
    code: ErrorCode,
    detail: string,
    about: { request?: number | undefined; retryAfterMs?: number | undefined } | undefined,
    context: Context,
  ): void {
    if (this.#state === "closed") return;
    const { number, retry } = ERRORS[code];
    const retryAfterMs = about?.retryAfterMs ?? (retry === "later" ? RETRY_MS : undefined);
    const refusal: WireRefusal = {
      code: number,
      name: code,
      message: detail,
      ...(about?.request === undefined ? {} : { request: about.request }),
      // A ban may last longer than the field can say: 24 days.
      ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.min(retryAfterMs, MAX_I32) }),
    };
    if (channel?.encodeRefusal !== undefined) {
      this.send(channel.number, channel.encodeRefusal(refusal), context);
    } else {
      this.send(CHANNEL_LINK, encodeLinkDown({ kind: "refusal", value: refusal }), context);
    }
  }
}
