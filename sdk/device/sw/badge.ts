/** The number on the app's icon, where the browser has the Badging API: Chromium and Safari, of an installed app. */
import type { PushMessage } from "../client/message.ts";

interface Badging {
  setAppBadge?(count: number): Promise<void>;
}

/**
 * Sets the badge that a message carries, if it carries one; 0 removes it. A service worker that shows notifications does that by itself: call this in a
 * page without one.
 *
 * @example push.onMessage((message) => showBadge(message));
 */
export async function showBadge({
  notification,
}: Pick<PushMessage<unknown>, "notification">): Promise<void> {
  const { badge } = notification ?? {};
  // Workers have it too. Where it is refused, such as before the app is installed, there is no icon to set it on.
  if (badge !== undefined) await (navigator as Badging).setAppBadge?.(badge).catch(() => {});
}
