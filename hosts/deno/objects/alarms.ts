/** The alarms of all devices: a row each, one timer for the earliest. At least once, also over a restart. */
import type { Database } from "../store/database.ts";
import type { SharedDeviceStore } from "../store/device-store.ts";

/** Longest time a timer is set for: a clock that jumps forth is noticed when it ends, and a look costs one query. */
const TIMER_MAX_MS = 60_000;
/** After a failed alarm: as on Workers, where a failed alarm is tried again from 2 s on. */
const RETRY_MS = 2_000;
/** Devices served in one turn, so that many alarms of one time do not hold up everything else. */
const TURN_COUNT = 100;

export class Alarms {
  readonly #db: Database;
  readonly #ring: (name: string) => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  /** @param ring wakes the device of this name; an alarm whose ring fails is rung again */
  constructor(db: Database, ring: (name: string) => Promise<void>) {
    this.#db = db;
    this.#ring = ring;
  }

  start(): void {
    const first = this.#db.get<{ at: number | null }>("SELECT min(at) AS at FROM alarms");
    if (first?.at != null) this.#set(first.at);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Sets a device's alarm where it has to come earlier than it stands. */
  expect(store: SharedDeviceStore, deadline: number | null): void {
    if (deadline === null || store.id === null) return;
    if (store.alarmAt !== null && store.alarmAt <= deadline) return;
    store.setAlarm(deadline);
    this.#set(deadline);
  }

  #set(at: number): void {
    if (at >= this.#timerAt || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    const wait = Math.min(Math.max(at - Date.now(), 0), TIMER_MAX_MS);
    this.#timer = setTimeout(() => void this.#ringDue(), wait);
  }

  async #ringDue(): Promise<void> {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const due = this.#db.all<{ name: string }>(
      `SELECT name FROM alarms JOIN devices ON devices.id = alarms.device
       WHERE at <= ? ORDER BY at LIMIT ?`,
      Date.now(),
      TURN_COUNT,
    );
    const rung = await Promise.allSettled(due.map(({ name }) => this.#ring(name)));
    if (rung.some(({ status }) => status === "rejected")) this.#set(Date.now() + RETRY_MS);
    else if (!this.#stopped) this.start();
  }
}
