/** What a message says of its notification: the member `notification` of its data. */
import type { PushMessage } from "../client/message.ts";

/** A button; browsers show at most `Notification.maxActions` of them, which is 2 in Chromium. */
export interface NotificationButton {
  /** Names it in the report of a click. */
  readonly action: string;
  readonly title: string;
  readonly icon?: string | undefined;
  /** What a click on it opens. Default: what a click on the notification opens. */
  readonly url?: string | undefined;
}

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
  /** What a click opens, http or https. Default: the tab of the app that was used last, or else the scope. */
  readonly url?: string | undefined;
  readonly actions?: readonly NotificationButton[] | undefined;
  /** It stays until the user has dealt with it. Default false. */
  readonly requireInteraction?: boolean | undefined;
  /** Without a sound. Default false. */
  readonly silent?: boolean | undefined;
}

const TEXTS = ["body", "icon", "image", "badge", "tag", "url"] as const;
const FLAGS = ["requireInteraction", "silent"] as const;
/** Longer lists are cut: browsers show two or three. */
const ACTIONS_MAX = 8;

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;

function texts<Name extends string>(from: Fields, names: readonly Name[]) {
  const entries = names.map((name) => [name, from[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => typeof value === "string")) as {
    [name in Name]?: string;
  };
}

function buttonOf(value: unknown): NotificationButton[] {
  if (!isObject(value)) return [];
  const { action, title, ...rest } = texts(value, ["action", "title", "icon", "url"]);
  return action === undefined || title === undefined ? [] : [{ action, title, ...rest }];
}

/**
 * Reads `data.notification`. Fields of other types are left out, because a notification without its picture is better than none.
 *
 * @returns undefined for a message without one, or without a title
 */
export function notificationOf({
  data,
}: Pick<PushMessage, "data">): NotificationContent | undefined {
  if (!isObject(data) || data instanceof Uint8Array) return undefined;
  const { notification } = data as Fields;
  if (!isObject(notification)) return undefined;
  const { title } = texts(notification, ["title"]);
  if (title === undefined || title === "") return undefined;
  const flags = FLAGS.filter((name) => notification[name] === true).map((name) => [name, true]);
  const { actions } = notification;
  const buttons = Array.isArray(actions) ? actions.slice(0, ACTIONS_MAX).flatMap(buttonOf) : [];
  return {
    title,
    ...texts(notification, TEXTS),
    ...Object.fromEntries(flags),
    ...(buttons.length > 0 && { actions: buttons }),
  };
}
