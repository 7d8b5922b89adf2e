/**
 * Broadcasts that a node owes to members it could not call. A debt is stored with the outcome of its broadcast. The node's alarm retries
 * the member until it has the broadcast, has left or is offline, or the broadcast expired. Members that answer cost no row.
 */
import { LIMITS } from "../../../schema/limits.ts";
import { SingleFlight } from "../../single-flight.ts";
import { newestTrust } from "../calls/broadcast.ts";
import type { TagHost } from "../host.ts";
import type { Log } from "../log/log.ts";
import type { Member, Members } from "../members/members.ts";
import { type DebtEnd, owingPlacesIn, settleMembers } from "../outcome/outcome.ts";
import { HUNG_MS } from "./member-fan-out.ts";
import type { NodeTrust } from "./node-trust.ts";
import { RetryTimes } from "./retry-times.ts";

interface MemberDebtsParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly members: Members;
  readonly trust: NodeTrust;
  readonly app: string;
  readonly tag: string;
  readonly path: string;
  /** The device answered that it is not a member of this node. */
  readonly onUnknown: (member: Member) => void;
}

/** Members called in parallel. They failed before, and may hang. */
const PARALLEL = 16;

export class MemberDebts {
  readonly #parts: MemberDebtsParts;
  /** By position, then by place; undefined for a member that left while this node slept. */
  readonly #owed = new Map<number, Map<number, Member | undefined>>();
  readonly #tries: RetryTimes<Member>;
  readonly #paying = new SingleFlight();

  constructor(parts: MemberDebtsParts) {
    this.#parts = parts;
    this.#tries = new RetryTimes(parts.host);
    for (const { position } of parts.log.unsettled) {
      const outcome = parts.log.state(position)?.outcome;
      if (outcome !== undefined) this.#add(position, owingPlacesIn(outcome));
    }
  }

  /** Whether members are being called. */
  get isBusy(): boolean {
    return this.#paying.isRunning;
  }

  /** Sets the alarm. The debts were stored with the outcome of the broadcast. */
  add(position: number, places: readonly number[]): void {
    if (places.length === 0) return;
    this.#add(position, places);
    for (const member of this.#owed.get(position)?.values() ?? []) {
      if (member !== undefined && !this.#tries.has(member)) this.#tries.failed(member);
    }
    this.#setAlarm();
  }

  /** A member fetched what it lacked. The alarm writes that. */
  attached(member: Member): void {
    if (!this.#all.has(member)) return;
    this.#tries.forget(member);
    this.#parts.host.setAlarm(this.#parts.host.now() + 1);
  }

  /** Calls the members that are due, and writes their outcomes. */
  alarm(): Promise<void> {
    return this.#paying.run(() => this.#pay());
  }

  /** Ends the debts that need no call: one row for each broadcast with such debts. */
  settle(): void {
    for (const [position, places] of [...this.#owed]) {
      const ends = new Map<number, DebtEnd>();
      for (const [place, member] of places) {
        const end = this.#endOf(position, member);
        if (end !== undefined) ends.set(place, end);
      }
      this.#write(position, ends);
    }
  }

  /** Members that are owed something, with the position of the newest. */
  get #all(): Map<Member, number> {
    const all = new Map<Member, number>();
    for (const [position, places] of this.#owed) {
      for (const member of places.values()) {
        if (member !== undefined) all.set(member, Math.max(position, all.get(member) ?? 0));
      }
    }
    return all;
  }

  #add(position: number, places: readonly number[]): void {
    if (places.length === 0) return;
    const standing = this.#owed.get(position) ?? new Map<number, Member | undefined>();
    for (const place of places) {
      const member = this.#parts.members.at(place);
      // The place may have been reused by a member that joined later.
      const isSame = member !== undefined && member.joined < position;
      standing.set(place, isSame ? member : undefined);
    }
    this.#owed.set(position, standing);
  }

  async #pay(): Promise<void> {
    this.settle();
    const due = [...this.#all].filter(([member]) => this.#tries.isDue(member));
    for (let at = 0; at < due.length; at += PARALLEL) {
      await Promise.all(due.slice(at, at + PARALLEL).map((each) => this.#call(...each)));
      await this.#parts.host.yield();
    }
    this.settle();
    this.#parts.log.forgetData();
    for (const member of this.#tries.keys()) {
      if (!this.#all.has(member)) this.#tries.forget(member);
    }
    this.#setAlarm();
  }

  /** Delivers only the newest that the member is owed: it fetches earlier ones itself. */
  async #call(member: Member, position: number): Promise<void> {
    const { host, log, trust, app, tag, path, onUnknown } = this.#parts;
    const entries = log.between(position - 1, position, host.now());
    if (entries.length === 0) return;
    const waitMs = LIMITS.BROADCAST_ACK_WAIT_MS;
    const trustVersion = newestTrust(entries);
    const request = { app, tag, path, prev: null, entries, waitMs, trustVersion };
    const call = host.calls.begin(host.now());
    try {
      const answering = trust.deliver(member.device, request);
      const answer = await host.withTimeout(HUNG_MS, answering);
      if (!answer.ok) throw new Error(answer.code);
      const { outcome } = answer;
      if (outcome === "unknown") {
        if (this.#parts.members.of(member.device) === member) onUnknown(member);
        this.#end(member, null);
      } else if (outcome === "offline") {
        if (member.served === null) member.attached = false;
      } else {
        member.served = Math.max(member.served ?? 0, position);
        this.#write(position, new Map([[member.place, outcome]]));
      }
    } catch (error) {
      host.reportError(error);
      this.#tries.failed(member);
    } finally {
      host.calls.end(call);
    }
  }

  /** Undefined while the debt stands. */
  #endOf(position: number, member: Member | undefined): DebtEnd | undefined {
    const { host, log, members } = this.#parts;
    if (member === undefined || members.of(member.device) !== member) return "offline";
    if (!member.attached) return "offline";
    if (member.served !== null && member.served >= position) return "deferred";
    const expiresAt = log.header(position)?.expiresAt ?? 0;
    if (expiresAt <= host.now()) return "failed";
    return log.isCollapsed(position) ? "collapsed" : undefined;
  }

  #end(member: Member, end: DebtEnd): void {
    for (const [position, places] of [...this.#owed]) {
      if (places.get(member.place) === member)
        this.#write(position, new Map([[member.place, end]]));
    }
  }

  #write(position: number, ends: ReadonlyMap<number, DebtEnd>): void {
    const { log, members, host } = this.#parts;
    const places = this.#owed.get(position);
    if (places === undefined || ends.size === 0) return;
    for (const place of ends.keys()) places.delete(place);
    if (places.size === 0) this.#owed.delete(position);
    const state = log.state(position);
    if (state === null) return;
    // Marks are read from the last served entry only.
    const marks = log.lastServed?.position === position ? members.marks() : {};
    const outcome = settleMembers(state.outcome, ends, host.now());
    log.recordOutcome(position, { ...state, ...marks, outcome });
  }

  /** The earliest retry or expiry. */
  #setAlarm(): void {
    const { host, log } = this.#parts;
    if (this.#owed.size === 0) return;
    const tries = [...this.#all.keys()].map((member) => this.#tries.at(member));
    const ends = [...this.#owed.keys()].map((position) => log.header(position)?.expiresAt ?? 0);
    host.setAlarm(Math.max(Math.min(...tries, ...ends), host.now() + 1));
  }
}
