/**
 * The log of outcomes: how undelivered messages ended, which messages must be queried, and which acknowledged messages their alias
 * has yet to be notified of. One bounded log per registration, stored in one row.
 */
import type { MessageStatus } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { KeptOptions } from "../../message/options.ts";
import type { Priority } from "../../message/priority.ts";
import { followOf } from "../events/follow.ts";
import type { OutcomeStore } from "../store.ts";
import type { QueryFields } from "./recent-keys.ts";

/** A final status other than `delivered`. */
export type Ending = Exclude<MessageStatus, "delivered" | "queued" | "sent">;

interface Ended {
  readonly status: Ending | "sent";
  /** The number in its ID. */
  readonly seq: number;
  readonly fingerprint: number | null;
  /** For `sent`: how to query the device, and how the message ends if the device dropped it. */
  readonly query?: QueryFields & Pick<SentMessage, "seq" | "endIfDropped" | "firstAck">;
}

/** A message that has ended. */
interface EndedMessage {
  readonly key: string;
  /** See `idSeqOf`. */
  readonly idSeq: number;
  readonly fingerprint: number | null;
}

/** A message that left the mailbox and that the device may have: it is delivered, or ends as `endIfDropped` says. */
export interface SentMessage extends EndedMessage, QueryFields {
  /** Its number on the link. */
  readonly seq: number;
  readonly endIfDropped: Ending;
  /** The shared alias to notify if the app has it, and when the message expires, milliseconds since 1970; absent for none. */
  readonly firstAck?: { readonly alias: string; readonly expiresAt: number };
}

/** A message of a shared alias that this device acknowledged first, and whose alias has yet to be notified. */
export interface Untold {
  /** Message key, base64url. */
  readonly key: string;
  readonly alias: string;
  /** The number in the ID of this copy. Absent, as `fingerprint`, from rows of an older version. */
  readonly seq?: number;
  /** `SendRequest.fingerprint`; null for none. */
  readonly fingerprint?: number | null;
  /** When the message expires, milliseconds since 1970: after that no holder shows it. */
  readonly expiresAt: number;
}

/** A recall of a message that the app may have, and that the device has not answered. */
export interface StoredRecall {
  /** Message key, base64url. */
  readonly key: string;
  readonly seq: number;
  /** When to stop asking, milliseconds since 1970. */
  readonly until: number;
}

interface Log {
  /** Entries up to this seq may have been dropped from the log. */
  forgotten: number;
  /** By message key, oldest first. */
  readonly entries: Map<string, Ended>;
  /** By message key, oldest first. */
  readonly untold: Map<string, Untold>;
  /** By message key, oldest first. */
  readonly recalls: Map<string, StoredRecall>;
}

/** A log as stored, in JSON. */
interface StoredLog {
  readonly forgotten: number;
  readonly entries: readonly StoredEntry[];
  /** Absent for none. */
  readonly untold?: readonly Untold[];
  /** Absent for none. */
  readonly recalls?: readonly StoredRecall[];
}

type StoredEntry = readonly [
  key: string,
  status: Ended["status"],
  seq: number,
  fingerprint?: number | null,
  lane?: Priority,
  endIfDropped?: Ending,
  dataHash?: number | null,
  firstAckAlias?: string | null,
  expiresAt?: number | null,
  options?: KeptOptions | null,
  /** `SentMessage.seq`, if it is not that of the ID. */
  linkSeq?: number,
];

export class Outcomes {
  readonly #store: OutcomeStore;
  readonly #logs = new Map<number, Log>();

  constructor(store: OutcomeStore) {
    this.#store = store;
  }

  /** Records how messages of one registration ended. Writes one row; at `LIMITS.OUTCOMES` the oldest entries are dropped. */
  record(slot: number, status: Ending, ended: readonly EndedMessage[]): void {
    if (ended.length === 0) return;
    const log = this.#log(slot);
    for (const { key, idSeq, fingerprint } of ended) {
      log.entries.set(key, { status, seq: idSeq, fingerprint });
    }
    this.#trim(slot, log);
  }

  /** The same for messages that the device may have: records them as `sent`. */
  recordSent(
    slot: number,
    endIfDropped: Ending,
    messages: readonly Omit<SentMessage, "endIfDropped">[],
  ): void {
    if (messages.length === 0) return;
    const log = this.#log(slot);
    for (const { key, seq, idSeq, fingerprint, lane, dataHash, options, firstAck } of messages) {
      const query = {
        seq,
        lane,
        endIfDropped,
        dataHash,
        options: followOf(options),
        ...(firstAck === undefined ? {} : { firstAck }),
      };
      log.entries.set(key, { status: "sent", seq: idSeq, fingerprint, query });
    }
    this.#trim(slot, log);
  }

  /** The messages recorded as `sent`, which are to be queried. Oldest first. */
  sent(slot: number): SentMessage[] {
    return [...this.#log(slot).entries].flatMap(([key, { seq: idSeq, fingerprint, query }]) =>
      query === undefined ? [] : [{ key, idSeq, fingerprint, ...query }],
    );
  }

  /** The app has them: removes them, because no record means `delivered`. */
  removeDelivered(slot: number, keys: readonly string[]): void {
    if (keys.length === 0) return;
    const log = this.#log(slot);
    for (const key of keys) log.entries.delete(key);
    this.#write(slot, log);
  }

  /** The device dropped them: they end as their `endIfDropped` says. */
  endDropped(slot: number, keys: readonly string[]): void {
    if (keys.length === 0) return;
    const log = this.#log(slot);
    for (const key of keys) {
      const entry = log.entries.get(key);
      if (entry?.query === undefined) continue;
      const { seq, fingerprint, query } = entry;
      log.entries.set(key, { status: query.endIfDropped, seq, fingerprint });
    }
    this.#write(slot, log);
  }

  #trim(slot: number, log: Log): void {
    for (const [key, { seq }] of log.entries) {
      if (log.entries.size <= LIMITS.OUTCOMES) break;
      log.entries.delete(key);
      log.forgotten = Math.max(log.forgotten, seq);
    }
    this.#write(slot, log);
  }

  /** The alias could not be notified. At `LIMITS.UNTOLD` the oldest is dropped: it is not retried once this object has slept. */
  addUntold(slot: number, untold: Untold): void {
    const log = this.#log(slot);
    log.untold.set(untold.key, untold);
    for (const key of log.untold.keys()) {
      if (log.untold.size <= LIMITS.UNTOLD) break;
      log.untold.delete(key);
    }
    this.#write(slot, log);
  }

  /** The alias was notified, or the message has expired. */
  removeUntold(slot: number, key: string): void {
    const log = this.#log(slot);
    if (log.untold.delete(key)) this.#write(slot, log);
  }

  untold(slot: number): Iterable<Untold> {
    return this.#log(slot).untold.values();
  }

  /** Stores a recall for the device's next link. Beyond `LIMITS.RECALLS`, the oldest is dropped. */
  addRecall(slot: number, key: string, seq: number, until: number): void {
    const log = this.#log(slot);
    log.recalls.set(key, { key, seq, until });
    for (const oldest of log.recalls.keys()) {
      if (log.recalls.size <= LIMITS.RECALLS) break;
      log.recalls.delete(oldest);
    }
    this.#write(slot, log);
  }

  hasRecall(slot: number, key: string): boolean {
    return this.#log(slot).recalls.has(key);
  }

  /** The device has answered, or the recall has expired. */
  removeRecall(slot: number, key: string): void {
    const log = this.#log(slot);
    if (log.recalls.delete(key)) this.#write(slot, log);
  }

  recalls(slot: number): readonly StoredRecall[] {
    return [...this.#log(slot).recalls.values()];
  }

  /** How the message with this key ended; undefined if the log has no entry. */
  find(slot: number, key: string): Ended | undefined {
    return this.#log(slot).entries.get(key);
  }

  /** Whether an entry of this message may have been dropped. */
  mayHaveForgotten(slot: number, seq: number): boolean {
    return seq <= this.#log(slot).forgotten;
  }

  /** Drops the cached log of a forgotten registration. */
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
            ([
              key,
              status,
              seq,
              fingerprint = null,
              lane,
              endIfDropped,
              dataHash = null,
              alias = null,
              expiresAt = null,
              options = null,
              linkSeq = seq,
            ]) => [
              key,
              {
                ...{ status, seq, fingerprint },
                ...(lane === undefined || endIfDropped === undefined
                  ? {}
                  : {
                      query: {
                        ...{ seq: linkSeq, lane, endIfDropped, dataHash, options },
                        ...firstAckOf(alias, expiresAt),
                      },
                    }),
              },
            ],
          ),
        ),
        untold: new Map(stored.untold?.map((untold) => [untold.key, untold])),
        recalls: new Map(stored.recalls?.map((recall) => [recall.key, recall])),
      };
      this.#logs.set(slot, log);
    }
    return log;
  }

  #write(slot: number, log: Log): void {
    const stored: StoredLog = {
      forgotten: log.forgotten,
      entries: [...log.entries].map(([key, { status, seq, fingerprint, query }]) => {
        if (query !== undefined) {
          const { lane, endIfDropped, dataHash, firstAck, options } = query;
          const open = [key, status, seq, fingerprint, lane, endIfDropped, dataHash] as const;
          const { alias = null, expiresAt = null } = firstAck ?? {};
          if (query.seq !== seq) return [...open, alias, expiresAt, options, query.seq];
          if (options !== null) return [...open, alias, expiresAt, options];
          return firstAck === undefined ? open : [...open, alias, expiresAt];
        }
        return fingerprint === null ? [key, status, seq] : [key, status, seq, fingerprint];
      }),
      ...(log.untold.size === 0 ? {} : { untold: [...log.untold.values()] }),
      ...(log.recalls.size === 0 ? {} : { recalls: [...log.recalls.values()] }),
    };
    this.#store.writeOutcomes(slot, JSON.stringify(stored));
  }
}

const firstAckOf = (
  alias: string | null,
  expiresAt: number | null,
): Pick<SentMessage, "firstAck"> =>
  alias === null || expiresAt === null ? {} : { firstAck: { alias, expiresAt } };
