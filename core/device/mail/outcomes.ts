/**
 * How messages ended that were not delivered, which ones only the device knows the end of, and of which delivered ones others are
 * still to be told: one bounded log per registration, one row each.
 */
import type { MessageStatus } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Priority } from "../../message/priority.ts";
import type { OutcomeStore } from "../store.ts";
import type { Asked } from "./recent-keys.ts";

/** An end other than delivery. */
export type Ending = Exclude<MessageStatus, "delivered" | "queued" | "sent">;

interface Ended {
  readonly status: Ending | "sent";
  readonly seq: number;
  readonly fingerprint: number | null;
  /** Of what is `sent`: the device is asked, and this is its end where the device dropped it. */
  readonly asked?: Asked & Pick<OpenMessage, "left" | "firstAck">;
}

/** A message that ended. */
export interface EndedMessage {
  readonly key: string;
  readonly seq: number;
  readonly fingerprint: number | null;
}

/** A message that left the mailbox, and that the device may have: the app was given it, or it ended as `left` says. */
export interface OpenMessage extends EndedMessage, Asked {
  readonly left: Ending;
  /** The shared alias that is told if the device has it, and when the message expires, milliseconds since 1970; absent for none. */
  readonly firstAck?: { readonly alias: string; readonly expiresAt: number };
}

/** A message of a shared alias that was taken here, and which other holders are to withdraw. */
export interface Untold {
  /** Message key, base64url. */
  readonly key: string;
  readonly alias: string;
  /** Of the message here. Absent from rows of an older version, as what follows. */
  readonly seq?: number;
  /** `SendRequest.fingerprint`; null for none. */
  readonly fingerprint?: number | null;
  /** Of the message, milliseconds since 1970: then none of them shows it any more. */
  readonly expiresAt: number;
}

interface Log {
  /** Messages up to this seq may have been dropped from the log. */
  forgotten: number;
  /** By message key, oldest first. */
  readonly entries: Map<string, Ended>;
  /** By message key, oldest first. */
  readonly untold: Map<string, Untold>;
}

/** How a log is stored. */
interface StoredLog {
  readonly forgotten: number;
  readonly entries: readonly StoredEntry[];
  /** Absent where there are none. */
  readonly untold?: readonly Untold[];
}

type StoredEntry = readonly [
  key: string,
  status: Ended["status"],
  seq: number,
  fingerprint?: number | null,
  lane?: Priority,
  left?: Ending,
  dataHash?: number | null,
  firstAckAlias?: string,
  expiresAt?: number,
];

export class Outcomes {
  readonly #store: OutcomeStore;
  readonly #logs = new Map<number, Log>();

  constructor(store: OutcomeStore) {
    this.#store = store;
  }

  /** Records endings of one registration in one row write. At the limit the oldest are forgotten. */
  record(slot: number, status: Ending, ended: readonly EndedMessage[]): void {
    if (ended.length === 0) return;
    const log = this.#log(slot);
    for (const { key, seq, fingerprint } of ended) {
      log.entries.set(key, { status, seq, fingerprint });
    }
    this.#keep(slot, log);
  }

  /** Records messages as `sent` that the device is to be asked after, likewise. */
  leaveOpen(slot: number, left: Ending, messages: readonly Omit<OpenMessage, "left">[]): void {
    if (messages.length === 0) return;
    const log = this.#log(slot);
    for (const { key, seq, fingerprint, lane, dataHash, firstAck } of messages) {
      const asked = { lane, left, dataHash, ...(firstAck === undefined ? {} : { firstAck }) };
      log.entries.set(key, { status: "sent", seq, fingerprint, asked });
    }
    this.#keep(slot, log);
  }

  /** What is `sent`: the device is to be asked. Oldest first. */
  open(slot: number): OpenMessage[] {
    return [...this.#log(slot).entries].flatMap(([key, { seq, fingerprint, asked }]) =>
      asked === undefined ? [] : [{ key, seq, fingerprint, ...asked }],
    );
  }

  /** The device has them: they were delivered, which nothing is recorded of. */
  delivered(slot: number, keys: readonly string[]): void {
    if (keys.length === 0) return;
    const log = this.#log(slot);
    for (const key of keys) log.entries.delete(key);
    this.#write(slot, log);
  }

  /** The device dropped them: they ended as was left open. */
  dropped(slot: number, keys: readonly string[]): void {
    if (keys.length === 0) return;
    const log = this.#log(slot);
    for (const key of keys) {
      const entry = log.entries.get(key);
      if (entry?.asked === undefined) continue;
      const { seq, fingerprint, asked } = entry;
      log.entries.set(key, { status: asked.left, seq, fingerprint });
    }
    this.#write(slot, log);
  }

  #keep(slot: number, log: Log): void {
    for (const [key, { seq }] of log.entries) {
      if (log.entries.size <= LIMITS.OUTCOMES) break;
      log.entries.delete(key);
      log.forgotten = Math.max(log.forgotten, seq);
    }
    this.#write(slot, log);
  }

  /** The other holders could not be told. At `LIMITS.UNTOLD` the oldest is told of no more once this object has slept. */
  owe(slot: number, untold: Untold): void {
    const log = this.#log(slot);
    log.untold.set(untold.key, untold);
    for (const key of log.untold.keys()) {
      if (log.untold.size <= LIMITS.UNTOLD) break;
      log.untold.delete(key);
    }
    this.#write(slot, log);
  }

  /** They have been told, or the message has expired. */
  settle(slot: number, key: string): void {
    const log = this.#log(slot);
    if (log.untold.delete(key)) this.#write(slot, log);
  }

  untold(slot: number): Iterable<Untold> {
    return this.#log(slot).untold.values();
  }

  /** How the message of this key ended; undefined where it did not end here, or is forgotten. */
  find(slot: number, key: string): Ended | undefined {
    return this.#log(slot).entries.get(key);
  }

  /** Whether the log may have held this message once. */
  mayHaveForgotten(slot: number, seq: number): boolean {
    return seq <= this.#log(slot).forgotten;
  }

  /** Drops what is cached of a registration that is gone. */
  drop(slot: number): void {
    this.#logs.delete(slot);
  }

  #log(slot: number): Log {
    let log = this.#logs.get(slot);
    if (log === undefined) {
      const text = this.#store.readOutcomes(slot);
      const stored =
        text === null ? { forgotten: 0, entries: [] } : (JSON.parse(text) as StoredLog);
      log = {
        forgotten: stored.forgotten,
        entries: new Map(
          stored.entries.map(
            ([key, status, seq, fingerprint = null, lane, left, dataHash = null, ...first]) => [
              key,
              {
                ...{ status, seq, fingerprint },
                ...(lane === undefined || left === undefined
                  ? {}
                  : { asked: { lane, left, dataHash, ...firstAckOf(...first) } }),
              },
            ],
          ),
        ),
        untold: new Map(stored.untold?.map((untold) => [untold.key, untold])),
      };
      this.#logs.set(slot, log);
    }
    return log;
  }

  #write(slot: number, log: Log): void {
    const stored: StoredLog = {
      forgotten: log.forgotten,
      entries: [...log.entries].map(([key, { status, seq, fingerprint, asked }]) => {
        if (asked !== undefined) {
          const { lane, left, dataHash, firstAck } = asked;
          const open = [key, status, seq, fingerprint, lane, left, dataHash] as const;
          return firstAck === undefined ? open : [...open, firstAck.alias, firstAck.expiresAt];
        }
        return fingerprint === null ? [key, status, seq] : [key, status, seq, fingerprint];
      }),
      ...(log.untold.size === 0 ? {} : { untold: [...log.untold.values()] }),
    };
    this.#store.writeOutcomes(slot, JSON.stringify(stored));
  }
}

const firstAckOf = (alias?: string, expiresAt?: number): Pick<OpenMessage, "firstAck"> =>
  alias === undefined || expiresAt === undefined ? {} : { firstAck: { alias, expiresAt } };
