/**
 * Notifications: `handleNotifications` in your service worker, `showNotification` and `onNotificationClick` in your pages.
 *
 * Nothing arrives while no tab of the app is open: that needs the push service of the browser's vendor.
 *
 * @module pushmesh/sw
 */
export type {
  NotificationButton,
  PushData,
  PushMessage,
  PushNotification,
} from "../client/message.ts";
export { showBadge } from "./badge.ts";
export { type NotificationContent, notificationOf } from "./content.ts";
export type { NotificationClick, ShowAnswer } from "./messages.ts";
export {
  closeNotification,
  onNotificationClick,
  reportNotifications,
  showNotification,
} from "./page.ts";
export { handleNotifications, type NotificationHandling } from "./worker.ts";
