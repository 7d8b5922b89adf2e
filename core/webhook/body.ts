/**
 * The body of a request with events (docs/webhooks.md).
 *
 * @param since when the oldest of them came, milliseconds since 1970
 * @param events as JSON: one of them each, or several with commas between them
 */
export const eventsBody = (since: number, events: readonly string[]): string =>
  `{"type":"events","timestamp":"${new Date(since).toISOString()}","data":[${events.join(",")}]}`;
