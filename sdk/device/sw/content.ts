/** The notification that the browser shows for a message. */
import type { NotificationButton, PushMessage } from "../client/message.ts";

/** URLs are relative to the scope of the service worker. */
export interface NotificationContent {
  readonly title: string;
  readonly body?: string | undefined;
  readonly icon?: string | undefined;
  /** A large picture. */
  readonly image?: string | undefined;
  /** A small one-coloured picture, for the status bar of a phone. */
  readonly badge?: string | undefined;
  /** A newer notification with the same tag replaces an older one. Default: the ID of the message. */
  readonly tag?: string | undefined;
  /** What a click opens, of this origin or one of `origins`. Default: the tab of the app that was used last, or else the scope. */
  readonly url?: string | undefined;
  readonly actions?: readonly NotificationButton[] | undefined;
  /** It stays until the user has dealt with it. Default false. */
  readonly requireInteraction?: boolean | undefined;
  /** Without a sound. Default false. */
  readonly silent?: boolean | undefined;
}

/**
 * The notification of a message, as its sender gave it. Its tag is the collapse key: a newer message replaces the older one here, too.
 *
 * @returns undefined for a message without one, or without a title
 */
export function notificationOf({
  notification,
  collapseKey,
}: Pick<PushMessage, "notification" | "collapseKey">): NotificationContent | undefined {
  const { title = "", badge: _, ...rest } = notification ?? {};
  return title === "" ? undefined : { title, ...rest, tag: collapseKey };
}
