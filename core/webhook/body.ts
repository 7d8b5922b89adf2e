/**
 * The body of a request with events (docs/webhooks.md).
 *
 * @param since when the oldest event was accepted, milliseconds since 1970
 * @param events JSON texts, each of one event or of several separated by commas
 */
export const eventsBody = (since: number, events: readonly string[]): string =>
  `{"type":"events","timestamp":"${new Date(since).toISOString()}","data":[${events.join(",")}]}`;
