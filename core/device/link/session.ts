/** The link of one device: opening, greeting, sleeping and losing it. */
import { MeshError } from "../../../schema/errors.ts";
import type {
  Hello,
  Welcome,
  Registration as WireRegistration,
} from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { fromBase64Url, toBase64Url } from "../../../schema/text.ts";
import { echoChannel } from "../../channels/echo.ts";
import { type PushCommands, pushChannel } from "../../channels/push.ts";
import type { Effects } from "../../link/effects.ts";
import { Link } from "../../link/link.ts";
import { HybridClock } from "../../message/clock.ts";
import type { Claims, Kept } from "../account.ts";
import type { DeviceOptions } from "../device.ts";
import { detach, joinEveryone } from "../lifecycle.ts";
import type { Registration } from "../registration.ts";
import { makeRooms, type Rooms } from "../rooms.ts";
import { pushCommands } from "./commands.ts";
import { type LinkSnapshot, markOfSent, restoreSent, sentOf } from "./snapshot.ts";

/**
 * Sequence numbers reserved ahead in the socket's attachment, so that not every message rewrites it. Less than the 10 s that an object
 * is idle for before it sleeps: one that wakes is not ahead of the wall clock by it, which would cost a row (see `HybridClock`).
 */
const SEQ_RESERVE_MS = 5_000;
/** A device's lastSeq moves the clock forward by no more than this: a wrong one must not exhaust the numbers. */
const LAST_SEQ_AHEAD_MS = 86_400_000;

export class LinkSession {
  readonly rooms: Rooms;
  readonly #options: DeviceOptions;
  readonly #commands: PushCommands;
  #link: Link | null = null;
  /** The session before the current one. */
  #previousSession: string | null = null;
  #seqReserve = 0;
  #savedMark = "";

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.rooms = makeRooms(options, () => this.#link);
    this.#commands = pushCommands(this.rooms, {
      openAppId: (appId) => options.identity.openAppId(appId),
      describe: (registration) => this.#describe(registration),
    });
  }

  /** The current link; null without one. */
  get link(): Link | null {
    return this.#link;
  }

  /** @throws MeshError where the account does not admit it */
  open(claims: Claims, session: string, now: number, effects: Effects): void {
    const { account, clock } = this.rooms;
    const previous = account.link?.session ?? null;
    const linked = this.#link !== null;
    account.admit(claims, session, linked, clock.last, () => keptOf(this.rooms, true, now), now);
    this.#detach(now, effects);
    this.#previousSession = previous;
    this.#link = this.#newLink(session, false);
    this.#savedMark = "";
  }

  restore(snapshot: LinkSnapshot, lastSeq = snapshot.seqReserve): void {
    const { account, clock, registrations, outbox, cursors, recentKeys } = this.rooms;
    const { pending, session, seqReserve } = snapshot;
    if (pending !== undefined) account.restore(pending, session, seqReserve);
    if (snapshot.recent !== undefined) recentKeys.load(snapshot.recent);
    this.#link = this.#newLink(snapshot.session, snapshot.ready);
    this.#previousSession = snapshot.previousSession;
    this.#seqReserve = snapshot.seqReserve;
    clock.observe(lastSeq);
    cursors.restore(snapshot.cursors ?? []);
    for (const slot of snapshot.attached) {
      const registration = registrations.inSlot(slot);
      if (registration === undefined) continue;
      // What came since the link opened is on its socket, or has not been sent.
      registration.reachNoFurther(account.link?.seqFloor ?? 0);
      registration.attached = true;
      this.#restoreCatchUp(registration, snapshot.live?.includes(slot) ?? false);
    }
    restoreSent(snapshot.sent, registrations, outbox);
    this.#savedMark = this.#mark();
  }

  takeSnapshot(now: number): LinkSnapshot | null {
    const link = this.#link;
    if (link === null) return null;
    const { account, clock, registrations, cursors, recentKeys } = this.rooms;
    if (clock.last > this.#seqReserve) {
      this.#seqReserve = Math.max(HybridClock.at(now + SEQ_RESERVE_MS), clock.last);
    }
    const mark = this.#mark();
    if (mark === this.#savedMark) return null;
    this.#savedMark = mark;
    const standing = [...registrations.standing()];
    const { pending } = account;
    return {
      ...(pending === null ? {} : { pending }),
      session: link.session,
      previousSession: this.#previousSession,
      ready: link.ready,
      seqReserve: this.#seqReserve,
      attached: standing.filter(({ attached }) => attached).map(({ slot }) => slot),
      sent: sentOf(standing),
      live: this.#live(),
      cursors: cursors.snapshot(),
      recent: recentKeys.bytes(now),
    };
  }

  /** The socket of the current link is gone. */
  lost(now: number, effects: Effects, seenAt: number): void {
    if (this.#link === null) return;
    const { account, clock } = this.rooms;
    this.#detach(now, effects);
    this.#link.lost();
    this.#link = null;
    account.release(clock.last, keptOf(this.rooms, false, now), seenAt);
  }

  #newLink(session: string, ready: boolean): Link {
    return new Link({
      session,
      ready,
      channels: [pushChannel(this.#commands), echoChannel],
      bufferedBytes: this.#options.bufferedBytes,
      onHello: (hello, now) => this.#welcome(session, hello, now),
      onReady: (hello, now, effects) => this.#begin(hello, now, effects),
    });
  }

  #begin(hello: Hello, now: number, effects: Effects): void {
    const { cursors, registrations, mailbox } = this.rooms;
    cursors.claim(hello.cursors ?? []);
    // Of an app that is not open yet, `lastSeq` says nothing: it is asked after each message, once it attaches.
    for (const slot of hello.attach ?? []) {
      const registration = registrations.inSlot(slot);
      if (registration === undefined) continue;
      mailbox.replaceUnseen(registration, hello.lastSeq ?? 0, effects);
      this.#commands.attach(slot, now, effects);
    }
    for (const registration of registrations.standing()) {
      joinEveryone(this.rooms, registration, now, effects);
    }
  }

  #welcome(session: string, hello: Hello, now: number): Welcome {
    const { clock, registrations } = this.rooms;
    const ahead = HybridClock.at(now + LAST_SEQ_AHEAD_MS);
    clock.observe(Math.min(hello.lastSeq ?? 0, ahead));
    return {
      session: fromBase64Url(session) ?? new Uint8Array(),
      serverTimeMs: now,
      heartbeatMinMs: LIMITS.HEARTBEAT_MIN_MS,
      heartbeatMaxMs: LIMITS.HEARTBEAT_MAX_MS,
      heartbeatMs: LIMITS.HEARTBEAT_DEFAULT_MS,
      reconnectBaseMs: LIMITS.RECONNECT_BASE_MS,
      reconnectMaxMs: LIMITS.RECONNECT_MAX_MS,
      reconnectFirstMs: this.#options.reconnectFirstMs,
      maxFrameBytes: LIMITS.FRAME_BYTES,
      registrations: [...registrations.standing()].map((one) => this.#describe(one)),
      resumed: hello.session !== undefined && toBase64Url(hello.session) === this.#previousSession,
    };
  }

  #describe({ slot, record, generation }: Registration): WireRegistration {
    const { identity } = this.#options;
    const { app } = record;
    return { slot, appId: identity.appId(app), ...identity.registration(app, generation) };
  }

  /** Nodes go on calling for a link that stands; where asking was unfinished, all are asked again. */
  #restoreCatchUp(registration: Registration, live: boolean): void {
    const { catchUp, subscriptions } = this.rooms;
    if (!live) {
      catchUp.open(registration, null);
      return;
    }
    for (const one of subscriptions.in(registration.slot)) {
      one.member = "yes";
      catchUp.live(one);
    }
  }

  #detach(now: number, effects: Effects): void {
    for (const registration of this.rooms.registrations.standing()) {
      detach(this.rooms, registration, now, effects);
    }
  }

  /** Attached slots whose tags all call by themselves. */
  #live(): number[] {
    const live: number[] = [];
    for (const registration of this.rooms.registrations.standing()) {
      if (registration.attached && this.rooms.catchUp.isLive(registration)) {
        live.push(registration.slot);
      }
    }
    return live;
  }

  #mark(): string {
    const { account, registrations, cursors, recentKeys } = this.rooms;
    const pending = account.pending === null ? "" : " pending";
    const sent = markOfSent(registrations.standing());
    const versions = `${cursors.version} ${recentKeys.version}`;
    return `${this.#link?.ready} ${this.#seqReserve} ${sent} ${versions} ${this.#live()}${pending}`;
  }
}

/** What the link's row keeps, as it is now. @param linked whether a link stands, or is about to */
export function keptOf(
  { cursors, recentKeys, registrations }: Rooms,
  linked: boolean,
  now: number,
): Kept {
  const reached = [...registrations.standing()].flatMap((one) => {
    const mark = linked ? null : one.reached;
    return mark === null ? [] : [mark];
  });
  return {
    cursors: cursors.save(),
    recent: recentKeys.save(now, linked),
    sent: linked ? undefined : reached,
  };
}

/** A refusal as an answer. @throws what is no refusal */
export function refusedBy(error: unknown): {
  readonly ok: false;
  readonly code: MeshError["code"];
  readonly detail: string;
  readonly retryAfterMs?: number;
} {
  if (!(error instanceof MeshError)) throw error;
  const { code, message, retryAfterMs } = error;
  return {
    ok: false,
    code,
    detail: message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
