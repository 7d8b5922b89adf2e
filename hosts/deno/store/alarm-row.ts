/** The alarm of an object, as its store keeps it. */
export interface AlarmRow {
  /** Null for an object that stores nothing, which can have no alarm. */
  readonly id: number | null;
  /** Milliseconds since 1970; null if none is set. */
  readonly alarmAt: number | null;
  /** Writes one row. */
  setAlarm(at: number): void;
  clearAlarm(): void;
}
