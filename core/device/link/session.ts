/** The link of one device: opens, welcomes, saves, restores and ends it. */
import type { Hello, Removed, Welcome } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { fromBase64Url, toBase64Url } from "../../../schema/text.ts";
import { echoChannel } from "../../channels/echo.ts";
import { type PushCommands, pushChannel } from "../../channels/push.ts";
import type { Context } from "../../link/effects.ts";
import { Link } from "../../link/link.ts";
import { HybridClock } from "../../message/clock.ts";
import { PRIORITIES } from "../../message/priority.ts";
import type { Account, Claims, LinkExtras } from "../account.ts";
import type { CurrentLink } from "../current-link.ts";
import { type DeviceIdentity, wireRegistration, wireRemoval } from "../identity.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { Mail } from "../mail/mail.ts";
import type { RecentKeys } from "../mail/recent-keys.ts";
import type { Registrations } from "../registrations.ts";
import type { Removals } from "../removals.ts";
import type { Seals } from "../sealing/seals.ts";
import type { Tags } from "../tags/tags.ts";
import { type LinkSnapshot, markOfSent, sealedOf, sentOf } from "./snapshot.ts";

/**
 * How far ahead sequence numbers are reserved in the socket's attachment, so that not every message rewrites it. Less than the 10 s
 * of idleness before an object sleeps: on waking, numbers are then not ahead of the wall clock, which would cost a row (`HybridClock`).
 */
const SEQ_RESERVE_MS = 5_000;
/** The most by which a device's `lastSeq` moves the clock forward: a wrong one must not exhaust the numbers. */
const LAST_SEQ_AHEAD_MS = 86_400_000;

interface SessionParts {
  readonly account: Account;
  readonly clock: HybridClock;
  readonly registrations: Registrations;
  readonly removals: Removals;
  readonly recentKeys: RecentKeys;
  readonly link: CurrentLink;
  readonly mail: Mail;
  readonly tags: Tags;
  readonly lifecycle: Lifecycle;
  readonly seals: Seals;
  readonly identity: DeviceIdentity;
  /** What the device commands on the push channel. */
  readonly commands: PushCommands;
  /** Window of the first reconnect after an established link closed, milliseconds. */
  readonly reconnectFirstMs: number;
}

export class LinkSession {
  readonly #parts: SessionParts;
  /** The session before the current one. */
  #previousSession: string | null = null;
  #seqReserve = 0;
  #savedMark = "";

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** The current link; null without one. */
  get link(): Link | null {
    return this.#parts.link.link;
  }

  /** If the end of the last link was not recorded, or an older version wrote its row, every row may have been on that link. */
  load(): void {
    const { account, clock, registrations, recentKeys } = this.#parts;
    recentKeys.load(fromBase64Url(account.link?.recent ?? "") ?? new Uint8Array());
    const sent = account.link?.sent;
    for (const registration of registrations.bySlot.values()) {
      const mark = sent?.find(([slot]) => slot === registration.slot);
      PRIORITIES.forEach((priority, i) => {
        registration.raiseReceived(
          priority,
          sent === undefined ? clock.last : (mark?.[i + 1] ?? 0),
        );
      });
    }
  }

  /** @throws MeshError if the account does not admit it */
  open(claims: Claims, session: string, context: Context): void {
    const { account, clock, link, seals } = this.#parts;
    const { now } = context;
    const previous = account.link?.session ?? null;
    const linked = link.link !== null;
    account.admit(claims, session, linked, clock.last, () => this.#kept(true, now), now);
    this.#detach(context);
    this.#previousSession = previous;
    seals.linkOpened();
    link.link = this.#newLink(session, false);
    this.#savedMark = "";
  }

  restore(snapshot: LinkSnapshot, lastSeq = snapshot.seqReserve): void {
    const { account, clock, link, registrations, mail, tags, recentKeys, lifecycle } = this.#parts;
    const { pending, session, seqReserve } = snapshot;
    if (pending !== undefined) account.restore(pending, session, seqReserve);
    if (snapshot.recent !== undefined) recentKeys.load(snapshot.recent);
    link.link = this.#newLink(snapshot.session, snapshot.ready);
    this.#previousSession = snapshot.previousSession;
    this.#seqReserve = snapshot.seqReserve;
    clock.observe(lastSeq);
    tags.cursors.restore(snapshot.cursors ?? []);
    for (const slot of snapshot.attached) {
      const registration = registrations.inSlot(slot);
      if (registration === undefined) continue;
      // Messages since the link opened are on this socket, or have not been sent.
      registration.lowerReceived(account.link?.seqFloor ?? 0);
      registration.listens = true;
      lifecycle.markAttached(registration);
      // Nodes keep calling while the link is open.
      tags.restore(registration, snapshot.live?.includes(slot) ?? false);
    }
    for (const slot of snapshot.lapsed ?? []) {
      const registration = registrations.inSlot(slot);
      if (registration !== undefined) registration.listens = true;
    }
    for (const [slot, number] of snapshot.sealed ?? []) {
      const seal = registrations.inSlot(slot)?.seal;
      if (seal) seal.lastUp = number;
    }
    mail.restore(snapshot.sent);
    this.#savedMark = this.#mark();
  }

  takeSnapshot(now: number): LinkSnapshot | null {
    const { account, clock, link, registrations, tags, recentKeys } = this.#parts;
    if (link.link === null) return null;
    if (clock.last > this.#seqReserve) {
      this.#seqReserve = Math.max(HybridClock.at(now + SEQ_RESERVE_MS), clock.last);
    }
    const mark = this.#mark();
    if (mark === this.#savedMark) return null;
    this.#savedMark = mark;
    const standing = [...registrations.active()];
    const { pending } = account;
    const sealed = sealedOf(standing);
    return {
      ...(sealed.length === 0 ? {} : { sealed }),
      ...(pending === null ? {} : { pending }),
      session: link.link.session,
      previousSession: this.#previousSession,
      ready: link.link.ready,
      seqReserve: this.#seqReserve,
      attached: standing.filter(({ attached }) => attached).map(({ slot }) => slot),
      lapsed: standing.filter((one) => one.listens && !one.attached).map(({ slot }) => slot),
      sent: sentOf(standing),
      live: this.#live(),
      cursors: tags.cursors.snapshot(),
      recent: recentKeys.bytes(now),
    };
  }

  /** The socket of the current link has closed. */
  lost(seenAt: number, context: Context): void {
    const { account, clock, link } = this.#parts;
    if (link.link === null) return;
    this.#detach(context);
    link.link.markLost();
    link.link = null;
    account.release(clock.last, this.#kept(false, context.now), seenAt);
  }

  /** Writes the cursors to the link's row if the socket's attachment cannot hold them. */
  saveCursors(now: number): void {
    const { account, tags } = this.#parts;
    if (tags.cursors.isOverfull) account.saveCursors(this.#kept(true, now));
  }

  #newLink(session: string, ready: boolean): Link {
    return new Link({
      session,
      ready,
      channels: [pushChannel(this.#parts.commands), echoChannel],
      bufferedBytes: () => this.#parts.link.bufferedBytes,
      onHello: (hello, now) => this.#welcome(session, hello, now),
      onReady: (hello, context) => this.#begin(hello, context),
    });
  }

  #begin(hello: Hello, context: Context): void {
    const { tags, registrations, mail, lifecycle } = this.#parts;
    tags.cursors.claim(hello.cursors ?? []);
    // `lastSeq` says nothing about an app that is not open yet: when it attaches, it is queried about each message.
    for (const slot of hello.attach ?? []) {
      const registration = registrations.inSlot(slot);
      if (registration === undefined) continue;
      mail.replaceUnseen(registration, hello.lastSeq ?? 0, context);
      lifecycle.attach(registration, context);
    }
    for (const registration of registrations.active()) {
      tags.joinEveryone(registration, context);
    }
  }

  #welcome(session: string, hello: Hello, now: number): Welcome {
    const { clock, registrations, identity } = this.#parts;
    const removed = this.#removed(now);
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
      reconnectFirstMs: this.#parts.reconnectFirstMs,
      maxFrameBytes: LIMITS.FRAME_BYTES,
      registrations: [...registrations.active()].map((each) =>
        wireRegistration(identity, each, now),
      ),
      resumed: hello.session !== undefined && toBase64Url(hello.session) === this.#previousSession,
      ...(removed.length === 0 ? {} : { removed }),
    };
  }

  /** Said at every link, because the device may not have heard it, and no row says whether it has. */
  #removed(now: number): Removed[] {
    const { identity, registrations, removals } = this.#parts;
    return removals.all.map((removal) =>
      wireRemoval(identity, removal, registrations.ofApp(removal[0])?.slot ?? 0, now),
    );
  }

  #detach(context: Context): void {
    const { registrations, lifecycle } = this.#parts;
    for (const registration of registrations.active()) lifecycle.detach(registration, context);
  }

  /** Attached slots whose nodes all call with new broadcasts. */
  #live(): number[] {
    const { registrations, tags } = this.#parts;
    const live: number[] = [];
    for (const registration of registrations.active()) {
      if (registration.attached && tags.isLive(registration)) live.push(registration.slot);
    }
    return live;
  }

  #mark(): string {
    const { account, link, registrations, tags, recentKeys } = this.#parts;
    const pending = account.pending === null ? "" : " pending";
    const sent = markOfSent(registrations.active());
    const versions = `${tags.cursors.version} ${recentKeys.version}`;
    return `${link.isReady} ${this.#seqReserve} ${sent} ${versions} ${this.#live()}${pending}`;
  }

  /** The present state for the link's row. @param linked whether a link is open or opening */
  #kept(linked: boolean, now: number): LinkExtras {
    const { tags, recentKeys, registrations } = this.#parts;
    const reached = [...registrations.active()].flatMap((one) => {
      const mark = linked ? null : one.receivedMark;
      return mark === null ? [] : [mark];
    });
    return {
      cursors: tags.cursors.save(),
      recent: recentKeys.save(now, linked),
      sent: linked ? undefined : reached,
    };
  }
}
