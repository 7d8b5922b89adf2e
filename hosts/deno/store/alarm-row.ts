/** The one alarm of an object, as its store keeps it. */
export interface AlarmRow {
  /** Null for an object that stores nothing: it can have no alarm. */
  readonly id: number | null;
  /** When it is set for, milliseconds since 1970; null for not at all. */
  readonly alarmAt: number | null;
  /** One row. */
  setAlarm(at: number): void;
  clearAlarm(): void;
}
