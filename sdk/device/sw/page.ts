/** The page's part: lets the service worker show notifications, and learns of clicks. */
import type { PushMessage } from "../client/message.ts";
import { PushError } from "../errors.ts";
import type { PushClient } from "../push-client.ts";
import {
  type ClickReport,
  type CloseRequest,
  isKind,
  type NotificationClick,
  type NotificationReport,
  type ReportsRequest,
  type ShowAnswer,
  type ShowRequest,
} from "./messages.ts";

/** A service worker that is being started answers within seconds; one that never does must not hold up messages. */
const ANSWER_MS = 10_000;

const failure = (message: string, retry: "later" | "never"): PushError =>
  new PushError({ code: "notification_failed", message, retry });

/**
 * Lets the service worker show the notification of a message. Resolves when it is shown, so a handler of `onMessage` can await it: the message is
 * then acknowledged once the user can see it. Every tab may call it; one notification is shown.
 *
 * @param registration of a worker that called `handleNotifications`. Default: that of this page
 * @throws PushError `notification_failed` if the page has no such worker, or it does not answer within 10 s
 * @example push.onMessage((message) => showNotification(message));
 */
export async function showNotification(
  message: PushMessage<unknown>,
  registration?: ServiceWorkerRegistration,
): Promise<ShowAnswer> {
  const { serviceWorker } = navigator;
  if (serviceWorker === undefined)
    throw failure("this page has no service workers: it needs https, or localhost", "never");
  const { port1, port2 } = new MessageChannel();
  // The worker checks what it is given.
  const request: ShowRequest = { kind: "pushmesh.show", message: message as PushMessage };
  const { promise, resolve, reject } = Promise.withResolvers<ShowAnswer>();
  // On a page that registers none, there is never one that is ready.
  let silent = "the page has no active service worker: register one";
  const timer = setTimeout(() => reject(failure(silent, "later")), ANSWER_MS);
  port1.onmessage = ({ data }) => {
    if (isKind<{ kind: "failed"; message: string }>(data, "failed"))
      reject(failure(data.message, "later"));
    else resolve(data as ShowAnswer);
  };
  Promise.resolve(registration ?? serviceWorker.ready).then(({ active }) => {
    if (!active) return reject(failure(silent, "later"));
    silent = "the service worker does not answer: call handleNotifications in it";
    return active.postMessage(request, [port2]);
  }, reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    port1.close();
  }
}

/**
 * Closes the notification of a message that its sender has recalled, and keeps it from being shown later.
 *
 * @param registration as in `showNotification`
 * @example push.onRecalled((message) => void closeNotification(message));
 */
export async function closeNotification(
  { id }: Pick<PushMessage<unknown>, "id">,
  registration?: ServiceWorkerRegistration,
): Promise<void> {
  const request: CloseRequest = { kind: "pushmesh.close", id };
  const { active } = registration ?? (await navigator.serviceWorker.ready);
  active?.postMessage(request);
}

/**
 * Reports through a client that notifications are shown, clicked and dismissed, for messages whose senders ask for that, and whether the user lets the
 * app show any. Every tab may call it. What
 * happens while no tab is open is reported by the next one, unless the browser has stopped the worker meanwhile.
 *
 * @returns a function that ends it
 * @example reportNotifications(push);
 */
export function reportNotifications(
  push: Pick<PushClient, "deliveryState" | "reportMessage" | "setNotificationsAllowed">,
): () => void {
  const { serviceWorker } = navigator;
  const forget = reportPermission(push);
  const hear = ({ data }: MessageEvent) => {
    if (!isKind<NotificationReport>(data, "pushmesh.report")) return;
    const { id, event, at, action } = data;
    // A closed client: another tab reports it.
    push.reportMessage({ id, report: true }, event, { at, action }).catch(() => {});
  };
  serviceWorker?.addEventListener("message", hear);
  serviceWorker?.startMessages();
  const request: ReportsRequest = { kind: "pushmesh.reports" };
  void serviceWorker?.ready.then(({ active }) => active?.postMessage(request));
  return () => {
    forget();
    serviceWorker?.removeEventListener("message", hear);
  };
}

/** Tells the mesh when the user disables the notifications of the app, or enables them again. An app that has not asked is not disabled. */
function reportPermission(
  push: Pick<PushClient, "deliveryState" | "setNotificationsAllowed">,
): () => void {
  let isOver = false;
  let status: PermissionStatus | undefined;
  const tell = async () => {
    const allowed = Notification.permission !== "denied";
    const { notificationsAllowed } = await push.deliveryState();
    if (!isOver && allowed !== notificationsAllowed) await push.setNotificationsAllowed(allowed);
  };
  // A client that has no registration yet, or is closed: the next page tells it.
  const changed = () => void tell().catch(() => {});
  if (typeof Notification !== "undefined") {
    changed();
    navigator.permissions?.query({ name: "notifications" }).then(
      (found) => {
        status = found;
        if (!isOver) found.addEventListener("change", changed);
      },
      () => {},
    );
  }
  return () => {
    isOver = true;
    status?.removeEventListener("change", changed);
  };
}

/**
 * Calls the handler when the user clicks a notification, in every tab of the app. A tab that the click opens is not there yet: it finds what was
 * clicked in its URL.
 *
 * @returns a function that removes the handler
 */
export function onNotificationClick(handler: (click: NotificationClick) => void): () => void {
  const { serviceWorker } = navigator;
  const hear = ({ data }: MessageEvent) => {
    if (isKind<ClickReport>(data, "pushmesh.click")) handler(data.click);
  };
  serviceWorker?.addEventListener("message", hear);
  // Messages wait until the page is loaded, unless somebody asks for them.
  serviceWorker?.startMessages();
  return () => serviceWorker?.removeEventListener("message", hear);
}
