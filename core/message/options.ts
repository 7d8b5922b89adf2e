/** What a message carries besides its data, and what its sender asked for. Plain data: it crosses RPC, and is stored as JSON. */
import type { Notification } from "../../schema/generated/link.ts";

/** What the sender asked for. A message without any of it stores none. */
export interface KeptOptions {
  /** The sender's own name for messages that belong together, by which it lists them. */
  readonly label?: string;
  /** It is sent outside the accept times of its device, too. */
  readonly ignoreQuietHours?: true;
  /** Every step of the message is recorded. */
  readonly trace?: true;
  /** What happens to the message is told to the app's webhooks. */
  readonly receipts?: true;
}

/** The content of a message, of which its size consists. */
interface MessageContent {
  readonly data: Uint8Array;
  readonly notification?: Notification;
}

const utf8 = new TextEncoder();

/** The size of a notification: that of its compact JSON, in UTF-8. On the link it is smaller. */
export const notificationBytes = (notification: Notification): number =>
  utf8.encode(JSON.stringify(notification)).length;

/** The bytes that count against every bound of data. */
export const contentBytes = ({ data, notification }: MessageContent): number =>
  data.length + (notification === undefined ? 0 : notificationBytes(notification));
