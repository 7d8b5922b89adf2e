/** The messages between pages and the service worker. */
import type { PushMessage } from "../client/message.ts";
import type { MessageReport } from "../client/reporting/message-reports.ts";

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

/** From a page: the notification of this message is to be closed, and not shown any more. */
export interface CloseRequest {
  readonly kind: "pushmesh.close";
  readonly id: string;
}

/** From a page: it reports what happens to notifications, also what has happened while no page was there. */
export interface ReportsRequest {
  readonly kind: "pushmesh.reports";
}

/** What happened to the notification of a message whose sender asks for that. To every page of the scope. */
export interface NotificationReport {
  readonly kind: "pushmesh.report";
  readonly id: string;
  readonly event: MessageReport;
  readonly at: number;
  /** Of a click on a button. */
  readonly action?: string | undefined;
}

export const isKind = <T extends { readonly kind: string }>(
  value: unknown,
  kind: T["kind"],
): value is T =>
  typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === kind;
