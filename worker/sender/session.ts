/** One sender link at the edge: its socket, whose key opened it, and the sends under way. */
import { type PendingSend, SenderLink, type SenderOwner } from "../../core/sender/sender-link.ts";
import { closeCodeOf, closeReason } from "../../objects/close.ts";
import { type ErrorCode, MeshError } from "../../schema/errors.ts";
import type { SendCredit, SenderWelcome } from "../../schema/generated/link.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { CallContext, MeshContext } from "../context.ts";
import type { Caller } from "../request/signed.ts";
import { findApp } from "../signature/authenticate.ts";
import { rightsFault } from "../signature/rights.ts";
import type { SenderEvents, SenderSocket } from "./host.ts";
import type { SenderLinks } from "./sender-links.ts";
import { beginSend, problemResultOf, type SendFrame, type Settle } from "./sending.ts";

/** Sends are begun for this long before others have their turn. */
const TURN_MS = 2;
/** The clock is read for one in so many. */
const TURN_SENDS = 8;

export class SenderSession implements SenderOwner, SenderEvents {
  readonly #c: MeshContext;
  readonly #links: SenderLinks;
  readonly #link = new SenderLink(this);
  readonly #appId: string;
  /** Gives its place back. */
  readonly #leave: () => void;
  readonly #looker: ReturnType<typeof setInterval>;
  readonly #helloTimer: ReturnType<typeof setTimeout>;
  #socket: SenderSocket | null = null;
  #caller: Caller;
  /** When the key was last looked at, milliseconds since 1970. */
  #lookedAt: number;
  /** Frames of sends that have not begun, in order. */
  readonly #frames: SendFrame[] = [];
  #isPumping = false;
  #calls = 0;
  #moreBytes = 0;
  #isDraining = false;

  constructor(
    c: MeshContext,
    links: SenderLinks,
    caller: Caller,
    { appId, leave }: { readonly appId: string; readonly leave: () => void },
  ) {
    this.#c = c;
    this.#links = links;
    this.#caller = caller;
    this.#appId = appId;
    this.#leave = leave;
    this.#lookedAt = Date.now();
    this.#looker = setInterval(() => void this.#lookIdle(), LIMITS.SENDER_LOOK_MS);
    this.#helloTimer = setTimeout(() => {
      if (this.#link.isOpening) this.close("hello_timeout", "no hello");
    }, LIMITS.HELLO_TIMEOUT_MS);
    links.add(this);
  }

  /** To be called once, with the accepted socket. */
  begun(socket: SenderSocket): void {
    this.#socket = socket;
  }

  message(data: Uint8Array | string): void {
    this.#link.receive(data, Date.now());
  }

  closed(): void {
    this.#link.lost();
    this.#end();
  }

  bufferedBytes(): number {
    return this.#socket?.bufferedBytes ?? 0;
  }

  frame(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket?.send(bytes);
  }

  close(code: ErrorCode, detail: string): void {
    if (!this.#link.isClosed) {
      this.#link.close(code, detail);
      return;
    }
    this.#socket?.close(closeCodeOf(code), closeReason(code, detail));
    this.#end();
  }

  welcome(): SenderWelcome {
    return {
      serverTimeMs: Date.now(),
      heartbeatMs: LIMITS.SENDER_HEARTBEAT_MS,
      maxFrameBytes: LIMITS.FRAME_BYTES,
      credit: { sends: LIMITS.SENDER_FIRST_SENDS, bytes: LIMITS.SENDER_FIRST_BYTES },
      reconnectBaseMs: LIMITS.RECONNECT_BASE_MS,
      reconnectMaxMs: LIMITS.RECONNECT_MAX_MS,
    };
  }

  /** After the events of this turn: each of them may have ended a send. */
  flushSoon(): void {
    queueMicrotask(() => {
      this.#link.flush();
      if (this.#isDraining && this.#link.pending === 0) this.close("going_away", "");
    });
  }

  /** Asks the sender to go elsewhere, and closes the link once all results are out. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#link.drain("this end is about to close", LIMITS.SENDER_RECONNECT_MS);
    if (this.#link.pending === 0) this.close("going_away", "");
  }

  begin(sends: readonly PendingSend[]): void {
    const c = this.#contextAt(Date.now());
    this.#frames.push({ c, sends, next: 0 });
    this.#raiseCredit();
    if (!this.#isPumping) void this.#pump();
  }

  #contextAt(receivedAt: number): CallContext {
    const { env, executionCtx } = this.#c;
    const config = this.#c.get("config");
    const values = { config, receivedAt, signedBy: this.#caller.appName };
    const get = ((key: keyof typeof values) => values[key]) as CallContext["get"];
    return { env, executionCtx, get };
  }

  /** Begins sends in their order, until the link has used up its turn. */
  async #pump(): Promise<void> {
    this.#isPumping = true;
    try {
      for (let frame = this.#frames[0]; frame !== undefined; frame = this.#frames[0]) {
        if (Date.now() - this.#lookedAt >= LIMITS.SENDER_LOOK_BUSY_MS) await this.#look();
        const began = performance.now();
        while (frame.next < frame.sends.length && !this.#link.isClosed) {
          const waits = this.#beginOne(frame, frame.sends[frame.next++] as PendingSend);
          if (waits !== null) await waits;
          if (frame.next % TURN_SENDS === 0 && performance.now() - began > TURN_MS) break;
        }
        if (this.#link.isClosed) return;
        if (frame.next === frame.sends.length) this.#frames.shift();
        if (this.#frames.length > 0) await this.#links.host.yield();
      }
    } finally {
      this.#isPumping = false;
    }
  }

  /** @returns what the next send has to wait for, so that their order stays; null if nothing */
  #beginOne({ c }: SendFrame, pending: PendingSend): Promise<void> | null {
    this.#count();
    return beginSend(c, this.#caller, pending, this.#settle);
  }

  readonly #settle: Settle = (pending, result) => this.#link.settle(pending, result);

  /** A platform that bounds the calls of one invocation ends it there. */
  #count(): void {
    const { maxCalls } = this.#links.host;
    if (maxCalls !== null && ++this.#calls >= maxCalls) this.drain();
  }

  /** A sender that uses half of its credit gets twice as much, as long as there is some. */
  #raiseCredit(): void {
    const { sends, bytes } = this.#link.credit;
    const isBusy = this.#link.pending * 2 >= sends || this.#link.pendingBytes * 2 >= bytes;
    if (!isBusy || (sends >= LIMITS.SENDER_SENDS && bytes >= LIMITS.SENDER_BYTES)) return;
    const credit: SendCredit = {
      sends: Math.min(LIMITS.SENDER_SENDS, sends * 2),
      bytes: Math.min(LIMITS.SENDER_BYTES, bytes * 2),
    };
    if (!this.#links.more(credit.bytes - bytes)) return;
    this.#moreBytes += credit.bytes - bytes;
    this.#link.raise(credit);
  }

  async #lookIdle(): Promise<void> {
    this.#endOverdue(Date.now());
    if ((this.#socket?.silentMs() ?? 0) > LIMITS.SENDER_SILENT_MS) this.close("silent", "");
    else await this.#look();
  }

  /** An object that hangs holds no credit for ever. */
  #endOverdue(now: number): void {
    for (const pending of this.#link.overdue(now)) {
      const error = new MeshError("overloaded", "an object of the mesh does not answer");
      this.#link.settle(pending, problemResultOf(this.#contextAt(now), pending, error));
    }
  }

  /** Takes the key as it is now, with whom its app trusts; closes the link if it may not send any more. */
  async #look(): Promise<void> {
    const now = Date.now();
    this.#lookedAt = now;
    const { verified } = this.#caller;
    const { keyId, algorithm } = verified.verifier;
    const app = await findApp(this.#c, this.#appId, keyId).catch((error: unknown) => {
      // An object that does not answer: the key that is known counts as long as it does for requests.
      if (error instanceof MeshError && error.code === "overloaded") return undefined;
      throw error;
    });
    if (app === undefined) return;
    const verifier = app?.keys.get(keyId);
    if (verifier === undefined) {
      this.close(algorithm === "bearer" ? "send_token_invalid" : "key_unknown", keyId);
      return;
    }
    const fault = rightsFault(verifier, ["send"], now);
    if (fault !== undefined) this.close(fault.code, fault.detail);
    else this.#caller = { ...this.#caller, verified: { ...verified, verifier } };
  }

  #end(): void {
    clearInterval(this.#looker);
    clearTimeout(this.#helloTimer);
    this.#frames.length = 0;
    this.#links.remove(this, this.#moreBytes);
    this.#leave();
  }
}
