/** The number on the app's icon, where the browser has the Badging API: Chromium and Safari, of an installed app. */
import type { PushMessage } from "../client/message.ts";

interface Badging {
  setAppBadge?(count: number): Promise<void>;
}

/**
 * Sets the number that the message gives, if it gives one; 0 removes it. A service worker that shows notifications does that by itself: call it in
 * a page that has none.
 *
 * @example push.onMessage((message) => showBadge(message));
 */
export async function showBadge({
  notification,
}: Pick<PushMessage<unknown>, "notification">): Promise<void> {
  const { badge } = notification ?? {};
  // Also in a worker, whose navigator has it, too. Where it is refused, as before the app is installed, there is nothing to set.
  if (badge !== undefined) await (navigator as Badging).setAppBadge?.(badge).catch(() => {});
}
