/** Alarms that are not stored, for objects that the process checks anyway after a start (leftovers.ts). */
import type { AlarmPort } from "../../../objects/runtime.ts";

export class SweptAlarms {
  readonly #set = new Map<SweptAlarm, () => void>();

  /** The alarm of one object. @param ring called when it has come, at the next look */
  of(ring: () => void): AlarmPort {
    return new SweptAlarm((alarm) => {
      if (alarm.at === null) this.#set.delete(alarm);
      else this.#set.set(alarm, ring);
    });
  }

  /** Rings those that are due. */
  look(now: number): void {
    for (const [{ at }, ring] of [...this.#set]) if (at !== null && at <= now) ring();
  }
}

class SweptAlarm implements AlarmPort {
  readonly #onChange: (alarm: SweptAlarm) => void;
  #at: number | null = null;

  constructor(onChange: (alarm: SweptAlarm) => void) {
    this.#onChange = onChange;
  }

  get at(): number | null {
    return this.#at;
  }

  async load(): Promise<void> {}

  set(at: number): null {
    if (this.#at === null || at < this.#at) this.#become(at);
    return null;
  }

  fired(): void {
    this.#become(null);
  }

  clear(): void {
    this.#become(null);
  }

  #become(at: number | null): void {
    this.#at = at;
    this.#onChange(this);
  }
}
