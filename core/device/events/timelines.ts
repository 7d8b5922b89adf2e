/**
 * The timelines of messages that were sent with `trace`: one row each, in the device's own store. Nothing is written before the message
 * is stored or has ended: a message that is acknowledged at once costs one row.
 */
import type { MessageEventName, MessageStatus } from "../../../schema/http/enums.ts";
import { MESSAGE_ENDS } from "../../../schema/http/enums.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { seqTimeMs } from "../../message/clock.ts";
import type { Registration } from "../registration.ts";
import type { TimelineRecord, TimelineStore } from "../store.ts";
import type { EventSink, FollowedEvent, ToldMessage } from "./message-events.ts";

/** Source of the messages of the device itself: see `TimelineRecord.source`. */
const OWN = "";

/** An event of a timeline as it is answered. */
export interface TimelineEvent {
  readonly event: MessageEventName;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Timelines to look at for one that is over, whenever one is added: more than one, so that a backlog shrinks. */
const SWEPT = 4;

const ENDS: ReadonlySet<MessageEventName> = new Set(MESSAGE_ENDS);

export class Timelines implements EventSink {
  readonly #store: TimelineStore;
  /** Of messages on the socket that have no row: by seq. */
  readonly #unsaved = new Map<number, TimelineEvent[]>();
  /** Number of rows; null if it is not known yet. */
  #count: number | null = null;

  constructor(store: TimelineStore) {
    this.#store = store;
  }

  take({ registration, key, seq, options, event, at }: FollowedEvent): void {
    if (!options.trace) return;
    const one = { event, at };
    const unsaved = this.#unsaved.get(seq);
    if (event === "accepted") this.#unsaved.set(seq, [one]);
    else if (event === "sent" && unsaved !== undefined) unsaved.push(one);
    else this.#add(registration.slot, key, seq, [...(unsaved ?? []), one]);
  }

  persist({ key, seq }: ToldMessage, { slot }: Registration): void {
    const unsaved = this.#unsaved.get(seq);
    if (unsaved !== undefined) this.#add(slot, key, seq, unsaved);
  }

  /** What happened to a message, in that order; undefined if there is no timeline, or it is over. */
  of({ slot }: Registration, key: string, seq: number, now: number): TimelineEvent[] | undefined {
    const unsaved = this.#unsaved.get(seq);
    if (unsaved !== undefined) return unsaved;
    const record = this.#store.readTimeline(seq, OWN);
    if (record?.slot !== slot || record.key !== key || isOver(record, now)) return undefined;
    return eventsOf(record);
  }

  /** Adds events to a row, which is made if there is none. */
  #add(slot: number, key: string, seq: number, events: readonly TimelineEvent[]): void {
    this.#unsaved.delete(seq);
    const found = this.#store.readTimeline(seq, OWN);
    const record = found?.slot === slot && found.key === key ? found : null;
    const all = bounded([
      ...(record === null ? startOf(seq, events) : eventsOf(record)),
      ...events,
    ]);
    const end = events.find(({ event }) => ENDS.has(event));
    const endedAt = record?.endedAt ?? end?.at ?? null;
    const start = seqTimeMs(seq);
    const texts = all.map(({ event, at }) => [event, at - start] as const);
    this.#store.putTimeline({
      seq,
      source: OWN,
      slot,
      key,
      endedAt,
      events: JSON.stringify(texts),
    });
    if (found === null) this.#makeRoom(events.at(-1)?.at ?? start);
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

/** A timeline whose first row is written late, after a sleep, begins with what its number tells. */
const startOf = (seq: number, [first]: readonly TimelineEvent[]): readonly TimelineEvent[] =>
  first?.event === "accepted" ? [] : [{ event: "accepted", at: seqTimeMs(seq) }];

const isOver = ({ endedAt }: Pick<TimelineRecord, "endedAt">, now: number): boolean =>
  endedAt !== null && now - endedAt > LIMITS.TIMELINE_MS;

function eventsOf({ seq, events }: Pick<TimelineRecord, "seq" | "events">): TimelineEvent[] {
  const start = seqTimeMs(seq);
  const stored = JSON.parse(events) as (readonly [MessageEventName, number])[];
  return stored.map(([event, after]) => ({ event, at: start + after }));
}

/** Drops what happened again later, such as being sent on link after link, and then what came second. */
function bounded(events: TimelineEvent[]): TimelineEvent[] {
  while (events.length > LIMITS.TIMELINE_EVENTS) {
    const again = events.findIndex(
      ({ event }, n) => n > 0 && events.slice(n + 1).some((later) => later.event === event),
    );
    events.splice(again < 0 ? 1 : again, 1);
  }
  return events;
}

/** How a timeline says that a message ended; undefined if it has not. */
export const endOf = (events: readonly TimelineEvent[]): MessageStatus | undefined =>
  events.find(({ event }) => ENDS.has(event))?.event as MessageStatus | undefined;
