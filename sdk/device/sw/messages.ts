/** What pages and the service worker say to each other. */
import type { PushMessage } from "../client/message.ts";

/** From a page, with a port for the answer. */
export interface ShowRequest {
  readonly kind: "pushmesh.show";
  readonly message: PushMessage;
}

/**
 * - `shown`
 * - `visible`: it was not shown, because the user looks at the app
 * - `repeated`: it was shown before, perhaps by another tab
 * - `empty`: the message has no notification
 * - `denied`: the user does not allow notifications
 */
export type ShowAnswer = "shown" | "visible" | "repeated" | "empty" | "denied";

/** The user has clicked a notification, or one of its buttons. To every page of the scope. */
export interface NotificationClick {
  /** Of the message. */
  readonly id: string;
  /** Of the button; "" for the notification itself. */
  readonly action: string;
  /** What was opened, or focused. */
  readonly url: string;
  /** Of the message. */
  readonly data: PushMessage["data"];
}

export interface ClickReport {
  readonly kind: "pushmesh.click";
  readonly click: NotificationClick;
}

export const isKind = <T extends { readonly kind: string }>(
  value: unknown,
  kind: T["kind"],
): value is T =>
  typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === kind;
