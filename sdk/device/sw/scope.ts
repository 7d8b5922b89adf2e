/** The part of a service worker's global scope that is used, because TypeScript has no library for it beside the one for pages. */
import type { NotificationContent } from "./content.ts";
import type { NotificationClick } from "./messages.ts";

export interface ShownNotification {
  readonly tag: string;
  readonly data: unknown;
  close(): void;
}

export interface WindowTab {
  readonly url: string;
  readonly visibilityState: "visible" | "hidden";
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}

interface Extendable {
  waitUntil(work: Promise<unknown>): void;
}

export interface MessageEvents extends Extendable {
  readonly data: unknown;
  readonly ports: readonly Pick<MessagePort, "postMessage">[];
}

export interface NotificationEvents extends Extendable {
  readonly notification: ShownNotification;
  readonly action: string;
}

export interface WorkerScope {
  readonly registration: {
    readonly scope: string;
    showNotification(
      title: string,
      options: Omit<NotificationContent, "title" | "url"> & { readonly data: unknown },
    ): Promise<void>;
    getNotifications(filter?: { readonly tag: string }): Promise<readonly ShownNotification[]>;
  };
  readonly clients: {
    matchAll(options: {
      readonly type: "window";
      readonly includeUncontrolled: true;
    }): Promise<readonly WindowTab[]>;
    openWindow(url: string): Promise<unknown>;
  };
  readonly Notification?: { readonly permission: string };
  addEventListener(type: "message", listener: (event: MessageEvents) => void): void;
  addEventListener(
    type: "notificationclick" | "notificationclose",
    listener: (event: NotificationEvents) => void,
  ): void;
}

/** What is stored with a notification. */
export interface Kept extends Pick<NotificationClick, "id" | "data"> {
  readonly pushmesh: true;
  /** Whether its sender asks what happens to it. */
  readonly report?: boolean | undefined;
  readonly url: string;
  /** By action. */
  readonly urls: Readonly<Record<string, string>>;
}

export const keptIn = ({ data }: ShownNotification): Kept | undefined =>
  typeof data === "object" && data !== null && "pushmesh" in data ? (data as Kept) : undefined;
