/**
 * The timelines of messages that were sent with `trace`: one row each, in the device's own store. Nothing is written before the message is stored or
 * has ended, so a message that is acknowledged at once costs one row.
 */
import type { MessageEventName, MessageStatus } from "../../../schema/http/enums.ts";
import { MESSAGE_ENDS, MESSAGE_REPORTS } from "../../../schema/http/enums.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { seqTimeMs } from "../../message/clock.ts";
import type { KeptOptions } from "../../message/options.ts";
import type { Registration } from "../registration.ts";
import type { TimelineRecord, TimelineStore } from "../store.ts";
import type { EventSink, FollowedEvent, ToldMessage } from "./message-events.ts";

/** Source of the messages of the device itself: see `TimelineRecord.source`. */
const OWN = "";

/** An event in the answer to a status request. */
export interface TimelineEvent {
  readonly event: MessageEventName;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of `clicked`: the notification's action, unless the notification itself was clicked. */
  readonly action?: string;
}

/** How many old timelines are checked for expiry whenever one is added: more than one, so that a backlog shrinks. */
const SWEPT = 4;

const ENDS: ReadonlySet<MessageEventName> = new Set(MESSAGE_ENDS);
const REPORTS: ReadonlySet<MessageEventName> = new Set(MESSAGE_REPORTS);

export class Timelines implements EventSink {
  readonly #store: TimelineStore;
  /** Timelines of messages on the socket without a row, by seq. */
  readonly #unsaved = new Map<number, TimelineEvent[]>();
  /** Number of rows; null if it is not known yet. */
  #count: number | null = null;

  constructor(store: TimelineStore) {
    this.#store = store;
  }

  take(told: FollowedEvent): void {
    const { registration, seq, options, source, event, at, action } = told;
    if (!options.trace) return;
    const one = { event, at, ...(action === undefined ? {} : { action }) };
    const unsaved = source === undefined ? this.#unsaved.get(seq) : undefined;
    if (event === "accepted") this.#unsaved.set(seq, [one]);
    else if (event === "sent" && unsaved !== undefined) unsaved.push(one);
    else this.#add(told, registration, [...(unsaved ?? []), one]);
  }

  persist({ idSeq: seq, ...message }: ToldMessage, registration: Registration): void {
    const unsaved = this.#unsaved.get(seq);
    if (unsaved !== undefined) this.#add({ ...message, seq }, registration, unsaved);
  }

  /** The events of a message in their order; undefined if it has no timeline, or that has expired. */
  of(
    registration: Registration,
    key: string,
    seq: number,
    now: number,
    source = OWN,
  ): readonly TimelineEvent[] | undefined {
    const unsaved = source === OWN ? this.#unsaved.get(seq) : undefined;
    if (unsaved !== undefined) return unsaved;
    const record = this.#find(registration, key, seq, source);
    return record === null || isOver(record, now) ? undefined : eventsOf(record);
  }

  /** The options that a message was sent with; null if it has no timeline. */
  optionsOf(
    registration: Registration,
    key: string,
    seq: number,
    source = OWN,
  ): KeptOptions | null {
    const record = this.#find(registration, key, seq, source);
    if (record === null) return null;
    return { trace: true, ...(record.options === null ? {} : JSON.parse(record.options)) };
  }

  /** Null if the message has no row. */
  #find({ slot }: Registration, key: string, seq: number, source: string): TimelineRecord | null {
    const record = this.#store.readTimeline(seq, source);
    return record?.slot === slot && record.key === key ? record : null;
  }

  /** Adds events to a row, which is made if there is none. */
  #add(
    {
      key,
      seq,
      source = OWN,
      options,
    }: Pick<FollowedEvent, "key" | "seq" | "source"> & Pick<ToldMessage, "options">,
    registration: Registration,
    events: readonly TimelineEvent[],
  ): void {
    if (source === OWN) this.#unsaved.delete(seq);
    const record = this.#find(registration, key, seq, source);
    const all = [...(record === null ? startOf(seq, events) : eventsOf(record))];
    for (const one of events) place(all, one);
    bound(all);
    const end = events.find(({ event }) => ENDS.has(event));
    const { trace: _, ...others } = options ?? {};
    const start = seqTimeMs(seq);
    const texts = all.map(({ event, at, action }) =>
      action === undefined ? [event, at - start] : [event, at - start, action],
    );
    this.#store.putTimeline({
      ...{ seq, source, slot: registration.slot, key },
      endedAt: record?.endedAt ?? end?.at ?? null,
      events: JSON.stringify(texts),
      options: Object.keys(others).length === 0 ? null : JSON.stringify(others),
    });
    if (record === null) this.#makeRoom(events.at(-1)?.at ?? start);
  }

  /** A row was added: deletes old ones. */
  #makeRoom(now: number): void {
    const count = this.#count === null ? this.#store.countTimelines() : this.#count + 1;
    const oldest = this.#store.listTimelines(SWEPT);
    const over = oldest.filter((record, n) => isOver(record, now) || count - n > LIMITS.TIMELINES);
    for (const { seq, source } of over) this.#store.deleteTimeline(seq, source);
    this.#count = count - over.length;
  }
}

/** If the first event was lost in a sleep, the message's number says when it was accepted. */
const startOf = (seq: number, [first]: readonly TimelineEvent[]): readonly TimelineEvent[] =>
  first?.event === "accepted" ? [] : [{ event: "accepted", at: seqTimeMs(seq) }];

const isOver = ({ endedAt }: Pick<TimelineRecord, "endedAt">, now: number): boolean =>
  endedAt !== null && now - endedAt > LIMITS.TIMELINE_MS;

function eventsOf({ seq, events }: Pick<TimelineRecord, "seq" | "events">): TimelineEvent[] {
  const start = seqTimeMs(seq);
  const stored = JSON.parse(events) as (readonly [MessageEventName, number, string?])[];
  return stored.map(([event, after, action]) => ({
    ...{ event, at: start + after },
    ...(action === undefined ? {} : { action }),
  }));
}

/**
 * Adds an event. A device reports later than things happen, so a report is inserted at its time; reports keep the order in which they arrive, because
 * their times are only exact to the time that a report takes.
 */
function place(events: TimelineEvent[], one: TimelineEvent): void {
  if (!REPORTS.has(one.event)) {
    events.push(one);
    return;
  }
  const before = events.findLastIndex(({ event }) => REPORTS.has(event));
  const at = Math.max(one.at, events[before]?.at ?? 0);
  const after = Math.max(
    0,
    before,
    events.findLastIndex((earlier) => earlier.at <= at),
  );
  events.splice(after + 1, 0, { ...one, at });
}

/** Drops events that happened again later, such as `sent` on link after link; if there are none, the second one. */
function bound(events: TimelineEvent[]): void {
  while (events.length > LIMITS.TIMELINE_EVENTS) {
    const again = events.findIndex(
      ({ event }, n) => n > 0 && events.slice(n + 1).some((later) => later.event === event),
    );
    events.splice(again < 0 ? 1 : again, 1);
  }
}

/** How a message ended according to its timeline; undefined if it has not. A delivered message may also have been recalled, before or after that. */
export function endOf(events: readonly TimelineEvent[]): MessageStatus | undefined {
  const ends = events.filter(({ event }) => ENDS.has(event));
  const end = ends.find(({ event }) => event === "delivered") ?? ends[0];
  return end?.event as MessageStatus | undefined;
}
