/** All objects of a mesh in one process, found by name; the idle ones leave memory. */
import type { Keyring } from "../../../core/identity/keyring.ts";
import { links } from "../../../objects/links.ts";
import type { Database } from "../store/database.ts";
import { Alarms } from "./alarms.ts";
import { DeviceHost } from "./device.ts";
import { Waits } from "./waits.ts";

/** How often idle devices are looked for. */
const SWEEP_MS = 2_500;
/**
 * A device that did nothing for this many sweeps leaves memory but for its socket: after 10 s, as Workers hibernate.
 * Counted, because a clock may jump.
 */
const IDLE_SWEEPS = 5;

/**
 * Devices gone to sleep after which it is worth to collect what they left: V8 keeps 10 to 60 KB for each that connected
 * (measured: 41 KiB a device instead of 18 for a bare socket), for as long as nothing is allocated.
 */
const COLLECT_COUNT = 500;

export interface MeshOptions {
  readonly db: Database;
  readonly keyring: Keyring;
  /** Told of failures that no caller sees. */
  readonly report: (error: unknown) => void;
  /** Collects garbage; called only while no device is awake, so that nobody waits for it. */
  readonly collect?: () => void;
}

export class Mesh {
  readonly db: Database;
  readonly keyring: Keyring;
  readonly report: (error: unknown) => void;
  readonly alarms: Alarms;
  readonly waits: Waits;
  readonly #devices = new Map<string, DeviceHost>();
  /** Devices in memory, by name of host object. */
  readonly #awake = new Set<DeviceHost>();
  readonly #sweeper: ReturnType<typeof setInterval>;
  readonly #collect: () => void;
  #sweeps = 0;
  /** Devices gone to sleep since the last collection. */
  #slept = 0;

  constructor({ db, keyring, report, collect = () => {} }: MeshOptions) {
    this.#collect = collect;
    this.db = db;
    this.keyring = keyring;
    this.report = report;
    this.alarms = new Alarms(db, (name) => this.device(name).onDeadline());
    this.alarms.start();
    this.waits = new Waits(report);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** The device of this name; there is one object of a name at a time. */
  device(name: string): DeviceHost {
    let device = this.#devices.get(name);
    if (device === undefined) {
      device = new DeviceHost(this, name);
      this.#devices.set(name, device);
    }
    return device;
  }

  woke(device: DeviceHost): void {
    this.#awake.add(device);
  }

  linked(name: string): void {
    links.add(name);
  }

  unlinked(name: string): void {
    links.delete(name);
  }

  /** How often idle devices were looked for: the time by which a device was used last. */
  get sweeps(): number {
    return this.#sweeps;
  }

  /** How many devices are in memory, and how many are known: for metrics and tests. */
  get counts(): { readonly awake: number; readonly known: number } {
    return { awake: this.#awake.size, known: this.#devices.size };
  }

  /** Ends timers, commits what is written, and closes the database. */
  close(): void {
    clearInterval(this.#sweeper);
    this.alarms.stop();
    this.waits.stop();
    this.db.close();
  }

  #sweep(): void {
    const idleSince = ++this.#sweeps - IDLE_SWEEPS;
    for (const device of this.#awake) {
      if (!device.sleep(idleSince)) continue;
      this.#awake.delete(device);
      this.#slept++;
      if (!device.isNeeded) this.#devices.delete(device.name);
    }
    if (this.#slept < COLLECT_COUNT || this.#awake.size > 0) return;
    this.#slept = 0;
    this.#collect();
  }
}
