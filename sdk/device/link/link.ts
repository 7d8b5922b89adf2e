/** The shell of the link's state machine: carries out the effects of `machine.ts` on a host, and decides nothing itself. */
import { ThriftError } from "../../../schema/codec/error.ts";
import {
  CHANNEL_LINK,
  decodeEnvelope,
  decodeLinkDown,
  encodeEnvelope,
  encodeLinkUp,
  type Hello,
  type Refusal,
  type Welcome,
} from "../../../schema/generated/link.ts";
import {
  FRAME_BYTES,
  HEARTBEAT_DEFAULT_MS,
  RECONNECT_BASE_MS,
  RECONNECT_MAX_MS,
} from "../constants.ts";
import { type PushErrorData, toErrorData } from "../errors.ts";
import type { Host, Socket } from "../host.ts";
import type { LinkStateName } from "../port.ts";
import {
  initialLink,
  type LinkEffect,
  type LinkEvent,
  type LinkState,
  type Renewal,
  step,
} from "./machine.ts";

/** What the link needs from its owner, and reports to it. */
export interface LinkOwner {
  /** A token for one connect to `endpoint`; rejects with a PushError. */
  token(endpoint: string, renewal: Renewal, signal: AbortSignal): Promise<string>;
  hello(session: Uint8Array | undefined): Hello;
  /** The link is open. `link` counts the links of this process from 1. */
  onWelcome(welcome: Welcome, link: number): void;
  /** A frame of any channel except the link's own; throws ThriftError if it cannot be read. */
  onFrame(channel: number, body: Uint8Array): void;
  onRefusal(refusal: Refusal): void;
  onStatus(
    state: LinkStateName,
    error: PushErrorData | undefined,
    retryInMs: number | undefined,
  ): void;
  /** Called with each heartbeat. */
  endSignedOut(): void;
  /** The stored credential is invalid. */
  onForget(): void;
}

export class Link {
  readonly #host: Host;
  readonly #endpoints: readonly string[];
  readonly #owner: LinkOwner;
  #state: LinkState = initialLink({
    reconnectBaseMs: RECONNECT_BASE_MS,
    reconnectMaxMs: RECONNECT_MAX_MS,
    heartbeatMs: HEARTBEAT_DEFAULT_MS,
  });
  #socket: Socket | undefined;
  /** Ends the wait for a token. */
  #abort: AbortController | undefined;
  #cancelTimer: (() => void) | undefined;
  #links = 0;

  /** @param endpoints Origins of one mesh, at least one. */
  constructor(host: Host, endpoints: readonly string[], owner: LinkOwner) {
    this.#host = host;
    this.#endpoints = endpoints;
    this.#owner = owner;
  }

  get connected(): boolean {
    return this.#state.phase === "connected";
  }

  get stateName(): LinkStateName {
    const { phase } = this.#state;
    return phase === "authenticating" || phase === "opening" || phase === "greeting"
      ? "connecting"
      : phase;
  }

  start(): void {
    this.#handle({ kind: "start" });
  }

  stop(): void {
    this.#handle({ kind: "stop" });
  }

  wake(): void {
    this.#handle({ kind: "wake" });
  }

  /** The network may be gone: probes the link. */
  probe(): void {
    this.#handle({ kind: "probe" });
  }

  fault(message: string): void {
    this.#handle({ kind: "fault", message });
  }

  /** Sends one frame, or drops it if there is no link: what matters is sent again after a Welcome. */
  send(channel: number, body: Uint8Array): void {
    if (this.connected) this.#socket?.send(encodeEnvelope({ channel, body }));
  }

  #handle(event: LinkEvent): void {
    const { state, effects } = step(this.#state, event, this.#host.random());
    this.#state = state;
    for (const effect of effects) this.#do(effect);
  }

  #do(effect: LinkEffect): void {
    switch (effect.kind) {
      case "authenticate":
        void this.#authenticate(effect.renewal);
        return;
      case "open":
        this.#open(effect.token);
        return;
      case "hello": {
        const body = encodeLinkUp({ kind: "hello", value: this.#owner.hello(effect.session) });
        this.#socket?.send(encodeEnvelope({ channel: CHANNEL_LINK, body }));
        return;
      }
      case "ping":
        this.#socket?.send("ping");
        this.#owner.endSignedOut();
        return;
      case "cut": {
        const socket = this.#socket;
        this.#socket = undefined;
        this.#abort?.abort();
        // RFC 6455 limits a reason to 123 bytes; ours are ASCII.
        socket?.close(effect.code, effect.reason.slice(0, 123));
        return;
      }
      case "timer":
        this.#cancelTimer?.();
        this.#cancelTimer =
          effect.ms === null
            ? undefined
            : this.#host.after(effect.ms, () => this.#handle({ kind: "timer" }));
        return;
      case "forget":
        this.#owner.onForget();
        return;
      case "status":
        this.#owner.onStatus(this.stateName, effect.error, effect.retryInMs);
    }
  }

  #endpoint(): string {
    return this.#endpoints[this.#state.endpoint % this.#endpoints.length] ?? "";
  }

  async #authenticate(renewal: Renewal): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    let event: LinkEvent;
    try {
      const token = await this.#owner.token(this.#endpoint(), renewal, abort.signal);
      event = { kind: "token", token };
    } catch (error) {
      event = { kind: "refused", error: toErrorData(error, "network_failed") };
    }
    // A late answer belongs to an abandoned attempt.
    if (!abort.signal.aborted) this.#handle(event);
  }

  #open(token: string): void {
    // Ignore events of a socket that was closed, or replaced by a newer one.
    const ifCurrent = (event: () => void): void => {
      if (this.#socket === socket && socket !== undefined) event();
    };
    let socket: Socket | undefined;
    try {
      socket = this.#host.openSocket(
        `${this.#endpoint().replace(/^http/, "ws")}/v1/connect`,
        ["pushmesh.v1", `pushmesh.token.${token}`],
        {
          opened: () => ifCurrent(() => this.#handle({ kind: "opened" })),
          received: (data) => ifCurrent(() => this.#receive(data)),
          closed: (code, reason) =>
            ifCurrent(() => {
              this.#socket = undefined;
              this.#handle({ kind: "ended", code, reason });
            }),
        },
      );
      this.#socket = socket;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#handle({ kind: "ended", code: 1006, reason });
    }
  }

  #receive(data: string | Uint8Array): void {
    this.#handle({ kind: "heard" });
    if (typeof data === "string") {
      if (data !== "pong") this.fault("text other than pong");
      return;
    }
    if (data.length > FRAME_BYTES) {
      this.fault(`a frame of ${data.length} bytes`);
      return;
    }
    try {
      const { channel, body } = decodeEnvelope(data);
      if (channel === CHANNEL_LINK) this.#receiveLink(body);
      else if (this.connected) this.#owner.onFrame(channel, body);
      else this.fault("a frame before Welcome");
    } catch (error) {
      if (!(error instanceof ThriftError)) throw error;
      this.fault(error.message);
    }
  }

  #receiveLink(body: Uint8Array): void {
    const frame = decodeLinkDown(body);
    switch (frame.kind) {
      case "welcome":
        this.#handle({ kind: "welcome", welcome: frame.value });
        if (this.connected) this.#owner.onWelcome(frame.value, ++this.#links);
        return;
      case "goaway":
        this.#handle({ kind: "goaway", withinMs: frame.value.reconnectWithinMs });
        return;
      case "refusal":
        this.#owner.onRefusal(frame.value);
        return;
      case "unknown":
      // A frame of a newer mesh: the protocol says to ignore it.
    }
  }
}
