/**
 * `kill -9` of a push service and of the apps that are attached to it, at random moments under load; then everything is checked.
 *
 *   node test/chaos/service/campaign.ts [--seed N] [--rounds 40] [--devices 8]
 *
 * `--devices` is the number of apps, each a process with an app of its own; an account has at most 32.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PushServer } from "../../../sdk/server/mod.ts";
import { Mesh } from "../mesh.ts";
import { type ChaosOptions, runFromCommandLine } from "../options.ts";
import { type Random, random as seeded } from "../random.ts";
import { until } from "../wait.ts";
import { ServiceLedger, type ServiceVerdict, serviceSummary } from "./ledger.ts";
import { appProcess, type Restarted, serviceProcess, socketOf } from "./processes.ts";

/** From one fault to the next. */
const ROUND_MS = [50, 3_000] as const;
/** How long a process may be away. */
const AWAY_MS = [0, 1_200] as const;
/** Unseen messages of all apps at which their senders pause. */
const BACKLOG = 600;
const DRAIN_MS = 120_000;
/** Accepted messages for each round: a slow machine sends few in its time. */
const ROUND_MESSAGES = 20;
const TAG = "all";
const LANES = ["high", "normal", "low", "broadcast"] as const;
type Lane = (typeof LANES)[number];

/** One app: its processes, one after another, and its server. */
class ServiceApp {
  readonly process: Restarted;
  readonly server: PushServer;
  readonly #ledger: ServiceLedger;
  readonly #name: string;
  #life = 0;
  readonly #kills: { life: number; at: number }[] = [];
  regId = "";

  constructor(
    name: string,
    server: PushServer,
    ledger: ServiceLedger,
    job: Omit<Parameters<typeof appProcess>[0], "tag">,
  ) {
    this.#name = name;
    this.server = server;
    this.#ledger = ledger;
    this.process = appProcess({ ...job, tag: TAG }, (line) => this.#read(line));
  }

  start(): void {
    if (this.process.runs) return;
    this.#life++;
    this.process.start();
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    if (!this.process.runs) return;
    if (signal === "SIGKILL") this.#kills.push({ life: this.#life, at: Date.now() });
    await this.process.end(signal);
  }

  async send(lane: Lane, wait: number): Promise<void> {
    const number = this.#ledger.open(this.laneOf(lane));
    const data = { number };
    if (lane === "broadcast") {
      await this.server.broadcast({ to: { tag: TAG }, data });
      this.#ledger.accepted(number, false);
      return;
    }
    const options = wait > 0 ? { wait } : { respondAsync: true };
    const answer = await this.server.send({ to: this.regId, data, priority: lane }, options);
    this.#ledger.accepted(number, answer.status === "delivered");
    if (answer.status !== "delivered" && answer.status !== "queued")
      this.#ledger.untrue.push(`#${number} is ${answer.status}`);
  }

  laneOf(lane: Lane): string {
    return `${this.#name} ${lane}`;
  }

  #read(line: Readonly<Record<string, unknown>>): void {
    if (typeof line["ready"] === "string") this.regId = line["ready"];
    if ("error" in line || "failed" in line)
      this.#ledger.untrue.push(`${this.#name} says ${JSON.stringify(line)}`);
    if (!("data" in line)) return;
    const { data, tag, priority } = line as { data: { number: number }; tag?: string } & {
      priority: Lane;
    };
    const lane = tag === undefined ? priority : "broadcast";
    this.#ledger.shown(data.number, this.laneOf(lane), this.#life, this.#kills);
  }
}

/** Sends to the lanes of an app, one message after another in each, until `isOver`. */
async function load(
  app: ServiceApp,
  ledger: ServiceLedger,
  random: Random,
  isOver: () => boolean,
): Promise<void> {
  const one = async (lane: Lane): Promise<void> => {
    while (!isOver()) {
      const room = () => isOver() || ledger.missing < BACKLOG;
      await until("a smaller backlog", room, DRAIN_MS);
      await app.send(lane, random.chance(0.3) ? 1 : 0);
      await sleep(random.between(0, lane === "broadcast" ? 400 : 120));
    }
  };
  await Promise.all(LANES.map(one));
}

/** Each round ends the service, an app, several apps, or all of them. */
export async function campaign(options: ChaosOptions): Promise<ServiceVerdict> {
  const { seed, rounds, devices, log } = options;
  const random = seeded(seed);
  const mesh = await Mesh.start(options.host);
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-service-"));
  const home = join(folder, "s");
  const service = serviceProcess(mesh.url, home);
  const ledger = new ServiceLedger();
  const apps: ServiceApp[] = [];
  let isOver = false;
  try {
    service.start();
    await service.ready();
    for (let n = 0; n < devices; n++) {
      const key = await mesh.app();
      const place = { folder: join(folder, `app-${n}`), service: socketOf(home) };
      const job = { url: mesh.url, appId: key.appId, handlerMs: n % 3 === 0 ? 15 : 0, ...place };
      apps.push(new ServiceApp(`app ${n}`, mesh.sender(key), ledger, job));
    }
    for (const app of apps) app.start();
    await Promise.all(apps.map((app) => app.process.ready()));
    const loads = apps.map((app) => load(app, ledger, random, () => isOver));
    // Told at the end: a failure that nobody waits for would end this process, and leave the others.
    for (const one of loads) one.catch(() => {});
    for (let round = 1; round <= rounds; round++) {
      // Mostly when something is under way again: starts take long on a busy machine, and are faults enough by themselves.
      if (random.chance(0.7)) await underWay(service, apps, ledger);
      // The random moment: part of the fault, not a wait for anything.
      await sleep(random.between(...ROUND_MS));
      const ready = apps.filter(({ process }) => process.isReady).length;
      const victims = await fault(service, apps, random);
      const { missing } = ledger;
      log(`round ${round}: ${ready} apps ready, ended ${victims}; ${missing} to be seen`);
    }
    const enough = rounds * ROUND_MESSAGES;
    const isEnough = () => ledger.acceptedCount >= enough;
    await until(() => `${enough} accepted, of ${ledger.acceptedCount}`, isEnough, DRAIN_MS);
    isOver = true;
    await Promise.all(loads);
    await drain(service, apps, ledger);
    return ledger.verdict();
  } catch (error) {
    const said = [service, ...apps.map(({ process }) => process)].flatMap(({ errors }) => errors);
    throw new Error(`they said:\n${said.slice(-40).join("\n")}`, { cause: error });
  } finally {
    isOver = true;
    await Promise.all(apps.map((app) => app.end("SIGKILL")));
    await service.end("SIGKILL");
    await mesh.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until most apps are there again, and messages are seen. */
async function underWay(service: Restarted, apps: readonly ServiceApp[], ledger: ServiceLedger) {
  await service.ready();
  const isMost = () => 2 * apps.filter(({ process }) => process.isReady).length >= apps.length;
  await until("most apps", isMost, DRAIN_MS);
  const { seen } = ledger;
  await until("messages", () => ledger.seen > seen, DRAIN_MS);
}

/** Ends some processes, mostly by `kill -9`, and starts them again a while later. @returns whom */
async function fault(service: Restarted, apps: readonly ServiceApp[], random: Random) {
  const what = random.pick(["service", "app", "apps", "all"] as const);
  const signal = random.chance(0.85) ? "SIGKILL" : "SIGTERM";
  const chosen = apps.filter(() => what === "all" || (what === "apps" && random.chance(0.4)));
  if (what === "app") chosen.push(apps[random.between(0, apps.length - 1)] as ServiceApp);
  const again = chosen.map(async (app) => {
    await app.end(signal);
    await sleep(random.between(...AWAY_MS));
    app.start();
  });
  if (what === "service" || what === "all") {
    await service.end(signal);
    await sleep(random.between(...AWAY_MS));
    service.start();
  }
  await Promise.all(again);
  return `${what} (${signal}, ${chosen.length} apps)`;
}

/** Waits until all is seen; then starts every app once more, and has a last message in each lane, before which anything late would come. */
async function drain(service: Restarted, apps: readonly ServiceApp[], ledger: ServiceLedger) {
  await service.ready();
  const seen = () =>
    until(
      () => `${ledger.missing} messages`,
      () => ledger.missing === 0,
      DRAIN_MS,
    ).catch(() => {
      // The verdict names them.
    });
  await seen();
  await Promise.all(
    apps.map(async (app) => {
      await app.process.ready();
      await app.end("SIGTERM");
      app.start();
      await app.process.ready();
      for (const lane of LANES) await app.send(lane, 20);
    }),
  );
  await seen();
}

if (import.meta.main)
  await runFromCommandLine(campaign, { rounds: 40, devices: 8 }, serviceSummary);
