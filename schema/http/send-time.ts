/** When a message is to be sent. */
import * as z from "zod";

/** A local time without a zone, as RFC 3339 writes it, with or without seconds. That there is such a day is checked later. */
const localTime = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/,
    "must be a local time such as 2026-12-24T18:00, without a zone",
  );

export const sendTime = z.union(
  [
    z.iso.datetime({ offset: true }),
    /** In the time zone of the device; in UTC if it has told none. */
    z.strictObject({ local: localTime }),
  ],
  "must be a time of RFC 3339 such as 2026-12-24T18:00:00Z, or {local} with a time without a zone",
);
export type SendTime = z.output<typeof sendTime>;
