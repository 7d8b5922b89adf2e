/**
 * Two columns of stored mail, null for most messages: `options`, what the sender asked for and the notification, and `hold`, which changes when
 * a message is released.
 */
import type { MailBody, MailHeader, MailHold } from "../../core/device/store.ts";
import { type KeptOptions, notificationBytes } from "../../core/message/options.ts";

type Stored = KeptOptions & Pick<MailBody, "notification">;

/** The header of a message as it is stored. */
export type MailRow = Omit<MailHeader, "options" | "hold"> & {
  readonly options: string | null;
  readonly hold: string | null;
};

export const holdText = (hold: MailHold | null): string | null => hold && JSON.stringify(hold);

export function optionsText(
  { options }: Pick<MailHeader, "options">,
  { notification }: Pick<MailBody, "notification">,
): string | null {
  if (options === null && notification === undefined) return null;
  const shown = notification === undefined ? {} : { notification };
  return JSON.stringify({ ...options, ...shown } satisfies Stored);
}

/** @param bytes of the row, the length of its data */
export function mailOf({ options: text, hold: holds, bytes, ...row }: MailRow): MailHeader {
  const hold = holds === null ? null : (JSON.parse(holds) as MailHold);
  if (text === null) return { ...row, bytes, options: null, hold };
  const { notification, ...options } = JSON.parse(text) as Stored;
  return {
    ...row,
    hold,
    bytes: bytes + (notification === undefined ? 0 : notificationBytes(notification)),
    options: Object.keys(options).length === 0 ? null : options,
  };
}

export function notificationIn(text: string | null): Pick<MailBody, "notification"> {
  const { notification } = text === null ? {} : (JSON.parse(text) as Stored);
  return notification === undefined ? {} : { notification };
}
