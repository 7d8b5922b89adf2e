/** The service worker's part: shows notifications, and handles clicks on them. */
import { BoundedMap } from "../../../schema/bounded-map.ts";
import type { PushMessage } from "../client/message.ts";
import type { MessageReport } from "../client/reporting/message-reports.ts";
import { showBadge } from "./badge.ts";
import { type NotificationContent, notificationOf } from "./content.ts";
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
import {
  type Kept,
  keptIn,
  type MessageEvents,
  type NotificationEvents,
  type WindowTab,
  type WorkerScope,
} from "./scope.ts";

export interface NotificationHandling {
  /** For messages without their own. */
  readonly icon?: string | undefined;
  readonly badge?: string | undefined;
  /** Shows notifications also while the user looks at a tab of the app. Default false. */
  readonly whileVisible?: boolean | undefined;
  /** Other origins that a click may open, such as `https://shop.example.com`. Default: only that of the worker. */
  readonly origins?: readonly string[] | undefined;
  /** The notification of a message; undefined for none. Default: that of its sender, `message.notification`. */
  readonly contentOf?: ((message: PushMessage) => NotificationContent | undefined) | undefined;
  /** Runs for each click, also when no tab is open: the worker lives until it resolves. */
  readonly onClick?: ((click: NotificationClick) => unknown) | undefined;
  /** The user has dismissed it without a click. */
  readonly onClose?: ((closed: Pick<NotificationClick, "id" | "data">) => unknown) | undefined;
}

/** Messages whose notifications were shown or closed are remembered, because every tab of the app hands over the same message. */
const REMEMBERED = 256;

export class Notifications {
  readonly #scope: WorkerScope;
  readonly #options: NotificationHandling;
  /** IDs of messages. */
  readonly #seen = new BoundedMap<string, true>(REMEMBERED);
  /** Reports that wait for a page. */
  #waiting: NotificationReport[] = [];

  constructor(scope: WorkerScope, options: NotificationHandling) {
    this.#scope = scope;
    this.#options = options;
    scope.addEventListener("message", (event) => this.#hear(event));
    scope.addEventListener("notificationclick", (event) => this.#clicked(event));
    scope.addEventListener("notificationclose", (event) => this.#closed(event));
  }

  #hear(event: MessageEvents): void {
    const { data, ports } = event;
    if (isKind<CloseRequest>(data, "pushmesh.close")) event.waitUntil(this.#close(data.id));
    if (isKind<ReportsRequest>(data, "pushmesh.reports"))
      event.waitUntil(this.#tell(...this.#waiting.splice(0)));
    if (!isKind<ShowRequest>(data, "pushmesh.show")) return;
    const answer = this.#show(data.message).then(
      (shown) => ports[0]?.postMessage(shown),
      (error: unknown) => ports[0]?.postMessage({ kind: "failed", message: `${error}` }),
    );
    event.waitUntil(answer);
  }

  async #show(message: PushMessage): Promise<ShowAnswer> {
    const { contentOf = notificationOf, whileVisible = false, icon, badge } = this.#options;
    const { id, data, report } = message;
    const content = contentOf(message);
    const hasBadge = message.notification?.badge !== undefined;
    if (content === undefined && !hasBadge) return "empty";
    if (this.#seen.has(id)) return "repeated";
    const isAllowed = this.#scope.Notification?.permission === "granted";
    if (!isAllowed && !hasBadge) return "denied";
    // From here on, other tabs' copies of the message are repeats. They must not set its badge after that of a later one, either.
    this.#seen.set(id, true);
    try {
      await showBadge(message);
      if (content === undefined) return "empty";
      if (!isAllowed) return "denied";
      if (!whileVisible && (await this.#tabs()).some(isVisible)) return "visible";
      const { title, tag = id, url, actions = [], ...rest } = content;
      // The worker may have been restarted since it showed the notification.
      const standing = await this.#scope.registration.getNotifications({ tag });
      if (standing.some((one) => keptIn(one)?.id === id)) return "repeated";
      const urls = Object.fromEntries(
        actions.map((one) => [one.action, this.#urlOf(one.url ?? url)]),
      );
      const own = this.#urlOf(url);
      const kept: Kept = { pushmesh: true, id, data, url: own, urls, ...(report && { report }) };
      const buttons = actions.map(({ url: _, ...button }) => button);
      const shown = { icon, badge, ...rest, tag, actions: buttons, data: kept };
      await this.#scope.registration.showNotification(title, shown);
      await this.#report(kept, "shown");
      return "shown";
    } catch (error) {
      this.#seen.delete(id);
      throw error;
    }
  }

  /** The absolute URL; "" if its origin is not allowed, or it has none, such as `javascript:`. */
  #urlOf(url: string | undefined): string {
    const { scope } = this.#scope.registration;
    if (url === undefined || !URL.canParse(url, scope)) return "";
    const { origin, href } = new URL(url, scope);
    const { origins = [] } = this.#options;
    return [new URL(scope).origin, ...origins].includes(origin) ? href : "";
  }

  #tabs(): Promise<readonly WindowTab[]> {
    // In the order in which the user last used them.
    return this.#scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  }

  #clicked(event: NotificationEvents): void {
    const kept = keptIn(event.notification);
    if (kept === undefined) return;
    event.notification.close();
    const { action } = event;
    const told = this.#report(kept, "clicked", action === "" ? undefined : action);
    event.waitUntil(Promise.all([this.#open(kept, action), told]));
  }

  /** Its sender has recalled the message. */
  async #close(id: string): Promise<void> {
    this.#seen.set(id, true);
    for (const one of await this.#scope.registration.getNotifications())
      if (keptIn(one)?.id === id) one.close();
  }

  async #report(
    { id, report }: Pick<Kept, "id" | "report">,
    event: MessageReport,
    action?: string,
  ): Promise<void> {
    if (!report) return;
    const at = Date.now();
    await this.#tell({ kind: "pushmesh.report", id, event, at, ...(action && { action }) });
  }

  /** Sends reports to all pages; while there is none, they wait for the next one. */
  async #tell(...reports: NotificationReport[]): Promise<void> {
    const tabs = await this.#tabs();
    if (tabs.length === 0) this.#waiting = [...this.#waiting, ...reports].slice(-REMEMBERED);
    for (const tab of tabs) for (const report of reports) tab.postMessage(report);
  }

  async #open({ id, data, url: own, urls }: Kept, action: string): Promise<void> {
    const url = (action === "" ? undefined : urls[action]) ?? own;
    const { onClick } = this.#options;
    const tabs = await this.#tabs();
    const { scope } = this.#scope.registration;
    const wanted =
      url === ""
        ? tabs.find((tab) => tab.url.startsWith(scope))
        : tabs.find((tab) => tab.url === url);
    const click: NotificationClick = { id, action, url: wanted?.url ?? (url || scope), data };
    const report: ClickReport = { kind: "pushmesh.click", click };
    for (const tab of tabs) tab.postMessage(report);
    // Without waiting: for a few seconds after a click, a browser allows one of the two.
    const opened =
      wanted === undefined ? this.#scope.clients.openWindow(click.url) : wanted.focus();
    await Promise.all([opened, onClick?.(click)]);
  }

  #closed(event: NotificationEvents): void {
    const kept = keptIn(event.notification);
    const { onClose } = this.#options;
    if (kept === undefined) return;
    const { id, data } = kept;
    event.waitUntil(Promise.all([this.#report(kept, "dismissed"), onClose?.({ id, data })]));
  }
}

const isVisible = ({ visibilityState }: WindowTab): boolean => visibilityState === "visible";

/**
 * Shows the notifications that pages hand over with `showNotification`, and handles clicks on them. Call it once, in the first run of the service
 * worker's script.
 *
 * @example
 * import { handleNotifications } from "pushmesh/sw";
 * handleNotifications({ icon: "/icon.png" });
 */
export function handleNotifications(options: NotificationHandling = {}): void {
  new Notifications(globalThis as unknown as WorkerScope, options);
}
