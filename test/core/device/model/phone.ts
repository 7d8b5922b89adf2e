/** A device that keeps to docs/protocol.md: its registrations, duplicate windows and acknowledgements. */
import type { RegistrationRecord } from "../../../../core/device/store.ts";
import {
  DeviceEventKind,
  type Message,
  type Withdraw,
  type WritablePushUp,
} from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import { type Down, echo, hello, push } from "../support/frames.ts";
import { type Ledger, Violation } from "./ledger.ts";
import { SealedApp } from "./sealed-app.ts";

type AppState = "gone" | "registering" | "detached" | "attached" | "detaching" | "ending";

interface PhoneApp {
  readonly name: string;
  state: AppState;
  slot: number;
  /** The highest number that it received. */
  lastSeq: number;
  /** Keys of what it saw, oldest first, by priority. */
  readonly windows: Readonly<Record<1 | 2 | 3, Set<string>>>;
  /** Its key with the mesh; null if it has none. */
  readonly sealed: SealedApp | null;
}

/** A lane of the current socket. */
interface PhoneLane {
  readonly slot: number;
  readonly priority: 1 | 2 | 3;
  /** To acknowledge up to; undefined where nothing is open. */
  open: number | undefined;
  /** The highest that came. */
  last: number;
  /** What was dropped since the last acknowledgement. */
  discarded: number[];
}

/** The app that has a key with the mesh; the others have none. */
const SEALED = "a";

export class Phone {
  readonly apps: readonly PhoneApp[];
  readonly #ledger: Ledger;
  #lanes = new Map<string, PhoneLane>();
  /** Whether it takes its socket for open. */
  linked = false;
  /** Frames on their way to the mesh. */
  readonly up: Uint8Array[] = [];

  constructor(names: readonly string[], ledger: Ledger) {
    this.apps = names.map((name) => ({
      name,
      state: "gone",
      slot: 0,
      lastSeq: 0,
      windows: { 1: new Set(), 2: new Set(), 3: new Set() },
      sealed: name === SEALED ? new SealedApp(`app-${name}`) : null,
    }));
    this.#ledger = ledger;
  }

  /** Opens a socket: says hello and attaches. */
  dial(): void {
    this.linked = true;
    this.#lanes = new Map();
    this.up.length = 0;
    for (const app of this.apps) if (app.state === "detaching") app.state = "detached";
    // An app that is not open yet has told the device nothing.
    const open = this.apps.filter(({ state }) => state === "attached");
    // The numbers of sealed frames are in the clear.
    const numbers = this.apps.map(({ sealed }) => sealed?.epoch.highest ?? 0);
    const lastSeq = Math.max(0, ...open.map((app) => app.lastSeq), ...numbers);
    this.up.push(hello({ lastSeq, attach: open.map(({ slot }) => slot) }));
  }

  hangUp(): void {
    this.linked = false;
  }

  register(app: PhoneApp): void {
    if (app.state !== "gone" || !this.linked) return;
    app.state = "registering";
    const appId = `app-${app.name}`;
    const value = app.sealed?.epoch.register(1, appId) ?? { request: 1, appId };
    this.#command({ kind: "register", value });
  }

  unregister(app: PhoneApp): void {
    if ((app.state !== "attached" && app.state !== "detached") || !this.linked) return;
    app.state = "ending";
    const command = { kind: "unregister", value: { request: 2, slot: app.slot } } as const;
    this.#command(app.sealed?.seal(command) ?? command);
  }

  attach(app: PhoneApp): void {
    if (app.state !== "detached" || !this.linked) return;
    app.state = "attached";
    this.#command({ kind: "attach", value: { slot: app.slot } });
  }

  /**
   * What was sent before the mesh read this is neither shown nor acknowledged. The echo tells when that is over:
   * attached sooner, an acknowledgement of a message from before could cover one that was passed over.
   */
  detach(app: PhoneApp): void {
    if (app.state !== "attached" || !this.linked) return;
    app.state = "detaching";
    this.#command({ kind: "detach", value: { slot: app.slot } });
    this.up.push(echo(app.slot));
  }

  /** What the mesh has sent, whether it arrives or not. @param stored the registrations of the mesh */
  inside(frame: Down, stored: ReadonlyMap<number, RegistrationRecord>): Down {
    const slots = frame.kind === "deliver" ? frame.value.messages.map(({ slot }) => slot) : [];
    const slot = frame.kind === "sealed" ? frame.value.slot : (slots[0] ?? 0);
    const record = stored.get(slot);
    const sealed = this.apps.find(({ name }) => name === record?.app)?.sealed ?? null;
    if (frame.kind === "sealed" && record !== undefined && sealed !== null)
      return sealed.inside(frame.value, record);
    if (frame.kind === "sealed" || (frame.kind === "deliver" && sealed !== null))
      throw new Violation(`S27 ${frame.kind} for slot ${slot}`);
    return frame;
  }

  /** Reads one frame of the mesh. */
  receive(frame: Down, now: number): void {
    switch (frame.kind) {
      case "welcome":
        for (const app of this.apps) app.sealed?.welcomed(frame.value);
        this.#welcomed(new Map(frame.value.registrations.map((r) => [r.appId, r.slot])));
        return;
      case "registered": {
        const app = this.apps.find(({ name }) => `app-${name}` === frame.value.registration.appId);
        app?.sealed?.registered(frame.value.registration);
        if (app?.state === "registering") {
          app.slot = frame.value.registration.slot;
          app.state = "detached";
        }
        return;
      }
      case "unregistered": {
        const app = this.#inSlot(frame.value.slot);
        if (app?.state === "ending") app.state = "gone";
        this.#forgetLanes(frame.value.slot);
        return;
      }
      case "echo": {
        const app = this.#inSlot(frame.value.nonce);
        if (app?.state === "detaching") app.state = "detached";
        this.#forgetLanes(frame.value.nonce);
        return;
      }
      case "sealed": {
        const app = this.#inSlot(frame.value.slot);
        const opened = app?.sealed?.open(frame.value);
        if (opened) this.receive(opened, now);
        return;
      }
      case "withdraw":
        if (frame.value.recall) this.#recalled(frame.value);
        return;
      case "deliver":
        for (const message of frame.value.messages) this.#take(message, now);
    }
  }

  /** Acknowledges what it took; with `garbage`, also what nobody sent. */
  acknowledge(garbage: boolean): void {
    if (!this.linked) return;
    const acks = [];
    for (const lane of this.#lanes.values()) {
      if (lane.open === undefined) continue;
      const { slot, priority, open: seq, discarded } = lane;
      acks.push({ slot, priority, seq, discarded });
      lane.discarded = [];
      lane.open = undefined;
    }
    if (garbage) {
      acks.push({ slot: 1, priority: 2 as const, seq: 0 });
      acks.push({ slot: 31_337, priority: 1 as const, seq: Number.MAX_SAFE_INTEGER });
    }
    if (acks.length > 0) this.#command({ kind: "acks", value: acks });
  }

  /** Acts on the registrations that the mesh holds: commands whose answer was lost are given again. */
  #welcomed(held: ReadonlyMap<string, number>): void {
    for (const app of this.apps) {
      const slot = held.get(`app-${app.name}`);
      if (app.state === "registering") {
        app.state = slot === undefined ? "gone" : "detached";
        app.slot = slot ?? 0;
        this.register(app);
      } else if (app.state === "ending") {
        app.state = slot === undefined ? "gone" : "detached";
        this.unregister(app);
      }
    }
  }

  #take(message: Message, now: number): void {
    const { slot, seq, priority } = message;
    const app = this.#inSlot(slot);
    if (app?.state !== "attached") return;
    app.lastSeq = Math.max(app.lastSeq, seq);
    const lane = this.#lane(slot, priority);
    if (seq <= lane.last) {
      throw new Violation(`P3.1 ${seq} came after ${lane.last} on one socket`);
    }
    lane.last = seq;
    lane.open = Math.max(lane.open ?? 0, seq);
    const key = toBase64Url(message.key);
    if (Object.values(app.windows).some((window) => window.has(key))) return;
    const sent = this.#ledger.find(app.name, key);
    // From its receipt on, which is now, by a clock that nobody sets: the time of day may jump there and back.
    const { remainingMs, expiresAtMs = Number.POSITIVE_INFINITY } = message;
    if (remainingMs === undefined ? expiresAtMs <= now : remainingMs === 0) {
      sent.discarded = true;
      lane.discarded.push(seq);
      return;
    }
    const window = app.windows[priority];
    window.add(key);
    for (const oldest of window) {
      if (window.size <= LIMITS.DUPLICATE_WINDOW) break;
      window.delete(oldest);
    }
    this.#ledger.showed(sent, message);
  }

  /** Says whether its app has the message. What it takes, it has at once, so nothing is left to be dropped. */
  #recalled({ slot, key, seq = 0 }: Withdraw): void {
    const app = this.#inSlot(slot);
    if (app?.state !== "attached" || !this.linked) return;
    const has = Object.values(app.windows).some((window) => window.has(toBase64Url(key)));
    const kind = has ? DeviceEventKind.RECALLED : DeviceEventKind.UNKNOWN;
    const value = { request: 3, slot, events: [{ kind, key: key.slice(), seq }] };
    const command = { kind: "events", value } as const;
    this.#command(app.sealed?.seal(command) ?? command);
  }

  #inSlot(slot: number): PhoneApp | undefined {
    return this.apps.find((app) => app.slot === slot && app.state !== "gone");
  }

  #lane(slot: number, priority: 1 | 2 | 3): PhoneLane {
    const id = `${slot} ${priority}`;
    const lane = this.#lanes.get(id) ?? { slot, priority, open: undefined, last: 0, discarded: [] };
    this.#lanes.set(id, lane);
    return lane;
  }

  #forgetLanes(slot: number): void {
    for (const [id, lane] of this.#lanes) if (lane.slot === slot) this.#lanes.delete(id);
  }

  #command(frame: WritablePushUp): void {
    this.up.push(push(frame));
  }
}
