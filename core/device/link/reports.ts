/** Handles what a device reports about messages that it has, and its answers to recalls. */
import { type DeviceEvent, DeviceEventKind } from "../../../schema/generated/link.ts";
import type { MESSAGE_REPORTS } from "../../../schema/http/enums.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import type { Context } from "../../link/effects.ts";
import { seqTimeMs } from "../../message/clock.ts";
import type { MessageEvents } from "../events/message-events.ts";
import type { Timelines } from "../events/timelines.ts";
import type { Mail } from "../mail/mail.ts";
import type { Registration } from "../registration.ts";
import type { Tags } from "../tags/tags.ts";

interface ReportParts {
  readonly mail: Mail;
  readonly tags: Tags;
  readonly events: MessageEvents;
  readonly timelines: Timelines;
}

const NAMES: Partial<Record<DeviceEventKind, (typeof MESSAGE_REPORTS)[number]>> = {
  [DeviceEventKind.SHOWN]: "shown",
  [DeviceEventKind.CLICKED]: "clicked",
  [DeviceEventKind.DISMISSED]: "dismissed",
};

const utf8 = new TextEncoder();

export class Reports {
  readonly #parts: ReportParts;

  constructor(parts: ReportParts) {
    this.#parts = parts;
  }

  /** Takes the first `LIMITS.DEVICE_EVENTS`, and ignores the others. */
  take(registration: Registration, reported: readonly DeviceEvent[], context: Context): void {
    for (const one of reported.slice(0, LIMITS.DEVICE_EVENTS))
      this.#take(registration, one, context);
  }

  #take(registration: Registration, one: DeviceEvent, context: Context): void {
    const { mail, timelines } = this.#parts;
    const { kind, seq, source = "", takenAgoMs } = one;
    const key = toBase64Url(one.key);
    const known = timelines.optionsOf(registration, key, seq, source);
    if (kind === DeviceEventKind.RECALLED || kind === DeviceEventKind.UNKNOWN) {
      if (source !== "") {
        this.#parts.tags.recallAnswered(registration, one, context);
        return;
      }
      const isRemoved = kind === DeviceEventKind.RECALLED;
      const display = isRemoved ? "removed" : "unknown";
      const takenAt = takenAgoMs === undefined ? undefined : at(seq, takenAgoMs, context.now);
      if (isRemoved && known !== null) this.#tell(registration, one, "recalled", known, context);
      mail.recallAnswered(registration, key, { display, takenAt }, context);
      return;
    }
    const name = NAMES[kind];
    if (name === undefined || !isIssued(registration, seq, context.now)) return;
    // A message without a timeline can only have `receipts`: nothing else of it is stored.
    this.#tell(registration, one, name, known ?? { receipts: true }, context);
  }

  #tell(
    registration: Registration,
    { key, seq, source, agoMs = 0, action }: DeviceEvent,
    event: "recalled" | (typeof MESSAGE_REPORTS)[number],
    options: Parameters<MessageEvents["tell"]>[1]["options"],
    context: Context,
  ): void {
    const isNamed = action !== undefined && utf8.encode(action).length <= LIMITS.ACTION_BYTES;
    const message = {
      ...{ key: toBase64Url(key), idSeq: seq, options },
      ...(source === undefined ? {} : { source }),
      ...(isNamed ? { action } : {}),
    };
    this.#parts.events.tell(registration, message, event, context, at(seq, agoMs, context.now));
  }
}

/** When a reported event happened. Devices report how long ago, because their clocks may have been set since. */
const at = (seq: number, agoMs: number, now: number): number =>
  Math.min(now, Math.max(seqTimeMs(seq), now - Math.max(0, agoMs)));

/** Whether the mesh can have issued this number. A broadcast may be older than the registration. */
const isIssued = ({ record }: Registration, seq: number, now: number): boolean =>
  seqTimeMs(seq) <= now + LIMITS.CLOCK_SKEW_SECONDS * 1_000 &&
  seqTimeMs(seq) >= record.createdAt - LIMITS.TTL_MAX_SECONDS * 1_000;
