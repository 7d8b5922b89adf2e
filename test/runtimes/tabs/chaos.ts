/**
 * Tabs of one origin are opened, closed, crashed and frozen at random in Chromium, while an app server sends; then everything is checked.
 *
 *   node test/runtimes/tabs/chaos.ts [--seed N] [--steps 100]
 */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type CDPSession, chromium, type Page } from "playwright-core";
import { findChromium } from "../../../scripts/chromium.mjs";
import { Mesh } from "../../chaos/mesh.ts";
import { freshSeed, type Random, random as seeded } from "../../chaos/random.ts";
import { until } from "../../chaos/wait.ts";
import { built } from "../../support/built.ts";
import { CountingProxy } from "./counting-proxy.ts";

export interface TabsChaosOptions {
  /** Folder of the bundles. */
  readonly sdk: string;
  readonly seed: number;
  readonly steps: number;
  readonly log: (line: string) => void;
  /** False: each tab has a link of its own, for the test of this test. */
  readonly share?: boolean;
}

export interface TabsVerdict {
  readonly sent: number;
  readonly seen: number;
  readonly steps: Readonly<Record<string, number>>;
  /** Leaders that gave no sign of life, and whose place another tab has taken. */
  readonly takenOver: number;
  /** Messages that a tab which was there did not get, twice got, or got out of order; and `replaced` or `closed` where no tab should see it. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly disordered: readonly string[];
  readonly replaced: readonly string[];
  /** Links at the mesh at one time, and how long there was more than one at the longest. */
  readonly mostLinks: number;
  readonly longestOverlapMs: number;
}

const TABS = 5;
/** Between two sends, and between two steps: the random moment is part of the fault. */
const SEND_MS = [30, 200] as const;
const STEP_MS = [100, 1_500] as const;
/** A frozen leader is noticed after 3 s, and more on a busy machine. */
const ASLEEP_MS = [500, 9_000] as const;
const SETTLE_MS = 90_000;
const SENDS_A_STEP = 2;

interface Sent {
  readonly number: number;
  readonly beganMs: number;
  /** When the mesh said that all tabs have it. */
  deliveredMs?: number;
}

/** When a process was last crashed: we hear of it later, and pages may share one. */
let crashedMs = 0;

class ChaosTab {
  readonly name: string;
  readonly page: Page;
  readonly got: number[] = [];
  readonly states: string[] = [];
  readyMs = Number.POSITIVE_INFINITY;
  goneMs = Number.POSITIVE_INFINITY;
  linkedMs = 0;
  hasCrashed = false;

  constructor(name: string, page: Page) {
    this.name = name;
    this.page = page;
    page.on("console", (line) => {
      const [kind, text = ""] = line.text().split(" ");
      if (kind === "got") this.got.push(Number(text));
      else if (kind === "state") this.states.push(text);
    });
    page.on("websocket", () => {
      this.linkedMs = performance.now();
    });
    page.on("crash", () => {
      this.hasCrashed = true;
      this.end(crashedMs);
    });
    page.on("close", () => this.end());
  }

  get isThere(): boolean {
    return this.goneMs === Number.POSITIVE_INFINITY;
  }

  end(atMs = performance.now()): void {
    this.goneMs = Math.min(this.goneMs, atMs);
  }

  /** What it must have: what was sent while it listened, and delivered while it was there. */
  missing(all: readonly Sent[]): number[] {
    const got = new Set(this.got);
    return all
      .filter(({ beganMs }) => beganMs > this.readyMs)
      .filter(({ deliveredMs = this.goneMs }) => this.isThere || deliveredMs < this.goneMs)
      .map(({ number }) => number)
      .filter((number) => !got.has(number));
  }
}

const PAGE = (
  url: string,
  appId: string,
  share: boolean,
): string => `<!doctype html><title>tab</title>
<script type="module">
  import { connect } from "/device.js";
  const push = await connect({ url: "${url}", appId: "${appId}", share: ${share} });
  push.onState(({ state, error }) => console.log("state " + state + (error ? ":" + error.code : "")));
  push.onMessage(async ({ data }) => {
    console.log("got " + data);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
  });
  globalThis.ready = push.register();
</script>`;

function serve(sdk: string, page: string): Promise<{ origin: string; stop(): void }> {
  const server = createServer((request, response) => {
    const script = join(sdk, request.url ?? "");
    const isScript = /^\/[\w-]+\.js$/.test(request.url ?? "") && existsSync(script);
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? readFileSync(script) : page);
  });
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () =>
      resolve({
        origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        stop: () => {
          server.closeAllConnections();
          server.close();
        },
      }),
    ),
  );
}

export async function tabsChaos(options: TabsChaosOptions): Promise<TabsVerdict> {
  const { sdk, seed, steps, log, share = true } = options;
  const random = seeded(seed);
  const mesh = await Mesh.start();
  const proxy = await CountingProxy.start(mesh.url);
  const app = await mesh.app();
  const site = await serve(sdk, PAGE(proxy.url, app.appId, share));
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium on PATH: install it");
  const browser = await chromium.launch({
    executablePath,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
  });
  const context = await browser.newContext();
  const processes = await browser.newBrowserCDPSession();
  const tabs: ChaosTab[] = [];
  let opened = 0;
  const there = () => tabs.filter(({ isThere }) => isThere);
  let regId = "";
  const open = async (): Promise<void> => {
    const tab = new ChaosTab(`tab ${++opened}`, await context.newPage());
    tabs.push(tab);
    try {
      await tab.page.goto(site.origin);
      await tab.page.waitForFunction("globalThis.ready", undefined, { timeout: SETTLE_MS });
      regId = String(await tab.page.evaluate("ready"));
      tab.readyMs = performance.now();
    } catch (error) {
      // It shares its process with one that was crashed.
      if (tab.isThere) throw error;
    }
  };
  const sent: Sent[] = [];
  const sender = mesh.sender(app);
  let isSending = true;
  const sending = async (): Promise<void> => {
    while (isSending) {
      const one: Sent = { number: sent.length + 1, beganMs: performance.now() };
      const { status } = await sender.send({ to: regId, data: `${one.number}` });
      sent.push(one);
      if (status === "delivered") one.deliveredMs = performance.now();
      await sleep(random.between(...SEND_MS));
    }
  };
  /** Another tab looks for the leader while this one gives no sign of life. */
  const asleep = async (tab: ChaosTab, sleeping: () => Promise<unknown>): Promise<void> => {
    const last = Math.max(...there().map(({ linkedMs }) => linkedMs));
    const other = there().find((one) => one !== tab);
    const slept = sleeping();
    // It may share its process with the one that sleeps, and answer later.
    void look(other);
    await slept;
    if (tab.linkedMs === last && there().some(({ linkedMs }) => linkedMs > last)) takenOver++;
  };
  /** Its process runs, and does nothing else. */
  const hang = (tab: ChaosTab, ms: number): Promise<void> =>
    asleep(tab, () => busy(tab.page, ms).catch(() => {}));
  /** Its process is stopped: what CDP calls frozen, a page that is visible is not. */
  const freeze = async (tab: ChaosTab, ms: number): Promise<void> => {
    const pid = await rendererOf(processes, tab.page);
    await asleep(tab, async () => {
      process.kill(pid, "SIGSTOP");
      await sleep(ms);
      process.kill(pid, "SIGCONT");
    });
  };
  const counts: Record<string, number> = {};
  let takenOver = 0;
  const run = (name: string, tab: ChaosTab | undefined, act: () => Promise<unknown>) => {
    counts[name] = (counts[name] ?? 0) + 1;
    log(`${name} ${tab?.name ?? ""}; ${sent.length} sent, ${proxy.links} links`);
    return act();
  };
  try {
    await open();
    const load = sending();
    load.catch(() => {});
    await Promise.all([open(), open()]);
    for (let step = 0; step < steps; step++) {
      await sleep(random.between(...STEP_MS));
      const tab = victim(there(), random);
      const action = choose(there(), tab, random);
      if (action === "open" || tab === undefined) await run("open", undefined, open);
      else if (action === "close")
        await run("close", tab, () => {
          tab.end();
          return tab.page.close();
        });
      else if (action === "crash") await run("crash", tab, () => crash(tab));
      else if (action === "hang")
        await run("hang", tab, () => hang(tab, random.between(...ASLEEP_MS)));
      else await run("freeze", tab, () => freeze(tab, random.between(...ASLEEP_MS)));
    }
    // A slow machine sends few in the time of the steps, and a check of few shows little.
    await until("enough sends", () => sent.length >= SENDS_A_STEP * steps, SETTLE_MS);
    isSending = false;
    await load;
    if (there().length === 0) await open();
    for (const tab of there()) await look(tab);
    const missing = () => there().flatMap((tab) => tab.missing(sent));
    await until("all messages", () => missing().length === 0, SETTLE_MS).catch(() => {});
    await until("one link", () => proxy.links === 1, SETTLE_MS).catch(() => {});
    return { ...verdictOf(tabs, sent, proxy, counts), takenOver };
  } finally {
    isSending = false;
    await browser.close();
    site.stop();
    proxy.stop();
    await mesh.stop();
  }
}

/** Mostly the tab with the link. */
function victim(there: readonly ChaosTab[], random: Random): ChaosTab | undefined {
  const [first, ...rest] = [...there].sort((one, other) => other.linkedMs - one.linkedMs);
  if (first === undefined) return undefined;
  return random.chance(0.6) ? first : random.pick([first, ...rest]);
}

function choose(there: readonly ChaosTab[], tab: ChaosTab | undefined, random: Random): string {
  if (tab === undefined || there.length < 2) return "open";
  if (there.length < TABS && random.chance(0.45)) return "open";
  return random.pick(["close", "crash", "freeze", "hang"]);
}

/** The page's process runs, and does nothing else. */
const busy = (page: Page, ms: number): Promise<unknown> =>
  page.evaluate(`{ const end = Date.now() + ${ms}; while (Date.now() < end); }`);

/** The process of a page: the one that has worked most while the page was busy. */
async function rendererOf(processes: CDPSession, page: Page): Promise<number> {
  const times = async () => {
    const { processInfo } = await processes.send("SystemInfo.getProcessInfo");
    const renderers = processInfo.filter(({ type }) => type === "renderer");
    return new Map(renderers.map(({ id, cpuTime }) => [id, cpuTime]));
  };
  const before = await times();
  await busy(page, 200);
  const worked = [...(await times())].map(([id, time]) => [time - (before.get(id) ?? time), id]);
  const [most] = worked.sort(([one = 0], [other = 0]) => other - one);
  return most?.[1] ?? 0;
}

/** As when the user looks at another tab. */
async function look(tab: ChaosTab | undefined): Promise<void> {
  await tab?.page.evaluate("dispatchEvent(new Event('online'))").catch(() => {});
}

/** Ends the page's process, as the system does when memory is short. */
async function crash(tab: ChaosTab): Promise<void> {
  const session = await tab.page.context().newCDPSession(tab.page);
  crashedMs = performance.now();
  session.send("Page.crash").catch(() => {});
  await until("the crash", () => tab.hasCrashed, SETTLE_MS);
}

function verdictOf(
  tabs: readonly ChaosTab[],
  sent: readonly Sent[],
  proxy: CountingProxy,
  steps: Readonly<Record<string, number>>,
): Omit<TabsVerdict, "takenOver"> {
  const about = (tab: ChaosTab, numbers: readonly number[]): string[] =>
    numbers.map((number) => `${tab.name}: ${number}`);
  return {
    sent: sent.length,
    seen: tabs.reduce((sum, { got }) => sum + got.length, 0),
    steps,
    lost: tabs.flatMap((tab) => about(tab, tab.missing(sent))),
    doubled: tabs.flatMap((tab) => {
      const twice = tab.got.filter((number, at) => tab.got.indexOf(number) !== at);
      return about(tab, twice);
    }),
    disordered: tabs.flatMap((tab) => {
      const late = tab.got.filter((number, at) => number < (tab.got[at - 1] ?? 0));
      return about(tab, late);
    }),
    replaced: tabs.flatMap(({ name, states }) =>
      states.filter((state) => /closed|replaced/.test(state)).map((state) => `${name}: ${state}`),
    ),
    mostLinks: proxy.mostLinks,
    longestOverlapMs: Math.round(proxy.longestOverlapMs),
  };
}

export const summary = ({ lost, doubled, disordered, replaced, ...rest }: TabsVerdict): string =>
  `${JSON.stringify(rest)}; ${lost.length} lost, ${doubled.length} doubled, ${disordered.length} disordered, ${replaced.length} replaced`;

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: `${process.env["CHAOS_SEED"] ?? freshSeed()}` },
      steps: { type: "string", default: "100" },
    },
  });
  const { folder, remove } = built("sdk");
  const [seed, steps] = [Number(values.seed), Number(values.steps)];
  console.log(`seed ${seed}, ${steps} steps`);
  try {
    const log = (line: string): void => console.log(line);
    const verdict = await tabsChaos({ sdk: join(folder, "sdk"), seed, steps, log });
    const { lost, doubled, disordered, replaced } = verdict;
    for (const [kind, cases] of Object.entries({ lost, doubled, disordered, replaced })) {
      if (cases.length > 0) process.exitCode = 1;
      for (const one of cases.slice(0, 20)) log(`  ${kind}: ${one}`);
    }
    log(summary(verdict));
  } finally {
    remove();
  }
}
