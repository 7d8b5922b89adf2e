/**
 * One device: its account, its link, its registrations and their mailboxes. Knows no socket, timer or
 * database: it is told what happened, writes through its store, and returns what should happen as effects.
 */
import { MeshError } from "../../schema/errors.ts";
import type {
  Hello,
  Welcome,
  Registration as WireRegistration,
} from "../../schema/generated/link.ts";
import { LIMITS } from "../../schema/limits.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import { echoChannel } from "../channels/echo.ts";
import { type PushCommands, pushChannel } from "../channels/push.ts";
import type { CallResult, Effects } from "../link/effects.ts";
import { Link } from "../link/link.ts";
import type { Depths } from "../tag/depths.ts";
import type { DeliverAnswer, DeliverRequest } from "../tag/types.ts";
import { Account, type Claims } from "./account.ts";
import { HybridClock } from "./clock.ts";
import { pushCommands } from "./commands.ts";
import { Delivery } from "./delivery.ts";
import { Mailbox } from "./mailbox.ts";
import { Outcomes } from "./outcomes.ts";
import type { Registration } from "./registration.ts";
import { Registrations } from "./registrations.ts";
import { type LinkSnapshot, markOfSent, restoreSent, sentOf } from "./snapshot.ts";
import { statusOf } from "./status.ts";
import type { DeviceStore } from "./store.ts";
import type {
  AliasRelease,
  AliasRequest,
  CommandAnswer,
  DescribeAnswer,
  OpenAccountAnswer,
  OpenAccountRequest,
  Refused,
  RegistrationName,
  SendAnswer,
  SendRequest,
  StatusAnswer,
  StatusRequest,
  TagsRequest,
  WithdrawRequest,
} from "./types.ts";

/** Turns apps into what devices and senders see, and back. */
export interface DeviceIdentity {
  /** The regId of an app on this device. */
  regId(app: string, generation: number): string;
  /** The public appId of an app. */
  appId(app: string): string;
  /** The app behind an appId; undefined where this mesh did not issue it. */
  openAppId(appId: string): string | undefined;
  /** The part of a broadcast's message ID behind its dot: `sealSource`. */
  source(app: string, tagId: string): string;
}

export interface DeviceOptions {
  readonly store: DeviceStore;
  readonly identity: DeviceIdentity;
  /** Of its object: base64url of the device ID. */
  readonly name: string;
  /** One for all devices of a process. */
  readonly depths: Depths;
  /** Bytes the current socket holds unsent; 0 without one. */
  readonly bufferedBytes: () => number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** How long the shell waits for the token of `setTags` or `setAlias` before it calls `waitTimeout`: the longest that a
 * signed request waits for anything. */
export const COMMAND_WAIT_MS = LIMITS.ACK_WAIT_MAX_MS;
/** Sequence numbers reserved ahead in the socket's attachment, so that not every message rewrites it. */
const SEQ_RESERVE_MS = 10_000;
/** A device's lastSeq moves the clock forward by no more than this: a wrong one must not exhaust the numbers. */
const LAST_SEQ_AHEAD_MS = 86_400_000;

export class Device {
  readonly #identity: DeviceIdentity;
  readonly #bufferedBytes: () => number;
  readonly #clock = new HybridClock();
  readonly #account: Account;
  readonly #registrations: Registrations;
  readonly #outcomes: Outcomes;
  readonly #mailbox: Mailbox;
  readonly #delivery: Delivery;
  readonly #commands: PushCommands;
  #link: Link | null = null;
  /** The session before the current one. */
  #previousSession: string | null = null;
  #seqReserve = 0;
  #savedMark = "";

  constructor({ store, identity, bufferedBytes, now }: DeviceOptions) {
    this.#identity = identity;
    this.#bufferedBytes = bufferedBytes;
    this.#account = new Account(store);
    this.#outcomes = new Outcomes(store);
    this.#registrations = new Registrations(store, (slot) => this.#outcomes.drop(slot));
    this.#mailbox = new Mailbox(store, this.#outcomes, (...end) => this.#delivery.onEnd(...end));
    this.#delivery = new Delivery({
      clock: this.#clock,
      mailbox: this.#mailbox,
      outcomes: this.#outcomes,
      store,
      link: () => this.#link,
    });
    this.#commands = pushCommands({
      clock: this.#clock,
      registrations: this.#registrations,
      mailbox: this.#mailbox,
      delivery: this.#delivery,
      openAppId: (appId) => identity.openAppId(appId),
      describe: (registration) => this.#describe(registration),
    });
    if (this.#account.record === null) return;
    this.#clock.observe(this.#account.link?.seqFloor ?? 0);
    this.#registrations.load();
    this.#mailbox.load(this.#registrations.bySlot, now);
    for (const registration of this.#registrations.bySlot.values()) {
      this.#clock.observeBirth(registration.record.createdAt);
      for (const { seq } of registration.mail.values()) this.#clock.observe(seq);
    }
  }

  /** When `onDeadline` should be called; null for not at all. */
  get deadline(): number | null {
    return this.#mailbox.deadline;
  }

  /** The session of the current link; null without one. */
  get session(): string | null {
    return this.#link?.session ?? null;
  }

  /** The session of the link that was opened last, whether it still stands or not. */
  get lastSession(): string | null {
    return this.#account.link?.session ?? null;
  }

  /** Binds a key to the device. Another key ends every registration of the one before. */
  openAccount(request: OpenAccountRequest, now: number, effects: Effects): OpenAccountAnswer {
    try {
      const opened = this.#account.open(request, this.#link !== null, now);
      if (opened === "replaced") {
        this.#link?.close("account_replaced", "a new key took over", effects);
        this.#afterwards(now, effects);
        for (const registration of [...this.#registrations.bySlot.values()]) {
          this.#mailbox.clear(registration, now, effects);
          this.#registrations.drop(registration);
        }
      }
      const generation = this.#account.record?.generation ?? 0;
      return { ok: true, generation, created: opened !== "standing" };
    } catch (error) {
      return refusedBy(error);
    }
  }

  /**
   * Opens a link; what the one before had on its socket goes back to waiting.
   *
   * @param session base64url of 16 fresh random bytes
   */
  connect(claims: Claims, session: string, now: number, effects: Effects): { ok: true } | Refused {
    try {
      const previous = this.#account.link?.session ?? null;
      this.#account.admit(claims, session, this.#clock.last, now);
      this.#ground(now, effects);
      this.#previousSession = previous;
      this.#link = this.#newLink(session, false);
      this.#savedMark = "";
      return { ok: true };
    } catch (error) {
      return refusedBy(error);
    }
  }

  /** Takes up a link that stayed open while the object slept. */
  restore(snapshot: LinkSnapshot): void {
    this.#link = this.#newLink(snapshot.session, snapshot.ready);
    this.#previousSession = snapshot.previousSession;
    this.#seqReserve = snapshot.seqReserve;
    this.#clock.observe(snapshot.seqReserve);
    for (const slot of snapshot.attached) {
      const registration = this.#registrations.inSlot(slot);
      if (registration !== undefined) registration.attached = true;
    }
    restoreSent(snapshot.sent, this.#registrations, this.#delivery);
    this.#savedMark = this.#mark();
  }

  /** What to attach to the socket, where that has changed since it was last asked for; null otherwise. */
  takeSnapshot(now: number): LinkSnapshot | null {
    const link = this.#link;
    if (link === null) return null;
    if (this.#clock.last > this.#seqReserve) {
      this.#seqReserve = Math.max(HybridClock.at(now + SEQ_RESERVE_MS), this.#clock.last);
    }
    const mark = this.#mark();
    if (mark === this.#savedMark) return null;
    this.#savedMark = mark;
    const standing = [...this.#registrations.standing()];
    return {
      session: link.session,
      previousSession: this.#previousSession,
      ready: link.ready,
      seqReserve: this.#seqReserve,
      attached: standing.filter(({ attached }) => attached).map(({ slot }) => slot),
      sent: sentOf(standing),
    };
  }

  /** One binary WebSocket message of the current link. */
  receive(bytes: Uint8Array, now: number, effects: Effects): void {
    this.#link?.receive(bytes, now, effects);
    this.#afterwards(now, effects);
  }

  /** A text message other than the heartbeat, which the host answers. */
  receiveText(now: number, effects: Effects): void {
    this.#link?.receiveText(effects);
    this.#afterwards(now, effects);
  }

  /** `LIMITS.HELLO_TIMEOUT_MS` after the link opened. */
  helloTimeout(now: number, effects: Effects): void {
    this.#link?.helloTimeout(effects);
    this.#afterwards(now, effects);
  }

  /** The mesh ends the link: the device should reconnect. */
  drain(now: number, effects: Effects): void {
    this.#link?.close("going_away", "restart", effects);
    this.#afterwards(now, effects);
  }

  /** The socket of the current link is gone. */
  linkLost(now: number, effects: Effects): void {
    if (this.#link === null) return;
    this.#ground(now, effects);
    this.#link = null;
    this.#account.release(this.#clock.last, now);
  }

  /** Accepts a message: an answer, or a token to wait for (see `Delivery.send`). */
  send(request: SendRequest, now: number, effects: Effects): SendAnswer | number {
    const registration = this.#find(request);
    if (registration === undefined || registration.record.endedAt !== null) {
      return { ok: false, code: "unregistered" };
    }
    const answer = this.#delivery.send(registration, request, now, effects);
    this.#afterwards(now, effects);
    return answer;
  }

  /** Joins tags and leaves others: an answer, or a token to wait for, `COMMAND_WAIT_MS` at the most. */
  setTags(request: TagsRequest, now: number, effects: Effects): CommandAnswer | number {
    throw new Error(`not built yet ${request} ${now} ${effects}`);
  }

  /** Takes an alias, or gives it up: likewise. */
  setAlias(request: AliasRequest, now: number, effects: Effects): CommandAnswer | number {
    throw new Error(`not built yet ${request} ${now} ${effects}`);
  }

  /** What a registration is in, holds and reported. */
  describe(request: RegistrationName, now: number): DescribeAnswer {
    throw new Error(`not built yet ${request} ${now}`);
  }

  /** Broadcasts from a node: an answer, or a token to wait for, `request.waitMs` at the most. */
  deliver(request: DeliverRequest, now: number, effects: Effects): DeliverAnswer | number {
    throw new Error(`not built yet ${request} ${now} ${effects}`);
  }

  /** Another registration takes the alias. It is gone when this returns, durable when the shell answers. */
  releaseAlias(request: AliasRelease, now: number, effects: Effects): void {
    throw new Error(`not built yet ${request} ${now} ${effects}`);
  }

  /** Another holder of a shared alias took the message. */
  withdraw(request: WithdrawRequest, now: number, effects: Effects): void {
    throw new Error(`not built yet ${request} ${now} ${effects}`);
  }

  /** What came of the `tag` or `alias` effect of this token. */
  called(token: number, result: CallResult, now: number, effects: Effects): void {
    throw new Error(`not built yet ${token} ${result} ${now} ${effects}`);
  }

  /** Whoever waits under this token has waited long enough: it is answered in `effects`, unless it was before. */
  waitTimeout(token: number, now: number, effects: Effects): void {
    this.#delivery.timeout(token, now, effects);
  }

  /** What became of a message; it may write, see `statusOf`. */
  status(request: StatusRequest, now: number, effects: Effects): StatusAnswer {
    const registration = this.#find(request);
    if (registration === undefined) return { ok: true, status: "unregistered" };
    const parts = { clock: this.#clock, mailbox: this.#mailbox, outcomes: this.#outcomes };
    return statusOf(parts, registration, request, now, effects);
  }

  /** The alarm: ends what has expired. */
  onDeadline(now: number, effects: Effects): void {
    this.#mailbox.onDeadline(this.#registrations.bySlot.values(), now, effects);
  }

  #newLink(session: string, ready: boolean): Link {
    return new Link({
      session,
      ready,
      channels: [pushChannel(this.#commands), echoChannel],
      bufferedBytes: this.#bufferedBytes,
      onHello: (hello, now) => this.#welcome(session, hello, now),
      onReady: (hello, now, effects) => {
        for (const slot of hello.attach ?? []) this.#commands.attach(slot, now, effects);
      },
    });
  }

  #welcome(session: string, hello: Hello, now: number): Welcome {
    const ahead = HybridClock.at(now + LAST_SEQ_AHEAD_MS);
    this.#clock.observe(Math.min(hello.lastSeq ?? 0, ahead));
    return {
      session: fromBase64Url(session) ?? new Uint8Array(),
      serverTimeMs: now,
      heartbeatMinMs: LIMITS.HEARTBEAT_MIN_MS,
      heartbeatMaxMs: LIMITS.HEARTBEAT_MAX_MS,
      heartbeatMs: LIMITS.HEARTBEAT_DEFAULT_MS,
      reconnectBaseMs: LIMITS.RECONNECT_BASE_MS,
      reconnectMaxMs: LIMITS.RECONNECT_MAX_MS,
      maxFrameBytes: LIMITS.FRAME_BYTES,
      registrations: [...this.#registrations.standing()].map((one) => this.#describe(one)),
      resumed: hello.session !== undefined && toBase64Url(hello.session) === this.#previousSession,
    };
  }

  #describe({ slot, record }: Registration): WireRegistration {
    const generation = this.#account.record?.generation ?? 0;
    const { app } = record;
    return { slot, appId: this.#identity.appId(app), regId: this.#identity.regId(app, generation) };
  }

  #find({ app, generation }: { app: string; generation: number }): Registration | undefined {
    if (generation !== this.#account.record?.generation) return undefined;
    return this.#registrations.ofApp(app);
  }

  /** A handler that closed the link leaves nothing on its socket. */
  #afterwards(now: number, effects: Effects): void {
    if (this.#link?.closed) this.linkLost(now, effects);
  }

  #ground(now: number, effects: Effects): void {
    for (const registration of this.#registrations.standing()) {
      this.#delivery.ground(registration, now, effects);
    }
  }

  #mark(): string {
    return `${this.#link?.ready} ${this.#seqReserve} ${markOfSent(this.#registrations.standing())}`;
  }
}

function refusedBy(error: unknown): Refused {
  if (!(error instanceof MeshError)) throw error;
  const { code, message, retryAfterMs } = error;
  return {
    ok: false,
    code,
    detail: message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
