/**
 * One device: its account, its link, and its registrations with their mailboxes, tags and aliases. It has no socket, timer,
 * database or network: its methods are told what happened, write to its store, and return effects for the host to carry out.
 */
import type { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { AliasSuspension, WithdrawRequest } from "../alias/types.ts";
import type { CallResult, Context } from "../link/effects.ts";
import type { RecallAnswer, RecallRequest } from "../message/recall.ts";
import { type CommandAnswer, type Refused, refusedBy } from "../message/refusal.ts";
import type { RegistrationName } from "../message/registration-name.ts";
import type { SendAnswer, SendRequest } from "../message/send.ts";
import type { DeliverAnswer, DeliverRequest } from "../tag/calls/fan-out.ts";
import type { Claims } from "./account.ts";
import { changeAlias, changeTags } from "./commands.ts";
import type { LinkSnapshot } from "./link/snapshot.ts";
import { type DeviceOptions, type DeviceParts, makeParts } from "./parts.ts";
import { type PendingCommand, waitFor } from "./pending-command.ts";
import type { Registration } from "./registration.ts";
import type {
  AliasRequest,
  DescribeAnswer,
  OpenAccountAnswer,
  OpenAccountRequest,
  RemoveAnswer,
  RemoveRequest,
  StatusAnswer,
  StatusRequest,
  TagsRequest,
} from "./types.ts";

/** How long the shell waits for the token of `setTags` or `setAlias` before it calls `waitTimeout`: as long as any request may wait. */
export const COMMAND_WAIT_MS = LIMITS.ACK_WAIT_MAX_MS;

const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

const UNREGISTERED: Refused = { ok: false, code: "unregistered" };
const ALIAS_STALE: Refused = { ok: false, code: "alias_stale" };
const TRUST_OUTDATED: Refused = { ok: false, code: "trust_outdated" };

export class Device {
  readonly #options: DeviceOptions;
  #parts: DeviceParts;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.#parts = makeParts(options);
  }

  /** When to call `onDeadline`, milliseconds since 1970; null for never. */
  get deadline(): number | null {
    const { session, retries } = this.#parts;
    // Without a link, the next link retries early enough.
    const retry = session.link === null ? null : retries.deadline;
    return earlier(this.lastingDeadline, retry);
  }

  /** The part of `deadline` that must survive the process: expiries and debts. The rest ends with the link. */
  get lastingDeadline(): number | null {
    const { mail, debts, receipts, quiet } = this.#parts;
    const owed = earlier(debts.deadline, receipts.deadline);
    return earlier(earlier(mail.deadline, owed), quiet.deadline);
  }

  /**
   * When to call `onDeadline` if no alarm is set at all: an unused account is erased eventually. This deadline must survive the
   * process, too. Null if nothing is stored.
   */
  idleDeadline(now: number): number | null {
    return this.#parts.idle.deadline(now);
  }

  /** Whether the device owes other objects a call: see `Debts`, `FirstAcks` and `Receipts`. */
  get owes(): boolean {
    const { mail, debts, receipts } = this.#parts;
    return debts.deadline !== null || mail.owesAliases || receipts.isOwing;
  }

  /** The session of the current link; null without one. */
  get session(): string | null {
    return this.#parts.session.link?.session ?? null;
  }

  /** The session of the last link, open or not. */
  get lastSession(): string | null {
    return this.#parts.account.link?.session ?? null;
  }

  /** When the last link opened or was lost, milliseconds since 1970; 0 if none is known. */
  get lastSeenMs(): number {
    return this.#parts.account.link?.lastSeenMs ?? 0;
  }

  /** Whether any app is registered. Unregistered devices cannot take the place of such a one when connections are scarce. */
  get isRegistered(): boolean {
    return this.#parts.registrations.bySlot.size > 0;
  }

  /** The highest sequence number that was issued or observed. */
  get lastSeq(): number {
    return this.#parts.clock.last;
  }

  // ---------------------------------------------------------------- account and link

  /** Finds or creates the account of a key. A key to which the stored one handed over displaces it and ends its registrations. */
  openAccount(request: OpenAccountRequest, context: Context): OpenAccountAnswer {
    const { account, registrations, lifecycle, session } = this.#parts;
    try {
      const { outcome, generation } = account.open(request, session.link !== null, context.now);
      if (outcome === "replaced") {
        // Before the link closes, so that messages on its socket end instead of going back to the mailbox.
        for (const registration of [...registrations.active()]) {
          lifecycle.end(registration, context);
        }
        session.link?.close("account_replaced", "a new key took over", context);
        this.#afterwards(context);
      }
      return { ok: true, generation, outcome };
    } catch (error) {
      return refusedBy(error);
    }
  }

  /**
   * Opens a link. Messages on the socket of the previous link go back to the mailbox.
   *
   * @param session base64url of 16 fresh random bytes
   */
  connect(claims: Claims, session: string, context: Context): { ok: true } | Refused {
    try {
      this.#parts.session.open(claims, session, context);
      return { ok: true };
    } catch (error) {
      return refusedBy(error);
    }
  }

  /**
   * Restores a link that stayed open while the object slept.
   *
   * @param lastSeq the last sequence number issued on the link, if known. Default: the end of the reserved range, which is ahead of
   *   the wall clock, so that the next number costs a row; on a full disk that fails.
   */
  restore(snapshot: LinkSnapshot, lastSeq?: number): void {
    this.#parts.session.restore(snapshot, lastSeq);
  }

  /** The state to attach to the socket; null if it has not changed since the last call. */
  takeSnapshot(now: number): LinkSnapshot | null {
    return this.#parts.session.takeSnapshot(now);
  }

  /** Handles one binary WebSocket message of the current link. */
  receive(bytes: Uint8Array, context: Context): void {
    const { session, retries, mail } = this.#parts;
    this.#parts.look(context);
    session.link?.receive(bytes, context);
    retries.run(context);
    mail.notifyAliases(context);
    this.#afterwards(context);
  }

  /** Handles a text message. The host answers the heartbeat itself, so any other text is an error. */
  receiveText(context: Context): void {
    this.#parts.session.link?.receiveText(context);
    this.#afterwards(context);
  }

  /** Call it `LIMITS.HELLO_TIMEOUT_MS` after the link opened. */
  helloTimeout(context: Context): void {
    this.#parts.session.link?.helloTimeout(context);
    this.#afterwards(context);
  }

  /** Closes the link with a code that tells the device to reconnect. */
  drain(context: Context): void {
    this.#parts.session.link?.close("going_away", "restart", context);
    this.#afterwards(context);
  }

  /**
   * The socket of the current link has closed.
   *
   * @param seenAt when the device was last heard from, milliseconds since 1970. Default: `now`
   */
  linkLost(context: Context, seenAt = context.now): void {
    this.#parts.session.lost(seenAt, context);
  }

  // ---------------------------------------------------------------- requests of other objects

  /** Accepts a message. @returns the answer, or a token: the caller then waits `firstWaitMs` for its `settle` effect */
  send(request: SendRequest, context: Context): SendAnswer | number {
    const registration = this.#activeRegistration(request);
    if (registration === undefined) return UNREGISTERED;
    const { mail, aliases, rights } = this.#parts;
    this.#parts.look(context);
    if (!rights.judges(registration, request, context)) return TRUST_OUTDATED;
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

  /** Returns the status of a message. May write: see `statusOf`. */
  status(request: StatusRequest, context: Context): StatusAnswer {
    const { registrations, mail } = this.#parts;
    // Also for an earlier life: what was delivered to it stays delivered.
    const registration = registrations.ofApp(request.app);
    // The registration is forgotten, so the message may have been delivered or not.
    if (registration === undefined || request.generation > registration.generation) {
      return { ok: false, code: "message_not_found" };
    }
    return mail.status(registration, request, context);
  }

  /** The sender of a message recalls it. @returns the answer, or a token: the caller then waits up to `request.waitMs` */
  recall(request: RecallRequest, context: Context): RecallAnswer | number {
    const registration = this.#activeRegistration(request);
    // Its messages have ended with it.
    if (registration === undefined) return this.status(request, context);
    const answer = this.#parts.mail.recall(registration, request, context);
    this.#afterMail(context);
    return answer;
  }

  /** Joins and leaves tags. @returns the answer, or a token: the caller then waits up to `COMMAND_WAIT_MS` */
  setTags(request: TagsRequest, context: Context): CommandAnswer | number {
    const start = (registration: Registration, command: PendingCommand) =>
      changeTags(this.#parts.tags, registration, request, "server", command, context);
    return this.#command(request, start, context);
  }

  /** Sets or removes an alias. @returns as `setTags` */
  setAlias(request: AliasRequest, context: Context): CommandAnswer | number {
    const start = (registration: Registration, command: PendingCommand) =>
      changeAlias(this.#parts.aliases, registration, request, "server", command, context);
    return this.#command(request, start, context);
  }

  describe(request: RegistrationName): DescribeAnswer {
    const registration = this.#activeRegistration(request);
    if (registration === undefined) return UNREGISTERED;
    const { aliases, tags, keys, session, account } = this.#parts;
    const { slot, settings } = registration;
    return {
      ...{ ok: true, tags: tags.of(slot) },
      aliases: aliases.of(slot),
      attributes: tags.attributesOf(slot),
      encryptionKey: keys.of(registration),
      connected: session.link?.ready ?? false,
      lastSeenAt: settings.presence ? (account.link?.lastSeenMs ?? null) : null,
      pushEnabled: settings.silenced !== true,
    };
  }

  /** The app's server ends a registration, and tells the device if it is linked. Safe to repeat. */
  remove(request: RemoveRequest, context: Context): RemoveAnswer {
    const answer = this.#parts.eviction.remove(request, context);
    this.#afterwards(context);
    return answer;
  }

  /** The app's server lets the device register again. Safe to repeat. @returns whether it was banned */
  liftBan(app: string, { now }: Context): boolean {
    return this.#parts.removals.liftBan(app, now);
  }

  /** Takes broadcasts from a node. @returns the answer, or a token: the node then waits up to `request.waitMs` */
  deliver(request: DeliverRequest, context: Context): DeliverAnswer | number {
    const { registrations, tags, rights } = this.#parts;
    const registration = registrations.activeOf(request.app);
    if (registration === undefined) return { ok: true, outcome: "unknown" };
    this.#parts.look(context);
    if (!rights.judges(registration, request, context)) return TRUST_OUTDATED;
    const answer = tags.deliver(registration, request, context);
    this.#afterwards(context);
    return answer;
  }

  /** Another registration is setting the alias. It is suspended when this returns, and durably once the shell answers. */
  suspendAlias(request: AliasSuspension, context: Context): void {
    const registration = this.#activeRegistration(request);
    if (registration === undefined) return;
    this.#parts.aliases.suspend(registration, request.alias, context);
    this.#afterwards(context);
  }

  /** Another holder of a shared alias acknowledged the message first. */
  withdraw(request: WithdrawRequest, context: Context): void {
    const registration = this.#activeRegistration(request);
    if (registration === undefined) return;
    this.#parts.look(context);
    this.#parts.mail.withdraw(registration, request.key, context);
    this.#afterwards(context);
  }

  // ---------------------------------------------------------------- events of the host

  /** Takes the result of the `tag` or `alias` effect with this token. */
  onCallResult(token: number, result: CallResult, context: Context): void {
    this.#parts.lifecycle.lapse(context);
    this.#parts.calls.onResult(token, result, context);
    this.#afterwards(context);
  }

  /** The time of this token is up: its caller is answered in `effects`, unless it was answered before or its wait is extended. */
  waitTimeout(token: number, context: Context): void {
    this.#parts.waits.timeout(token, context);
    this.#afterMail(context);
  }

  /** Handles the alarm: expires messages, and retries what failed. */
  onDeadline(context: Context): void {
    const { mail, retries, debts, idle } = this.#parts;
    this.#parts.look(context);
    mail.onDeadline(context);
    retries.run(context);
    debts.onDeadline(context.now);
    this.#afterwards(context);
    if (idle.check(context.now)) this.#expire(context);
  }

  /** The account is no longer used. First its registrations end; it is erased once their tags and aliases have confirmed that. */
  #expire(context: Context): void {
    const { account, debts, receipts, registrations, removals, lifecycle } = this.#parts;
    const standing = [...registrations.active()];
    for (const registration of standing) lifecycle.end(registration, context);
    if (standing.length > 0 || debts.hasDebts || receipts.isOwing || !account.isErasable) return;
    if (removals.lastBanEnd(context.now) !== null) return;
    this.#options.store.erase();
    this.#parts = makeParts({ ...this.#options, now: context.now });
  }

  /** The edge or the alias is out of date: asks the alias. */
  #refuseStale(registration: Registration, alias: string, context: Context): Refused {
    const { aliases, retries } = this.#parts;
    aliases.recheck(registration, alias, context);
    // Without a link nothing else would retry a failed confirmation, and no message would arrive through the alias.
    retries.run(context);
    this.#afterwards(context);
    return ALIAS_STALE;
  }

  #command(
    request: RegistrationName,
    start: (registration: Registration, command: PendingCommand) => MeshError | null,
    context: Context,
  ): CommandAnswer | number {
    const registration = this.#activeRegistration(request);
    if (registration === undefined) return UNREGISTERED;
    const begin = (command: PendingCommand) => {
      const refused = start(registration, command);
      command.done(refused === null ? null : refusedBy(refused), context);
    };
    const overruled = () => (this.#activeRegistration(request) ? null : UNREGISTERED);
    const answer = waitFor(this.#parts.waits, begin, overruled);
    this.#afterwards(context);
    return answer;
  }

  #activeRegistration(name: RegistrationName): Registration | undefined {
    const registration = this.#parts.registrations.ofApp(name.app);
    if (registration?.generation !== name.generation) return undefined;
    return registration.record.endedAt === null ? registration : undefined;
  }

  /** Ends a link that the handler closed, and sends broadcasts that it made room for. */
  #afterwards(context: Context): void {
    const { session, tags, lifecycle, eviction } = this.#parts;
    eviction.endDeleted(context);
    lifecycle.lapse(context);
    this.#endClosed(context);
    tags.pump(context);
    session.saveCursors(context.now);
  }

  /** The same after a handler that concerns broadcasts only if some are held back. */
  #afterMail(context: Context): void {
    this.#endClosed(context);
    if (this.#parts.tags.isHolding) this.#afterwards(context);
  }

  #endClosed(context: Context): void {
    const { session, receipts } = this.#parts;
    if (session.link?.closed) session.lost(context.now, context);
    receipts.pump(context);
  }
}
