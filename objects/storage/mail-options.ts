/** The column `options` of stored mail: what the sender asked for, and the notification. Null for most messages. */
import type { MailBody, MailHeader } from "../../core/device/store.ts";
import { type KeptOptions, notificationBytes } from "../../core/message/options.ts";

type Stored = KeptOptions & Pick<MailBody, "notification">;

/** The header of a message as it is stored. */
export type MailRow = Omit<MailHeader, "options"> & { readonly options: string | null };

export function optionsText(
  { options }: Pick<MailHeader, "options">,
  { notification }: Pick<MailBody, "notification">,
): string | null {
  if (options === null && notification === undefined) return null;
  const shown = notification === undefined ? {} : { notification };
  return JSON.stringify({ ...options, ...shown } satisfies Stored);
}

/** @param bytes of the row, the length of its data */
export function mailOf({ options: text, bytes, ...row }: MailRow): MailHeader {
  if (text === null) return { ...row, bytes, options: null };
  const { notification, ...options } = JSON.parse(text) as Stored;
  return {
    ...row,
    bytes: bytes + (notification === undefined ? 0 : notificationBytes(notification)),
    options: Object.keys(options).length === 0 ? null : options,
  };
}

export function notificationIn(text: string | null): Pick<MailBody, "notification"> {
  const { notification } = text === null ? {} : (JSON.parse(text) as Stored);
  return notification === undefined ? {} : { notification };
}
