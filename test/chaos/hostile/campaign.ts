/**
 * A hostile client from one address against a mesh with devices in good standing: what they notice, and what the mesh is left with.
 *
 *   node test/chaos/hostile/campaign.ts [--host deno|workerd] [--attacker stranger|insider|noisy] [--seed N] [--seconds 60] [--devices 1000] [--only ATTACK]
 *
 * Sends go to the devices at a steady rate before, during and after the attack. The attacker is another process. It gets less of the machine
 * than the mesh when both want it (`whenIdle`, `ATTACKER_NICENESS`), because a real one has a machine of its own: what the mesh does for it is measured,
 * not what the attacker's own work takes from the mesh. The report has its attempts a second, which must not drop, and the control's times.
 */
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { getPriority, loadavg, networkInterfaces, setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type PushServer, PushServerError } from "../../../sdk/server/mod.ts";
import { HOST, type HostName, hostNamed } from "../../support/host.ts";
import { type App, Mesh } from "../mesh.ts";
import { chaosSeed } from "../options.ts";
import { type Random, random as seeded } from "../random.ts";
import type { Loot } from "./attack.ts";
import { type AttackOrder, KINDS, type Kind, type Outcomes } from "./attacker.ts";
import { Control } from "./control.ts";
import { type Footprint, footprintOf } from "./footprint.ts";
import { OWN } from "./insider.ts";
import { NOISY_QUOTA } from "./noisy.ts";
import { reportOf } from "./report.ts";
import { type Sends, StandingDevice, sendSteadily, standingDevices } from "./standing.ts";
import { type Stored, storedIn } from "./stored.ts";

export interface CampaignOptions {
  readonly host: HostName;
  readonly attacker: Kind;
  readonly seed: number;
  /** Of the attack, and of the time before it. */
  readonly seconds: number;
  readonly devices: number;
  /** Sends to the devices, each second. */
  readonly sends: number;
  /** Attempts under way at a time. */
  readonly lanes: number;
  /** Connections that are only held. */
  readonly slow: number;
  /** How long memory, disk and descriptors have to return, at most. */
  readonly settleSeconds: number;
  /** The name of the one quick attack to make; all of them if it is undefined. */
  readonly only?: string | undefined;
  /**
   * The attacker gets nothing of a core that anybody else wants, where a process may ask for that (Linux). Default: false, because on a machine that
   * is busy with other tests it would not begin.
   */
  readonly whenIdle?: boolean;
  readonly log: (line: string) => void;
}

export interface Phase extends Sends {
  /** How long the control took meanwhile, milliseconds. */
  readonly controlMs: readonly number[];
}

export interface CampaignVerdict {
  readonly sends: Readonly<Record<"before" | "during" | "after", Phase>>;
  /** How links of devices in good standing ended. */
  readonly lost: readonly string[];
  readonly outcomes: Outcomes;
  /** How long the attack was. */
  readonly seconds: number;
  readonly footprint: Readonly<Record<"before" | "during" | "after", Footprint>>;
  /** Until what the mesh takes was within a tenth of before; null if it was not. */
  readonly settledMs: number | null;
  readonly stored: Readonly<Record<"before" | "after", Stored>>;
  readonly load: Readonly<Record<"before" | "during", number>>;
}

/** Every tenth device has the attacker's address. */
const NEIGHBOURS = 10;
/** A stranger opens as many connections as it likes; the insider has as many links as devices: a person's; the noisy server, those of one process. */
export const LANES: Readonly<Record<Kind, { readonly quick: number; readonly slow: number }>> = {
  stranger: { quick: 64, slow: 128 },
  insider: { quick: 4, slow: 0 },
  noisy: { quick: 8, slow: 0 },
};
/** How much less of the machine the attacker gets than the mesh: it would have one of its own. */
const ATTACKER_NICENESS = 10;
const IDLE = ["--idle", "0"];
const PAST_MS = 7_200_000;
const WARM_UP_MS = 5_000;
const LOOK_MS = 1_000;
const EVICT_LOOKS = 10;
const EVICT_MS = 30_000;
const PING_MS = 20_000;
export const WITHIN = 1.1;

/** An address of this machine that others could reach, at which the mesh counts what a network does; loopback if there is none. */
export const ownAddress = (): string =>
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4")?.address ?? "127.0.0.1";

export async function campaign(options: CampaignOptions): Promise<CampaignVerdict> {
  const { host, log } = options;
  const mesh = await Mesh.start(host, {}, ["--listen", "0.0.0.0"]);
  const control = await Control.start();
  let devices: readonly StandingDevice[] = [];
  try {
    const app = await mesh.app("in good standing", "granted");
    const sender = mesh.sender(app);
    const random = seeded(options.seed);
    const { port } = new URL(mesh.url);
    const at = (name: string) => ({ host: name, port: Number(port) });
    const grant = await sender.grant();
    devices = await standingDevices(options.devices, async (index) => {
      const address = index % NEIGHBOURS === 0 ? at(ownAddress()) : at("127.0.0.1");
      return new StandingDevice().stand(address, app.appId, grant);
    });
    log(`${devices.length} devices are linked`);
    const past = mesh.sender(app, () => Date.now() - PAST_MS);
    const address = at(ownAddress());
    const loot = await lootOf(options, { mesh, app, sender, past, devices, address });
    return await measure(options, { mesh, sender, control, devices, loot, random });
  } catch (error) {
    throw new Error(`the mesh said:\n${mesh.output}`, { cause: error });
  } finally {
    for (const device of devices) device.leave();
    control.stop();
    await mesh.stop();
  }
}

interface Scene {
  readonly mesh: Mesh;
  readonly sender: PushServer;
  readonly control: Control;
  readonly devices: readonly StandingDevice[];
  readonly loot: Loot;
  readonly random: Random;
}

async function measure(options: CampaignOptions, scene: Scene): Promise<CampaignVerdict> {
  const { host, seconds, sends: perSecond, log } = options;
  const { mesh, sender, control, devices, random } = scene;
  const phase = async (ms: number): Promise<Phase> => {
    const sending = sendSteadily(sender, devices, { perSecond, ms, random });
    const [sent, controlMs] = await Promise.all([sending, control.ask(ms)]);
    return { ...sent, controlMs };
  };
  const look = () => footprintOf(mesh.rootPid, mesh.folder);
  const load = loadavg();
  await phase(Math.min(WARM_UP_MS, seconds * 1_000));
  const before = await phase(seconds * 1_000);
  const base = look();
  const storedBefore = storedIn(host, mesh.folder);
  log("the attack begins");
  const attack = await begin(options, scene.loot);
  const during = await phase(seconds * 1_000);
  const most = look();
  const loadDuring = loadavg();
  const outcomes = await attack.end();
  log("the attack is over");
  const good = new Set(devices.map(({ regId }) => regId));
  await evict(sender, good);
  const settledMs = await settle(base, look, options.settleSeconds * 1_000, () =>
    evict(sender, good),
  );
  const left = look();
  const storedAfter = storedIn(host, mesh.folder);
  const after = await phase((seconds * 1_000) / 2);
  const answered = await Promise.all(devices.map((device) => device.answers(PING_MS)));
  const lost = devices.flatMap((device, at) =>
    answered[at] === true ? [] : [device.lost ?? "does not answer"],
  );
  return {
    sends: { before, during, after },
    lost,
    outcomes,
    seconds,
    footprint: { before: base, during: most, after: left },
    settledMs,
    stored: { before: storedBefore, after: storedAfter },
    load: { before: load[0] ?? 0, during: loadDuring[0] ?? 0 },
  };
}

/**
 * As the app's server does once it notices: it ends the registrations of the attacker. What failed is worth a try later, as the error says: on a
 * busy machine the mesh still has the attacker's last commands to do.
 */
async function evict(sender: PushServer, good: ReadonlySet<string>): Promise<void> {
  for (const end = Date.now() + EVICT_MS; ; await sleep(LOOK_MS)) {
    try {
      for await (const regId of sender.registrations.list())
        if (!good.has(regId)) await sender.registrations.remove(regId);
      return;
    } catch (error) {
      const isLater = error instanceof PushServerError && error.retry === "later";
      if (!isLater || Date.now() > end) throw error;
    }
  }
}

/** Waits until the mesh takes no more than a tenth over what it took before. */
async function settle(
  base: Footprint,
  look: () => Footprint,
  withinMs: number,
  evictAgain: () => Promise<void>,
): Promise<number | null> {
  const began = Date.now();
  for (let looks = 1; ; looks++) {
    // A registration is listed when it has joined the tag of all devices: one of an attacker may still be leaving its tags first.
    if (looks % EVICT_LOOKS === 0) await evictAgain();
    const now = look();
    const within = (key: keyof Footprint) => now[key] <= base[key] * WITHIN;
    if (within("memoryKb") && within("diskKb") && within("descriptors")) return Date.now() - began;
    if (Date.now() - began > withinMs) return null;
    await sleep(LOOK_MS);
  }
}

interface Attacking {
  /** Ends the attacker, and with it all its connections. */
  end(): Promise<Outcomes>;
}

async function begin(options: CampaignOptions, loot: Loot): Promise<Attacking> {
  const { attacker: kind, seed, lanes, slow, only, whenIdle = false } = options;
  const mayIdle = whenIdle && spawnSync("chrt", [...IDLE, "true"]).status === 0;
  const run = mayIdle ? { execPath: "chrt", execArgv: [...IDLE, process.execPath] } : {};
  const child = fork(new URL("attacker.ts", import.meta.url), { stdio: "inherit", ...run });
  if (child.pid !== undefined) setPriority(child.pid, getPriority() + ATTACKER_NICENESS);
  const order: AttackOrder = { kind, loot, seed, lanes, slow, only };
  child.send(order);
  // It has loaded its modules.
  await once(child, "message");
  return {
    async end() {
      const told = once(child, "message");
      const gone = once(child, "exit");
      child.send("end");
      // Attempts under way end first.
      const [outcomes] = (await told) as [Outcomes];
      await gone;
      return outcomes;
    },
  };
}

async function lootOf(
  { attacker }: CampaignOptions,
  scene: {
    readonly mesh: Mesh;
    readonly app: App;
    readonly sender: PushServer;
    /** With a clock that is two hours behind. */
    readonly past: PushServer;
    readonly devices: readonly StandingDevice[];
    readonly address: Loot["address"];
  },
): Promise<Loot> {
  const { app, sender, devices, address } = scene;
  const openTag = "open";
  await sender.tags.setLive(openTag, "open");
  const expired = await scene.past.tags.listenToken("closed");
  return {
    address,
    appId: app.appId,
    keyId: app.keyId,
    openTag,
    usedTokens: devices.slice(0, 100).map(({ usedToken }) => usedToken),
    pastListenToken: expired,
    regIds: devices.slice(0, 100).map(({ regId }) => regId),
    foreignGrant: await sender.grant({ device: "AAAAAAAAAAAAAAAAAAAAAA" }),
    grant:
      attacker === "insider"
        ? await sender.grant({ aliases: [{ prefix: OWN }], tags: [{ prefix: OWN }] })
        : null,
    noisy: attacker === "noisy" ? await noisyApp(scene.mesh, address) : null,
  };
}

async function noisyApp(mesh: Mesh, address: Loot["address"]): Promise<Loot["noisy"]> {
  const app = await mesh.app("noisy");
  await mesh.admin().setQuota(app.appId, NOISY_QUOTA);
  const { regId } = await new StandingDevice().stand(address, app.appId);
  return { ...app, regId };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      host: { type: "string", default: HOST },
      attacker: { type: "string", default: "stranger" },
      seed: { type: "string", default: `${chaosSeed()}` },
      seconds: { type: "string", default: "60" },
      devices: { type: "string", default: "1000" },
      sends: { type: "string", default: "50" },
      lanes: { type: "string" },
      slow: { type: "string" },
      settle: { type: "string", default: "180" },
      only: { type: "string" },
    },
  });
  const attacker = (Object.keys(KINDS) as Kind[]).find((kind) => kind === values.attacker);
  if (attacker === undefined) throw new Error(`--attacker ${values.attacker}`);
  const { only } = values;
  if (only !== undefined && !(only in KINDS[attacker].QUICK)) throw new Error(`--only ${only}`);
  const options: CampaignOptions = {
    host: hostNamed(values.host),
    attacker,
    seed: Number(values.seed),
    seconds: Number(values.seconds),
    devices: Number(values.devices),
    sends: Number(values.sends),
    lanes: Number(values.lanes ?? LANES[attacker].quick),
    slow: Number(values.slow ?? LANES[attacker].slow),
    settleSeconds: Number(values.settle),
    only,
    whenIdle: true,
    log: (line) => console.log(line),
  };
  const { log: _log, ...told } = options;
  console.log(told);
  const verdict = await campaign(options);
  console.log(reportOf(verdict));
}
