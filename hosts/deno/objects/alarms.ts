/** The alarms of all objects of a kind: a row each, one timer for the earliest. At least once, also over a restart. */
import type { AlarmRow } from "../store/alarm-row.ts";
import type { Database } from "../store/database.ts";

/** Longest time a timer is set for: a clock that jumps forth is noticed when it ends, and a look costs one query. */
const TIMER_MAX_MS = 60_000;
/** After a failed alarm: as on Workers, where a failed alarm is tried again from 2 s on. Longer than a write waits to be deferred. */
const RETRY_MS = 2_000;
/** Objects rung in one turn, so that many alarms of one time do not hold up everything else. */
const TURN_COUNT = 100;

/** Names and times of the earliest alarms, so many of them. */
export const EARLIEST = {
  devices: "SELECT name, at FROM alarms JOIN devices ON id = device ORDER BY at LIMIT ?",
  nodes: "SELECT name, at FROM node_alarms JOIN tag_nodes ON id = node ORDER BY at LIMIT ?",
} as const;

/** Why an object is not rung yet, though its alarm is due. */
interface Held {
  /** The alarm that has rung: one that was set since rings in time. Null where no other may ring, either. */
  readonly at: number | null;
  readonly until: number;
}

export class Alarms {
  readonly #db: Database;
  readonly #earliest: string;
  readonly #ring: (name: string) => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  /** By name: those that are being rung, have failed, or were rung while the row is still there, for it goes with a later write. */
  readonly #held = new Map<string, Held>();
  #stopped = false;

  /**
   * @param earliest query of `EARLIEST`
   * @param ring wakes the object of this name, which clears its alarm or sets it anew; may take long. An alarm whose
   *   ring fails is rung again
   */
  constructor(db: Database, earliest: string, ring: (name: string) => Promise<void>) {
    this.#db = db;
    this.#earliest = earliest;
    this.#ring = ring;
  }

  start(): void {
    this.#set(Date.now());
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Sets an object's alarm where it has to come earlier than it stands. */
  expect(row: AlarmRow, deadline: number | null): void {
    if (deadline === null || row.id === null) return;
    if (row.alarmAt !== null && row.alarmAt <= deadline) return;
    row.setAlarm(deadline);
    this.#set(deadline);
  }

  /** An alarm was set for this time without an object. */
  lookAt(at: number): void {
    this.#set(at);
  }

  #set(at: number): void {
    if (at >= this.#timerAt || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    const wait = Math.min(Math.max(at - Date.now(), 0), TIMER_MAX_MS);
    this.#timer = setTimeout(() => this.#look(), wait);
  }

  /** Rings what is due, and comes again for the rest. */
  #look(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = Date.now();
    let rung = 0;
    for (const { name, at } of this.#db.all<{ name: string; at: number }>(
      this.#earliest,
      TURN_COUNT + this.#held.size + 1,
    )) {
      const held = this.#held.get(name);
      const isHeld = held !== undefined && (held.at === null || held.at === at);
      const dueAt = isHeld ? Math.max(at, held.until) : at;
      if (dueAt <= now && rung < TURN_COUNT) {
        rung++;
        void this.#ringOne(name, at);
      } else this.#set(dueAt);
    }
    for (const [name, { until }] of this.#held) if (until <= now) this.#held.delete(name);
  }

  async #ringOne(name: string, at: number): Promise<void> {
    this.#held.set(name, { at: null, until: Number.POSITIVE_INFINITY });
    try {
      await this.#ring(name);
      this.#held.set(name, { at, until: Date.now() + RETRY_MS });
    } catch {
      // Told where it happened.
      this.#held.set(name, { at: null, until: Date.now() + RETRY_MS });
    }
    // Its alarm may stand anew, or still.
    this.#set(Date.now());
  }
}
