/**
 * One device: its account, its link, its registrations with their mailboxes, tags and aliases. Knows no socket, timer,
 * database or network: it is told what happened, writes through its store, and returns what should happen as effects.
 */
import type { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { AliasSuspension, WithdrawRequest } from "../alias/types.ts";
import type { CallResult, Effects } from "../link/effects.ts";
import type { CommandAnswer, Refused } from "../message/refusal.ts";
import type { RegistrationName } from "../message/registration-name.ts";
import type { SendAnswer, SendRequest } from "../message/send.ts";
import type { Depths } from "../tag/tree/depths.ts";
import type { DeliverAnswer, DeliverRequest } from "../tag/types.ts";
import type { Claims } from "./account.ts";
import { end } from "./lifecycle.ts";
import { keptOf, LinkSession, refusedBy } from "./link/session.ts";
import type { LinkSnapshot } from "./link/snapshot.ts";
import { statusOf } from "./mail/status.ts";
import type { PendingCommand } from "./pending-commands.ts";
import type { Registration } from "./registration.ts";
import type { Rooms } from "./rooms.ts";
import type { DeviceStore } from "./store.ts";
import { changeAlias, changeTags, tagsOf } from "./tagging.ts";
import type {
  AliasRequest,
  DescribeAnswer,
  OpenAccountAnswer,
  OpenAccountRequest,
  StatusAnswer,
  StatusRequest,
  TagsRequest,
} from "./types.ts";

/** Turns apps into what devices and senders see, and back. */
export interface DeviceIdentity {
  /** What a registration of an app on this device is called; `identity` is the same whichever key seals its regId. */
  registration(
    app: string,
    generation: number,
  ): { readonly regId: string; readonly identity: string };
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
  /** Window of the first reconnect after a link that stood was closed, milliseconds. */
  readonly reconnectFirstMs: number;
  /** Bytes the current socket holds unsent; 0 without one. */
  readonly bufferedBytes: () => number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * How long the shell waits for the token of `setTags` or `setAlias` before it calls `waitTimeout`: the longest that a
 * signed request waits for anything.
 */
export const COMMAND_WAIT_MS = LIMITS.ACK_WAIT_MAX_MS;

const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

const UNREGISTERED: Refused = { ok: false, code: "unregistered" };

export class Device {
  readonly #options: DeviceOptions;
  #session: LinkSession;
  #rooms: Rooms;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.#session = new LinkSession(options);
    this.#rooms = this.#session.rooms;
  }

  /** When `onDeadline` should be called; null for not at all. */
  get deadline(): number | null {
    // Without a link the next one is soon enough.
    const retry = this.#session.link === null ? null : this.#rooms.retries.deadline;
    return earlier(this.lastingDeadline, retry);
  }

  /** The part of `deadline` that has to outlive the process: what expires, and what is owed. The rest ends with the link. */
  get lastingDeadline(): number | null {
    const { mailbox, debts, firstAcks } = this.#rooms;
    return earlier(mailbox.deadline, earlier(debts.deadline, firstAcks.deadline));
  }

  /**
   * When `onDeadline` should be called where no alarm is set at all: an account that nobody uses is erased in the end. It also
   * has to outlive the process; null where nothing is stored.
   */
  idleDeadline(now: number): number | null {
    return this.#rooms.idle.deadline(now);
  }

  /** Whether something is owed to other objects: see `Debts` and `FirstAcks`. */
  get owes(): boolean {
    return this.#rooms.debts.deadline !== null || this.#rooms.firstAcks.deadline !== null;
  }

  /** The session of the current link; null without one. */
  get session(): string | null {
    return this.#session.link?.session ?? null;
  }

  /** The session of the link that was opened last, whether it still stands or not. */
  get lastSession(): string | null {
    return this.#rooms.account.link?.session ?? null;
  }

  /** When the last link opened, or was lost; 0 where none is known. */
  get lastSeenMs(): number {
    return this.#rooms.account.link?.lastSeenMs ?? 0;
  }

  /** Whether an app is registered: such a device is in good standing, and no connection of a stranger takes its place. */
  get isRegistered(): boolean {
    return this.#rooms.registrations.bySlot.size > 0;
  }

  /** Finds the account of a key. Another key than the stored one displaces it, and ends its registrations. */
  openAccount(request: OpenAccountRequest, now: number, effects: Effects): OpenAccountAnswer {
    const { account, registrations } = this.#rooms;
    const { link } = this.#session;
    try {
      const { outcome, generation } = account.open(request, link !== null, now);
      if (outcome === "replaced") {
        // Before the link closes: what was on its socket ends here, and does not go back to waiting.
        for (const registration of [...registrations.standing()]) {
          end(this.#rooms, registration, now, effects);
        }
        link?.close("account_replaced", "a new key took over", effects);
        this.#afterwards(now, effects);
      }
      return { ok: true, generation, created: outcome !== "standing" };
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
      this.#session.open(claims, session, now, effects);
      return { ok: true };
    } catch (error) {
      return refusedBy(error);
    }
  }

  /**
   * Takes up a link that stayed open while the object slept.
   *
   * @param lastSeq the last number of the device that had it before, where that is known. By default all that were reserved may have been
   *   given: those are ahead of the wall clock, and the next costs a row, which a full disk has not.
   */
  restore(snapshot: LinkSnapshot, lastSeq?: number): void {
    this.#session.restore(snapshot, lastSeq);
  }

  /** The highest sequence number that was given or observed. */
  get lastSeq(): number {
    return this.#rooms.clock.last;
  }

  /** What to attach to the socket, where that has changed since it was last asked for; null otherwise. */
  takeSnapshot(now: number): LinkSnapshot | null {
    return this.#session.takeSnapshot(now);
  }

  /** One binary WebSocket message of the current link. */
  receive(bytes: Uint8Array, now: number, effects: Effects): void {
    this.#session.link?.receive(bytes, now, effects);
    this.#rooms.retries.run(now, effects);
    this.#rooms.firstAcks.run(now, effects);
    this.#afterwards(now, effects);
  }

  /** A text message other than the heartbeat, which the host answers. */
  receiveText(now: number, effects: Effects): void {
    this.#session.link?.receiveText(effects);
    this.#afterwards(now, effects);
  }

  /** `LIMITS.HELLO_TIMEOUT_MS` after the link opened. */
  helloTimeout(now: number, effects: Effects): void {
    this.#session.link?.helloTimeout(effects);
    this.#afterwards(now, effects);
  }

  /** The mesh ends the link: the device should reconnect. */
  drain(now: number, effects: Effects): void {
    this.#session.link?.close("going_away", "restart", effects);
    this.#afterwards(now, effects);
  }

  /**
   * The socket of the current link is gone.
   *
   * @param seenAt when it was last heard of, where that is not now
   */
  linkLost(now: number, effects: Effects, seenAt = now): void {
    this.#session.lost(now, effects, seenAt);
  }

  /** Accepts a message: an answer, or a token to wait for, `firstWaitMs` at first (see `Delivery.send`). */
  send(request: SendRequest, now: number, effects: Effects): SendAnswer | number {
    const registration = this.#standing(request);
    if (registration === undefined) return UNREGISTERED;
    const answer = this.#rooms.delivery.send(registration, request, now, effects);
    // Without a link nothing else asks about a suspension whose answer failed, and no message would come by that alias.
    if (typeof answer === "object" && !answer.ok && answer.code === "alias_stale") {
      this.#rooms.retries.run(now, effects);
    }
    this.#afterwards(now, effects);
    return answer;
  }

  /** What became of a message; it may write, see `statusOf`. */
  status(request: StatusRequest, now: number, effects: Effects): StatusAnswer {
    // Also of an earlier life: what was delivered to it stays so.
    const registration = this.#rooms.registrations.ofApp(request.app);
    // Nothing is remembered of it, so nothing is known of its messages: one may have been delivered once.
    if (registration === undefined || request.generation > registration.generation) {
      return { ok: false, code: "message_not_found" };
    }
    return statusOf(this.#rooms, registration, request, now, effects);
  }

  /** Joins tags and leaves others: an answer, or a token to wait for, `COMMAND_WAIT_MS` at the most. */
  setTags(request: TagsRequest, now: number, effects: Effects): CommandAnswer | number {
    const start = (registration: Registration, command: PendingCommand) =>
      changeTags(this.#rooms, registration, request, command, now, effects);
    return this.#command(request, start, now, effects);
  }

  /** Takes an alias, or gives it up: likewise. */
  setAlias(request: AliasRequest, now: number, effects: Effects): CommandAnswer | number {
    const start = (registration: Registration, command: PendingCommand) =>
      changeAlias(this.#rooms, registration, request, command, now, effects);
    return this.#command(request, start, now, effects);
  }

  /** What a registration is in, holds and reported. */
  describe(request: RegistrationName): DescribeAnswer {
    const registration = this.#standing(request);
    if (registration === undefined) return UNREGISTERED;
    const { slot } = registration;
    const { aliases, attributes } = this.#rooms;
    return {
      ok: true,
      tags: tagsOf(this.#rooms, slot),
      aliases: aliases.of(slot),
      attributes: attributes.of(slot),
      connected: this.#session.link?.ready ?? false,
    };
  }

  /** Broadcasts from a node: an answer, or a token to wait for, `request.waitMs` at the most. */
  deliver(request: DeliverRequest, now: number, effects: Effects): DeliverAnswer | number {
    const registration = this.#rooms.registrations.ofApp(request.app);
    if (registration === undefined || registration.record.endedAt !== null) {
      return { ok: true, outcome: "unknown" };
    }
    const answer = this.#rooms.broadcasts.deliver(registration, request, now, effects);
    this.#afterwards(now, effects);
    return answer;
  }

  /** Another registration sets the alias. It is suspended when this returns, and durably when the shell answers. */
  suspendAlias(request: AliasSuspension, now: number, effects: Effects): void {
    const registration = this.#standing(request);
    if (registration === undefined) return;
    this.#rooms.aliases.suspend(registration, request.alias, now, effects);
    this.#afterwards(now, effects);
  }

  /** Another holder of a shared alias took the message. */
  withdraw(request: WithdrawRequest, now: number, effects: Effects): void {
    const registration = this.#standing(request);
    if (registration === undefined) return;
    this.#rooms.delivery.withdraw(registration, toBase64Url(request.key), now, effects);
    this.#afterwards(now, effects);
  }

  /** What came of the `tag` or `alias` effect of this token. */
  called(token: number, result: CallResult, now: number, effects: Effects): void {
    this.#rooms.calls.called(token, result, now, effects);
    this.#afterwards(now, effects);
  }

  /** Whoever waits under this token has waited long enough: it is answered in `effects`, unless it was before. */
  waitTimeout(token: number, now: number, effects: Effects): void {
    const { delivery, broadcasts, commands } = this.#rooms;
    delivery.timeout(token, now, effects);
    broadcasts.timeout(token, now, effects);
    commands.timeout(token, effects);
    this.#afterwards(now, effects);
  }

  /** The alarm: ends what has expired, and tries again what failed. */
  onDeadline(now: number, effects: Effects): void {
    const { mailbox, registrations, retries, debts, firstAcks } = this.#rooms;
    mailbox.onDeadline(registrations.bySlot.values(), now, effects);
    firstAcks.onDeadline(registrations.bySlot.values(), now, effects);
    retries.run(now, effects);
    debts.onDeadline(now);
    this.#afterwards(now, effects);
    if (this.#rooms.idle.look(now)) this.#expire(now, effects);
  }

  /** The account is not used any more. Its registrations end first, and are let go by their tags and aliases before it is erased. */
  #expire(now: number, effects: Effects): void {
    const { account, debts, registrations } = this.#rooms;
    const standing = [...registrations.standing()];
    for (const registration of standing) end(this.#rooms, registration, now, effects);
    if (standing.length > 0 || debts.isOwing || !account.isErasable) return;
    this.#options.store.erase();
    this.#session = new LinkSession({ ...this.#options, now });
    this.#rooms = this.#session.rooms;
  }

  #command(
    request: RegistrationName,
    start: (registration: Registration, command: PendingCommand) => MeshError | null,
    now: number,
    effects: Effects,
  ): CommandAnswer | number {
    const registration = this.#standing(request);
    if (registration === undefined) return UNREGISTERED;
    const answer = this.#rooms.commands.run((command) => {
      const refused = start(registration, command);
      command.done(refused === null ? null : refusedBy(refused), now, effects);
    });
    this.#afterwards(now, effects);
    return answer;
  }

  #standing(name: RegistrationName): Registration | undefined {
    const registration = this.#rooms.registrations.ofApp(name.app);
    if (registration?.generation !== name.generation) return undefined;
    return registration.record.endedAt === null ? registration : undefined;
  }

  /** A handler that closed the link leaves nothing on its socket; what it made room for is sent. */
  #afterwards(now: number, effects: Effects): void {
    const { broadcasts, cursors, account } = this.#rooms;
    if (this.#session.link?.closed) this.linkLost(now, effects);
    broadcasts.pump(now, effects);
    if (cursors.isOverfull) account.saveCursors(keptOf(this.#rooms, true, now));
  }
}
