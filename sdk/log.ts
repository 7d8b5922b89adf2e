/** What the SDKs log: entries for a structured logger, such as pino. */

/** Its fields are names, codes, numbers and message IDs: no payloads, tags, aliases, keys or texts of errors. */
export interface LogEntry {
  readonly level: "debug" | "info" | "warn" | "error";
  /** What happened: docs/sdk.md has all events and their fields. */
  readonly event: string;
  readonly [field: string]: string | number | boolean | undefined;
}

/**
 * Takes each entry. What it throws is reported like any error without a listener.
 *
 * @example log: ({ level, event, ...fields }) => logger[level](fields, event)
 */
export type Log = (entry: LogEntry) => void;

/** Calls a listener, such as a logger, if there is one: what it throws is reported, and stops nothing else. */
export function notify<T>(
  listener: ((value: T) => void) | undefined,
  report: (error: unknown) => void,
  value: T,
): void {
  try {
    listener?.(value);
  } catch (error) {
    report(error);
  }
}
