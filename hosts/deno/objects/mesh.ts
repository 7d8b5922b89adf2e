/** All objects of a mesh in one process, found by name. Idle ones leave memory. */
import type { Keyring } from "../../../core/identity/keyring.ts";
import { DepthCache } from "../../../core/tag/tree/depth-cache.ts";
import { SENDING_MS, sends } from "../../../objects/capacity/sends.ts";
import type { DeviceShell } from "../../../objects/device/device-shell.ts";
import type { Peers } from "../../../objects/interfaces/peers.ts";
import type { Scheduler } from "../../../objects/runtime.ts";
import type { TagDirectoryShell } from "../../../objects/tag/tag-directory-shell.ts";
import type { WebhookPort } from "../../../objects/webhook/webhook-port.ts";
import type { Database } from "../store/database.ts";
import { FreePages } from "../store/free-pages.ts";
import { WebhookPost } from "../webhook-post.ts";
import { WorkSlices } from "../work-slices.ts";
import { type AlarmQueries, Alarms, EARLIEST } from "./alarms.ts";
import { deviceOf } from "./device-shell.ts";
import { Identities } from "./identities.ts";
import { IdleDevices } from "./idle-devices.ts";
import { Leftovers } from "./leftovers.ts";
import { Pool } from "./pool.ts";
import { machineScheduler } from "./runtime.ts";
import {
  aliasOf,
  appDirectoryOf,
  appOf,
  liveOf,
  tagDirectoryOf,
  tagOf,
  webhookOf,
} from "./shells.ts";
import { SweptAlarms } from "./swept-alarms.ts";
import { TimerWheel } from "./timer-wheel.ts";
import { Turns } from "./turns.ts";

/** How often idle devices are looked for. */
const SWEEP_MS = 2_500;
/**
 * A device that did nothing for this many sweeps leaves memory except for its socket: after 10 s, as Workers hibernate.
 * Counted, because a clock may jump.
 */
const IDLE_SWEEPS = 5;

/**
 * Devices gone to sleep after which it is worth collecting what they left: V8 keeps 10 to 60 KB for each that connected
 * (measured: 41 KiB a device instead of 18 for a bare socket), for as long as nothing is allocated.
 */
const COLLECT_COUNT = 500;

export interface MeshOptions {
  readonly db: Database;
  readonly keyring: Keyring;
  /** Called with failures that no caller sees. */
  readonly report: (error: unknown) => void;
  /** Collects garbage; called only while no device is awake, so that nobody waits for it. */
  readonly collect?: () => void;
  /** Members of one node of a tag; default: the bound of the core. */
  readonly nodeMembers?: number | undefined;
  /** Makes the requests of webhooks. Default: there are none. */
  readonly webhookPost?: WebhookPort;
}

export class Mesh {
  readonly db: Database;
  readonly keyring: Keyring;
  readonly report: (error: unknown) => void;
  readonly nodeMembers: number | undefined;
  readonly deviceAlarms: Alarms;
  readonly nodeAlarms: Alarms;
  readonly webhookAlarms: Alarms;
  readonly webhookPost: WebhookPort;
  readonly aliasAlarms = new SweptAlarms();
  readonly wheel: TimerWheel;
  readonly turns = new Turns();
  readonly scheduler: Scheduler;
  readonly workSlices = new WorkSlices({
    isSending: () => sends.isActive(Date.now(), SENDING_MS),
    committed: () => this.db.committed(),
    rest: (ms) => this.turns.sleep(ms),
  });
  readonly identities: Identities;
  /** At which depth joins of a tag begin. */
  readonly depths = new DepthCache();
  readonly devices = new Pool((name, woke) => deviceOf(this, name, woke));
  readonly nodes = new Pool((name, woke) => tagOf(this, name, woke));
  readonly liveNodes = new Pool((name, woke) => liveOf(this, name, woke));
  readonly apps = new Pool((appId, woke) => appOf(this, appId, woke));
  readonly aliases = new Pool((name, woke) => aliasOf(this, name, woke));
  readonly webhooks = new Pool((name, woke) => webhookOf(this, name, woke));
  /** By name: only those of apps that the mesh made are asked. */
  readonly #tagDirectories = new Map<string, TagDirectoryShell>();
  /** The objects that objects call. */
  readonly peers: Peers = {
    device: (name) => this.devices.get(name),
    node: (name) => this.nodes.get(name),
    alias: (name) => this.aliases.get(name),
    live: (name) => this.liveNodes.get(name),
    tagDirectory: (name) => this.tagDirectory(name),
    app: (appId) => this.apps.get(appId),
    webhook: (name) => this.webhooks.get(name),
  };
  /** The objects that the edge calls, as a worker's bindings. */
  readonly bindings = {
    DEVICES: { getByName: this.peers.device },
    TAGS: { getByName: this.peers.node },
    ALIASES: { getByName: this.peers.alias },
    TAG_DIRECTORIES: { getByName: this.peers.tagDirectory },
    LIVE_NODES: { getByName: this.peers.live },
    APPS: { getByName: this.peers.app },
    WEBHOOKS: { getByName: this.peers.webhook },
    APP_DIRECTORY: { getByName: () => appDirectoryOf(this) },
  };
  readonly #sweeper: ReturnType<typeof setInterval>;
  readonly #collect: () => void;
  readonly #idleDevices: IdleDevices;
  readonly #leftovers: Leftovers;
  readonly #freePages: FreePages;
  #sweeps = 0;
  /** Devices gone to sleep since the last collection. */
  #slept = 0;

  constructor({ db, keyring, report, collect = () => {}, nodeMembers, webhookPost }: MeshOptions) {
    this.#collect = collect;
    this.db = db;
    this.keyring = keyring;
    this.identities = new Identities(keyring);
    this.report = report;
    this.nodeMembers = nodeMembers;
    this.webhookPost = webhookPost ?? new WebhookPost("off");
    this.deviceAlarms = this.#alarms(EARLIEST.devices, (name) => this.device(name).onDeadline());
    // A device that leaves 2,000 tags makes as many alarms, which come together.
    this.nodeAlarms = this.#alarms(EARLIEST.nodes, async (name) => {
      await this.workSlices.enter("alarms", name);
      await this.nodes.get(name).alarm();
    });
    this.webhookAlarms = this.#alarms(EARLIEST.webhooks, (name) => this.webhooks.get(name).alarm());
    this.wheel = new TimerWheel(report);
    this.scheduler = machineScheduler(this.wheel, this.turns);
    this.#idleDevices = new IdleDevices(db, this.deviceAlarms);
    this.#freePages = new FreePages(db);
    const isAwake = (name: string) => this.liveNodes.isAwake(name);
    const wakeAlias = (name: string) => this.aliases.get(name).alarm().catch(report);
    this.#leftovers = new Leftovers({ db, nodeAlarms: this.nodeAlarms, isAwake, wakeAlias });
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** The device of this name; there is one object of a name at a time. */
  device(name: string): DeviceShell {
    return this.devices.get(name);
  }

  tagDirectory(name: string): TagDirectoryShell {
    let directory = this.#tagDirectories.get(name);
    if (directory === undefined) {
      directory = tagDirectoryOf(this, name);
      this.#tagDirectories.set(name, directory);
    }
    return directory;
  }

  /** How often idle objects were looked for: the time by which one was used last. */
  get sweeps(): number {
    return this.#sweeps;
  }

  /** How many devices are in memory, and how many are known: for metrics and tests. */
  get counts(): { readonly awake: number; readonly known: number } {
    return this.devices.counts;
  }

  /** Starts no more work of its own: broadcasts pause, and continue at the next start. */
  quiesce(): void {
    this.deviceAlarms.stop();
    this.nodeAlarms.stop();
    this.webhookAlarms.stop();
    this.turns.stop();
  }

  /** Ends timers, commits open writes, and closes the database. */
  close(): void {
    this.quiesce();
    clearInterval(this.#sweeper);
    this.wheel.stop();
    this.db.close();
  }

  #alarms(queries: AlarmQueries, ring: (name: string) => Promise<void>): Alarms {
    const alarms = new Alarms(this.db, queries, async (name) => {
      try {
        await ring(name);
      } catch (error) {
        this.report(error);
        throw error;
      }
    });
    alarms.start();
    return alarms;
  }

  #sweep(): void {
    const idleSince = ++this.#sweeps - IDLE_SWEEPS;
    try {
      this.#idleDevices.step();
      this.#leftovers.step();
      this.#freePages.step();
    } catch (error) {
      this.report(error);
    }
    this.aliasAlarms.look(Date.now());
    this.nodes.sweep(idleSince);
    this.liveNodes.sweep(idleSince);
    this.aliases.sweep(idleSince);
    this.apps.sweep(idleSince);
    this.webhooks.sweep(idleSince);
    this.#slept += this.devices.sweep(idleSince);
    if (this.#slept < COLLECT_COUNT || this.devices.counts.awake > 0) return;
    this.#slept = 0;
    this.#collect();
  }
}
