/** `pushmesh/sw` in Chromium: a page, its service worker, and the notifications that the browser has. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import type * as Sw from "../../../sdk/device/sw/mod.ts";
import type { PushMessage, PushNotification } from "../../../sdk/device/sw/mod.ts";
import { sharedChromium } from "../chromium.ts";

const newContext = sharedChromium();

/** No user clicks in a test: an event of the browser's class with its notification takes the place of a click. */
const WORKER = `
import { handleNotifications } from "/sw-sdk.js";
self.clicks = [];
self.closed = [];
self.badges = [];
navigator.setAppBadge = async (count) => void self.badges.push(count);
const whileVisible = new URL(location.href).searchParams.has("visible");
handleNotifications({
  icon: "/icon.png",
  whileVisible,
  origins: ["https://shop.example.com"],
  onClick: (click) => { self.clicks.push(click); },
  onClose: (closed) => { self.closed.push(closed); },
});
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  const { kind, type, tag, action } = event.data;
  if (kind !== "test.act") return;
  event.waitUntil((async () => {
    const [notification] = await self.registration.getNotifications({ tag });
    const done = [];
    if (type !== "none") {
      const acted = new NotificationEvent(type, { notification, action });
      Object.defineProperty(acted, "waitUntil", { value: (work) => done.push(work) });
      self.dispatchEvent(acted);
    }
    const ends = await Promise.allSettled(done);
    const errors = ends.map(({ reason }) => reason?.message ?? "");
    event.ports[0].postMessage({ clicks: self.clicks, closed: self.closed, badges: self.badges, errors });
  })());
});
`;

const PAGE = `<!doctype html><title>App</title><script type="module">
import * as sw from "/sw-sdk.js";
globalThis.sw = sw;
globalThis.heard = [];
sw.onNotificationClick((click) => globalThis.heard.push(click));
globalThis.ready = true;
</script>`;

async function serve(): Promise<string> {
  const sdk = readFileSync(join(inject("sdk"), "sw.js"), "utf8");
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://x");
    const script = { "/worker.js": WORKER, "/sw-sdk.js": sdk }[pathname];
    response.setHeader("content-type", script === undefined ? "text/html" : "text/javascript");
    response.end(script ?? PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

declare global {
  var sw: typeof Sw;
  var heard: Sw.NotificationClick[];
  var ready: boolean;
}

async function open(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => globalThis.ready);
  return page;
}

/** A page with an active worker. @param isAllowed the user allows notifications */
async function start({ query = "?visible", isAllowed = true } = {}) {
  const origin = await serve();
  const context = await newContext();
  if (isAllowed) await context.grantPermissions(["notifications"], { origin });
  const page = await open(context, origin);
  await page.evaluate(async (path) => {
    await navigator.serviceWorker.register(path, { type: "module", scope: "/" });
    await navigator.serviceWorker.ready;
  }, `/worker.js${query}`);
  return { origin, context, page };
}

const message = (id: string, notification?: PushNotification, more: Partial<PushMessage> = {}) => ({
  ...{ id, priority: "normal" as const, sentAt: 1, data: {}, notification, ...more },
});

const show = (page: Page, shown: ReturnType<typeof message>) =>
  page.evaluate((one) => globalThis.sw.showNotification(one), shown);

/** What the browser shows. */
const standing = (page: Page) =>
  page.evaluate(async () => {
    const { active, ...registration } = await navigator.serviceWorker.ready;
    void [active, registration];
    const all = await (await navigator.serviceWorker.ready).getNotifications();
    return all.map(({ title, body, icon, tag }) => ({ title, body, icon, tag }));
  });

const act = (page: Page, type: string, tag: string, action = "") =>
  page.evaluate(
    async (asked) => {
      const { active } = await navigator.serviceWorker.ready;
      const { port1, port2 } = new MessageChannel();
      const answer = new Promise((resolve) => {
        port1.onmessage = ({ data }) => resolve(data);
      });
      active?.postMessage({ kind: "test.act", ...asked }, [port2]);
      return (await answer) as {
        clicks: Sw.NotificationClick[];
        closed: { id: string }[];
        badges: number[];
        errors: string[];
      };
    },
    { type, tag, action },
  );

describe("notifications", () => {
  test("N1 are shown once, whichever tabs hand over the message, also by a worker that was stopped", async () => {
    const { origin, context, page } = await start();
    const other = await open(context, `${origin}/other`);
    const hello = message("m1", { title: "Hello", body: "World" });
    const answers = await Promise.all([show(page, hello), show(other, hello), show(page, hello)]);
    expect(answers.sort()).toEqual(["repeated", "repeated", "shown"]);
    expect(await standing(page)).toEqual([
      { title: "Hello", body: "World", icon: `${origin}/icon.png`, tag: "m1" },
    ]);
    const devtools = await context.newCDPSession(page);
    await devtools.send("ServiceWorker.enable");
    await devtools.send("ServiceWorker.stopAllWorkers");
    expect(await show(other, hello)).toBe("repeated");
    // A newer one with the same collapse key takes the place of the older.
    const chat = { collapseKey: "chat" };
    expect(await show(page, message("m2", { title: "One" }, chat))).toBe("shown");
    expect(await show(page, message("m3", { title: "Two" }, chat))).toBe("shown");
    expect((await standing(page)).map(({ title }) => title).sort()).toEqual(["Hello", "Two"]);
  });

  test("N2 are not shown without a title, while the user looks at the app, or without leave", async () => {
    const { page } = await start({ query: "" });
    for (const none of [undefined, {}, { title: "" }])
      expect(await show(page, message("m1", none))).toBe("empty");
    // Data alone is for the app's own handler.
    const data = { notification: { title: "Hello" } };
    expect(await show(page, message("m1", undefined, { data }))).toBe("empty");
    expect(await show(page, message("m2", { title: "Hello" }))).toBe("visible");
    expect(await show(page, message("m2", { title: "Hello" }))).toBe("repeated");
    const denied = await start({ isAllowed: false });
    expect(await show(denied.page, message("m3", { title: "Hello" }))).toBe("denied");
    expect(await standing(page)).toEqual([]);
  });

  test("N3 a click is told to every tab and to the worker, and goes to the tab of its URL", async () => {
    const { origin, context, page } = await start();
    const chat = await open(context, `${origin}/chat/7`);
    const actions = [
      { action: "open", title: "Open", url: "/chat/7" },
      { action: "bad", title: "Bad", url: "javascript:alert(1)" },
      { action: "other", title: "Other", url: "https://other.example/" },
      { action: "allowed", title: "Allowed", url: "https://shop.example.com/7" },
    ];
    const shown = message("m1", { title: "Hi", url: "/new", actions }, { data: { chat: 7 } });
    const clicked = async (action: string) => {
      expect(await show(page, { ...shown, id: `m1${action}` })).toBe("shown");
      const { clicks, errors } = await act(page, "notificationclick", `m1${action}`, action);
      // The browser lets only a user's click focus or open a window.
      expect(errors.join()).toMatch(/not allowed to (focus|open)/i);
      return { click: clicks.at(-1), error: errors.join() };
    };
    const toTab = await clicked("open");
    expect(toTab.click).toEqual({
      ...{ id: "m1open", action: "open", url: `${origin}/chat/7`, data: shown.data },
    });
    expect(toTab.error).toMatch(/focus/i);
    const toNew = await clicked("");
    expect(toNew.click).toMatchObject({ id: "m1", action: "", url: `${origin}/new` });
    expect(toNew.error).toMatch(/open/i);
    // What may not be opened leads to the app.
    for (const action of ["bad", "other"])
      expect((await clicked(action)).click?.url).toMatch(new RegExp(`^${origin}/`));
    expect((await clicked("allowed")).click?.url).toBe("https://shop.example.com/7");
    for (const tab of [page, chat]) {
      await tab.waitForFunction(() => globalThis.heard.length === 5);
      expect(await tab.evaluate(() => globalThis.heard.map(({ action }) => action))).toEqual([
        ...["open", "", "bad", "other", "allowed"],
      ]);
    }
    expect(await standing(page)).toEqual([]);
  });

  test("N7 the number of a message is set once, shown or not, by the worker; a page without one sets it itself", async () => {
    const { origin, context, page } = await start({ query: "" });
    const other = await open(context, `${origin}/other`);
    const counted = message("m1", { badge: 3 });
    expect([await show(page, counted), await show(other, counted)]).toEqual(["empty", "repeated"]);
    expect(await show(page, message("m2", { title: "Hello", badge: 4 }))).toBe("visible");
    expect(await show(page, message("m3", { title: "Hello" }))).toBe("visible");
    expect(await show(page, message("m4", { badge: 0 }))).toBe("empty");
    expect((await act(page, "none", "")).badges).toEqual([3, 4, 0]);
    const set = await page.evaluate(async () => {
      const counts: number[] = [];
      Object.assign(navigator, { setAppBadge: async (count: number) => void counts.push(count) });
      for (const badge of [2, undefined, 0])
        await globalThis.sw.showBadge({ notification: badge === undefined ? {} : { badge } });
      return counts;
    });
    expect(set).toEqual([2, 0]);
  });

  test("N2 a page without a worker is told so, and its messages are not held up for good", async () => {
    const context = await newContext();
    const page = await open(context, await serve());
    const error = await page.evaluate(async () => {
      const message = { id: "m1", data: "x", priority: "normal", sentAt: 1 } as const;
      return globalThis.sw.showNotification(message).catch(({ code }) => code);
    });
    expect(error).toBe("notification_failed");
  });

  test("N4 that the user puts away are told to the worker, and do not come back", async () => {
    const { page } = await start();
    const hello = message("m1", { title: "Hello" });
    expect(await show(page, hello)).toBe("shown");
    expect((await act(page, "notificationclose", "m1")).closed).toMatchObject([{ id: "m1" }]);
    expect(await show(page, hello)).toBe("repeated");
  });

  test("N5 that are recalled are closed, and no tab has them shown again", async () => {
    const { page } = await start();
    const [first, second] = [message("m1", { title: "1" }), message("m2", { title: "2" })];
    await show(page, first);
    await show(page, second);
    await page.evaluate(() => globalThis.sw.closeNotification({ id: "m1" }));
    expect(await show(page, first)).toBe("repeated");
    expect(await standing(page)).toMatchObject([{ title: "2" }]);
    await page.evaluate(() => globalThis.sw.closeNotification({ id: "m3" }));
    expect(await show(page, message("m3", { title: "3" }))).toBe("repeated");
  });

  test("N6 of messages whose senders ask are reported: shown, clicked and put away", async () => {
    const { page } = await start();
    await page.evaluate(() => {
      const reported: unknown[] = [];
      const reportMessage = async (...report: unknown[]) => void reported.push(report);
      globalThis.sw.reportNotifications({ reportMessage });
      Object.assign(globalThis, { reported });
    });
    const reported = () =>
      page.evaluate(() => (globalThis as unknown as { reported: unknown[] }).reported);
    const asked = { ...message("m1", { title: "1" }), report: true };
    await show(page, message("m0", { title: "0" }));
    await show(page, asked);
    await act(page, "notificationclick", "m1", "yes");
    await act(page, "notificationclose", "m0");
    await show(page, { ...message("m2", { title: "2" }), report: true });
    await act(page, "notificationclose", "m2");
    const at = expect.any(Number);
    await expect.poll(reported).toMatchObject([
      [{ id: "m1", report: true }, "shown", { at }],
      [{ id: "m1" }, "clicked", { at, action: "yes" }],
      [{ id: "m2" }, "shown", { at }],
      [{ id: "m2" }, "dismissed", { at }],
    ]);
  });

  test("Q13 N6 a page tells when the user lets the app show no notifications, and when it may again", async () => {
    const { page } = await start();
    await page.evaluate(() => {
      const told: boolean[] = [];
      let notificationsAllowed = true;
      globalThis.sw.reportNotifications({
        reportMessage: async () => {},
        deliveryState: async () => ({
          ...{ paused: false, accept: [], presence: false, notificationsAllowed },
        }),
        setNotificationsAllowed: async (allowed: boolean) => {
          notificationsAllowed = allowed;
          told.push(allowed);
        },
      });
      Object.assign(globalThis, { told });
    });
    const told = () => page.evaluate(() => (globalThis as unknown as { told: boolean[] }).told);
    expect(await told()).toEqual([]);
    const cdp = await page.context().newCDPSession(page);
    const { targetInfo } = await cdp.send("Target.getTargetInfo");
    const { browserContextId = "" } = targetInfo;
    const set = (setting: "denied" | "granted") =>
      cdp.send("Browser.setPermission", {
        ...{ permission: { name: "notifications" }, setting, browserContextId },
        origin: new URL(page.url()).origin,
      });
    await set("denied");
    await expect.poll(told).toEqual([false]);
    await set("granted");
    await expect.poll(told).toEqual([false, true]);
  });
});
