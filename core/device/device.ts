/**
 * One device: its account, its link, its registrations with their mailboxes, tags and aliases. Knows no socket, timer,
 * database or network: it is told what happened, writes through its store, and returns what should happen as effects.
 */
import type { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { AliasSuspension, WithdrawRequest } from "../alias/types.ts";
import type { CallResult, Context, Effects } from "../link/effects.ts";
import { type CommandAnswer, type Refused, refusedBy } from "../message/refusal.ts";
import type { RegistrationName } from "../message/registration-name.ts";
import type { SendAnswer, SendRequest } from "../message/send.ts";
import type { DeliverAnswer, DeliverRequest } from "../tag/types.ts";
import type { Claims } from "./account.ts";
import type { LinkSnapshot } from "./link/snapshot.ts";
import { type DeviceOptions, type DeviceParts, makeParts } from "./parts.ts";
import { type PendingCommand, waitFor } from "./pending-command.ts";
import type { Registration } from "./registration.ts";
import { changeAlias, changeTags } from "./tagging.ts";
import type {
  AliasRequest,
  DescribeAnswer,
  OpenAccountAnswer,
  OpenAccountRequest,
  StatusAnswer,
  StatusRequest,
  TagsRequest,
} from "./types.ts";

/**
 * How long the shell waits for the token of `setTags` or `setAlias` before it calls `waitTimeout`: the longest that a
 * signed request waits for anything.
 */
export const COMMAND_WAIT_MS = LIMITS.ACK_WAIT_MAX_MS;

const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

const UNREGISTERED: Refused = { ok: false, code: "unregistered" };
const ALIAS_STALE: Refused = { ok: false, code: "alias_stale" };

export class Device {
  readonly #options: DeviceOptions;
  #parts: DeviceParts;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.#parts = makeParts(options);
  }

  /** When `onDeadline` should be called; null for not at all. */
  get deadline(): number | null {
    const { session, retries } = this.#parts;
    // Without a link the next one is soon enough.
    const retry = session.link === null ? null : retries.deadline;
    return earlier(this.lastingDeadline, retry);
  }

  /** The part of `deadline` that has to outlive the process: what expires, and what is owed. The rest ends with the link. */
  get lastingDeadline(): number | null {
    const { mail, debts } = this.#parts;
    return earlier(mail.deadline, debts.deadline);
  }

  /**
   * When `onDeadline` should be called where no alarm is set at all: an account that nobody uses is erased in the end. It also
   * has to outlive the process; null where nothing is stored.
   */
  idleDeadline(now: number): number | null {
    return this.#parts.idle.deadline(now);
  }

  /** Whether something is owed to other objects: see `Debts` and `FirstAcks`. */
  get owes(): boolean {
    const { mail, debts } = this.#parts;
    return debts.deadline !== null || mail.owesAliases;
  }

  /** The session of the current link; null without one. */
  get session(): string | null {
    return this.#parts.session.link?.session ?? null;
  }

  /** The session of the link that was opened last, whether it still stands or not. */
  get lastSession(): string | null {
    return this.#parts.account.link?.session ?? null;
  }

  /** When the last link opened, or was lost; 0 where none is known. */
  get lastSeenMs(): number {
    return this.#parts.account.link?.lastSeenMs ?? 0;
  }

  /** Whether an app is registered: such a device is in good standing, and no connection of a stranger takes its place. */
  get isRegistered(): boolean {
    return this.#parts.registrations.bySlot.size > 0;
  }

  /** The highest sequence number that was given or observed. */
  get lastSeq(): number {
    return this.#parts.clock.last;
  }

  // ---------------------------------------------------------------- its account and its link

  /** Finds the account of a key. Another key than the stored one displaces it, and ends its registrations. */
  openAccount(request: OpenAccountRequest, now: number, effects: Effects): OpenAccountAnswer {
    const { account, registrations, lifecycle, session } = this.#parts;
    const context = { now, effects };
    try {
      const { outcome, generation } = account.open(request, session.link !== null, now);
      if (outcome === "replaced") {
        // Before the link closes: what was on its socket ends here, and does not go back to waiting.
        for (const registration of [...registrations.standing()]) {
          lifecycle.end(registration, context);
        }
        session.link?.close("account_replaced", "a new key took over", effects);
        this.#afterwards(context);
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
      this.#parts.session.open(claims, session, { now, effects });
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
    this.#parts.session.restore(snapshot, lastSeq);
  }

  /** What to attach to the socket, where that has changed since it was last asked for; null otherwise. */
  takeSnapshot(now: number): LinkSnapshot | null {
    return this.#parts.session.takeSnapshot(now);
  }

  /** One binary WebSocket message of the current link. */
  receive(bytes: Uint8Array, now: number, effects: Effects): void {
    const { session, retries, mail } = this.#parts;
    const context = { now, effects };
    session.link?.receive(bytes, now, effects);
    retries.run(context);
    mail.tellAliases(context);
    this.#afterwards(context);
  }

  /** A text message other than the heartbeat, which the host answers. */
  receiveText(now: number, effects: Effects): void {
    this.#parts.session.link?.receiveText(effects);
    this.#afterwards({ now, effects });
  }

  /** `LIMITS.HELLO_TIMEOUT_MS` after the link opened. */
  helloTimeout(now: number, effects: Effects): void {
    this.#parts.session.link?.helloTimeout(effects);
    this.#afterwards({ now, effects });
  }

  /** The mesh ends the link: the device should reconnect. */
  drain(now: number, effects: Effects): void {
    this.#parts.session.link?.close("going_away", "restart", effects);
    this.#afterwards({ now, effects });
  }

  /**
   * The socket of the current link is gone.
   *
   * @param seenAt when it was last heard of, where that is not now
   */
  linkLost(now: number, effects: Effects, seenAt = now): void {
    this.#parts.session.lost(seenAt, { now, effects });
  }

  // ---------------------------------------------------------------- what others ask of it

  /** Accepts a message: an answer, or a token to wait for, `firstWaitMs` at first. */
  send(request: SendRequest, now: number, effects: Effects): SendAnswer | number {
    const registration = this.#standing(request);
    if (registration === undefined) return UNREGISTERED;
    const context = { now, effects };
    const { mail, aliases } = this.#parts;
    const key = toBase64Url(request.key);
    const { alias } = request;
    let answer = mail.answerKnown(registration, request, key, context);
    if (answer === undefined) {
      if (alias !== undefined && !aliases.holds(registration.slot, alias.alias, alias.shared)) {
        return this.#refuseStale(registration, alias.alias, context);
      }
      answer = mail.accept(registration, request, key, context);
    }
    this.#afterMail(context);
    return answer;
  }

  /** What became of a message; it may write, see `statusOf`. */
  status(request: StatusRequest, now: number, effects: Effects): StatusAnswer {
    const { registrations, mail } = this.#parts;
    // Also of an earlier life: what was delivered to it stays so.
    const registration = registrations.ofApp(request.app);
    // Nothing is remembered of it, so nothing is known of its messages: one may have been delivered once.
    if (registration === undefined || request.generation > registration.generation) {
      return { ok: false, code: "message_not_found" };
    }
    return mail.status(registration, request, { now, effects });
  }

  /** Joins tags and leaves others: an answer, or a token to wait for, `COMMAND_WAIT_MS` at the most. */
  setTags(request: TagsRequest, now: number, effects: Effects): CommandAnswer | number {
    const context = { now, effects };
    const start = (registration: Registration, command: PendingCommand) =>
      changeTags(this.#parts.tags, registration, request, command, context);
    return this.#command(request, start, context);
  }

  /** Takes an alias, or gives it up: likewise. */
  setAlias(request: AliasRequest, now: number, effects: Effects): CommandAnswer | number {
    const context = { now, effects };
    const start = (registration: Registration, command: PendingCommand) =>
      changeAlias(this.#parts.aliases, registration, request, command, context);
    return this.#command(request, start, context);
  }

  /** What a registration is in, holds and reported. */
  describe(request: RegistrationName): DescribeAnswer {
    const registration = this.#standing(request);
    if (registration === undefined) return UNREGISTERED;
    const { slot } = registration;
    const { aliases, tags, session } = this.#parts;
    return {
      ok: true,
      tags: tags.of(slot),
      aliases: aliases.of(slot),
      attributes: tags.attributesOf(slot),
      connected: session.link?.ready ?? false,
    };
  }

  /** Broadcasts from a node: an answer, or a token to wait for, `request.waitMs` at the most. */
  deliver(request: DeliverRequest, now: number, effects: Effects): DeliverAnswer | number {
    const { registrations, tags } = this.#parts;
    const registration = registrations.ofApp(request.app);
    if (registration === undefined || registration.record.endedAt !== null) {
      return { ok: true, outcome: "unknown" };
    }
    const context = { now, effects };
    const answer = tags.deliver(registration, request, context);
    this.#afterwards(context);
    return answer;
  }

  /** Another registration sets the alias. It is suspended when this returns, and durably when the shell answers. */
  suspendAlias(request: AliasSuspension, now: number, effects: Effects): void {
    const registration = this.#standing(request);
    if (registration === undefined) return;
    const context = { now, effects };
    this.#parts.aliases.suspend(registration, request.alias, context);
    this.#afterwards(context);
  }

  /** Another holder of a shared alias took the message. */
  withdraw(request: WithdrawRequest, now: number, effects: Effects): void {
    const registration = this.#standing(request);
    if (registration === undefined) return;
    const context = { now, effects };
    this.#parts.mail.withdraw(registration, request.key, context);
    this.#afterwards(context);
  }

  // ---------------------------------------------------------------- what its host tells it

  /** What came of the `tag` or `alias` effect of this token. */
  called(token: number, result: CallResult, now: number, effects: Effects): void {
    const context = { now, effects };
    this.#parts.calls.called(token, result, context);
    this.#afterwards(context);
  }

  /** Whoever waits under this token has waited long enough: it is answered in `effects`, unless it was before. */
  waitTimeout(token: number, now: number, effects: Effects): void {
    const context = { now, effects };
    this.#parts.waits.timeout(token, context);
    this.#afterMail(context);
  }

  /** The alarm: ends what has expired, and tries again what failed. */
  onDeadline(now: number, effects: Effects): void {
    const { mail, retries, debts, idle } = this.#parts;
    const context = { now, effects };
    mail.onDeadline(context);
    retries.run(context);
    debts.onDeadline(now);
    this.#afterwards(context);
    if (idle.look(now)) this.#expire(context);
  }

  /** The account is not used any more. Its registrations end first, and are let go by their tags and aliases before it is erased. */
  #expire(context: Context): void {
    const { account, debts, registrations, lifecycle } = this.#parts;
    const standing = [...registrations.standing()];
    for (const registration of standing) lifecycle.end(registration, context);
    if (standing.length > 0 || debts.isOwing || !account.isErasable) return;
    this.#options.store.erase();
    this.#parts = makeParts({ ...this.#options, now: context.now });
  }

  /** The edge is out of date, or the alias: the alias is asked. */
  #refuseStale(registration: Registration, alias: string, context: Context): Refused {
    const { aliases, retries } = this.#parts;
    aliases.doubt(registration, alias, context);
    // Without a link nothing else asks about a suspension whose answer failed, and no message would come by that alias.
    retries.run(context);
    this.#afterwards(context);
    return ALIAS_STALE;
  }

  #command(
    request: RegistrationName,
    start: (registration: Registration, command: PendingCommand) => MeshError | null,
    context: Context,
  ): CommandAnswer | number {
    const registration = this.#standing(request);
    if (registration === undefined) return UNREGISTERED;
    const answer = waitFor(this.#parts.waits, (command) => {
      const refused = start(registration, command);
      command.done(refused === null ? null : refusedBy(refused), context);
    });
    this.#afterwards(context);
    return answer;
  }

  #standing(name: RegistrationName): Registration | undefined {
    const registration = this.#parts.registrations.ofApp(name.app);
    if (registration?.generation !== name.generation) return undefined;
    return registration.record.endedAt === null ? registration : undefined;
  }

  /** A handler that closed the link leaves nothing on its socket; what it made room for is sent. */
  #afterwards(context: Context): void {
    const { session, tags } = this.#parts;
    this.#endClosed(context);
    tags.pump(context);
    session.saveCursors(context.now);
  }

  /** The same after a handler that moves no broadcast on: only where some are held does it concern them. */
  #afterMail(context: Context): void {
    this.#endClosed(context);
    if (this.#parts.tags.isHolding) this.#afterwards(context);
  }

  #endClosed(context: Context): void {
    const { session } = this.#parts;
    if (session.link?.closed) session.lost(context.now, context);
  }
}
