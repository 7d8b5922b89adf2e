/** One device of the mesh, a correct device, the network between them, and senders: stepped, and watched. */
import { Device } from "../../../../core/device/device.ts";
import type { LinkSnapshot } from "../../../../core/device/link/snapshot.ts";
import type { StatusAnswer } from "../../../../core/device/types.ts";
import type { Context, Effects } from "../../../../core/link/effects.ts";
import type { SendAnswer } from "../../../../core/message/send.ts";
import { DepthCache } from "../../../../core/tag/tree/depth-cache.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { fromBase64Url, toBase64Url } from "../../../../schema/text.ts";
import { type Down, messagesIn, readDown } from "../support/frames.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { DEVICE_NAME, identity, keyOf, START_MS } from "../support/rig.ts";
import { Ledger, type Sent, Violation } from "./ledger.ts";
import { Phone } from "./phone.ts";
import type { Fate, Step } from "./steps.ts";

const APPS = ["a", "b"] as const;

/**
 * What is out of memory is not back in the same millisecond: numbers are made of it, and one that nothing durable tells of would be
 * given again.
 */
const BOOT_MS = 100;

/** A sender that waits for its answer. */
interface Waiting {
  readonly sent: Sent;
  readonly until: number;
}

export class World {
  #now = START_MS;
  #store = new MemoryStore();
  #device: Device;
  readonly #ledger = new Ledger();
  readonly #phone = new Phone(APPS, this.#ledger);
  /** Frames on their way to the device. */
  #down: Down[] = [];
  #attachment: LinkSnapshot | null = null;
  /** Of the socket that the device opened last. */
  #session: string | undefined;
  readonly #waiting = new Map<number, Waiting>();
  /** Tokens whose senders wait on, for the device's answer. */
  readonly #goesOn = new Set<number>();
  #fate: Fate | undefined;
  #counter = 0;

  constructor() {
    this.#device = this.#boot();
    this.#run((context) =>
      this.#device.openAccount({ publicKey: "key", handoverFrom: null }, context),
    );
  }

  /** Plays the steps, then lets everything come to rest. @throws Violation */
  play(steps: readonly Step[]): void {
    for (const app of this.#phone.apps) this.#bring(app.name);
    for (const step of steps) {
      this.#step(step);
      this.#checkBounds();
    }
    this.#rest();
    this.#checkEnds();
  }

  #step(step: Step): void {
    const app = "app" in step ? this.#phone.apps[step.app % APPS.length] : undefined;
    switch (step.kind) {
      case "send":
        for (let i = 0; i < step.count; i++) this.#send(app?.name ?? "", step);
        return;
      case "device reads":
        this.#deviceReads(step.frames, step.acknowledges);
        return;
      case "mesh reads":
        this.#meshReads(step.frames);
        return;
      case "acknowledge":
        this.#phone.acknowledge(step.garbage);
        return;
      case "attach":
      case "detach":
      case "register":
      case "unregister":
        if (app !== undefined) this.#phone[step.kind](app);
        return;
      case "mesh loses link":
        // What was on its way to the mesh is gone; the device may still read what reached it.
        this.#phone.up.length = 0;
        this.#run((context) => this.#device.linkLost(context));
        return;
      case "device loses link":
        this.#down = [];
        this.#phone.hangUp();
        return;
      case "connect":
        this.#connect();
        return;
      case "sleep":
        this.#sleep();
        return;
      case "alarm":
        this.#run((context) => this.#device.onDeadline(context));
        return;
      case "kill":
        this.#fate = step.fate;
        return;
      case "time passes":
        this.#now += step.ms;
        this.#timeOut(this.#now);
        return;
      case "clock jumps":
        this.#now += step.ms;
        return;
      case "ask": {
        const sent = this.#ledger.sent.at(-1 - step.message);
        if (sent?.accepted) this.#ask(sent);
      }
    }
  }

  #send(app: string, step: Extract<Step, { kind: "send" }>): void {
    const old = step.retry === 0 ? undefined : this.#ledger.sent.at(-step.retry);
    const again = old?.app === app && old.ttlSeconds === step.ttlSeconds ? old.key : undefined;
    const key = again ?? toBase64Url(keyOf(`m${this.#counter++}`));
    const sent = this.#ledger.attempt(app, key, step.ttlSeconds);
    let answer: SendAnswer | number | undefined;
    this.#run(
      (context) => {
        answer = this.#device.send(
          {
            app,
            generation: 1,
            key: fromBase64Url(key) ?? new Uint8Array(),
            lane: step.lane,
            contentType: 3,
            data: new Uint8Array(step.bytes),
            ttlSeconds: step.ttlSeconds,
            collapseKey: step.collapseKey,
            onOverflow: step.onOverflow,
            waitMs: step.waitMs,
          },
          context,
        );
      },
      () => {
        const until = this.#now + (step.waitMs || LIMITS.ACK_WAIT_DEFAULT_MS);
        if (typeof answer === "object") this.#ledger.answered(sent, answer);
        else if (answer !== undefined) this.#waiting.set(answer, { sent, until });
      },
    );
    if (typeof answer === "object" && "seq" in answer && sent.told.has(answer.seq)) return;
    // It is put on the socket only later, or its sender never knew: if it has a row, it was numbered here.
    const row = this.#rowOf(sent);
    if (row !== undefined) this.#ledger.numbered(sent, row);
  }

  #rowOf({ app, key }: Sent): number | undefined {
    for (const { header } of this.#store.mail.values()) {
      if (header.key === key && this.#store.registrations.get(header.slot)?.app === app) {
        return header.seq;
      }
    }
    return undefined;
  }

  /** @returns whether the mesh knew the message */
  #ask(sent: Sent): boolean {
    const { app, key, seq = 0 } = sent;
    const request = { app, generation: 1, seq, key: fromBase64Url(key) ?? new Uint8Array() };
    let answer: StatusAnswer | undefined;
    this.#run(
      (context) => {
        answer = this.#device.status(request, context);
      },
      () => {
        if (answer !== undefined) this.#ledger.statusAnswered(sent, answer);
      },
    );
    return answer?.ok ?? false;
  }

  #connect(): void {
    this.#down = [];
    this.#phone.dial();
    const n = this.#counter++;
    const session = toBase64Url(new Uint8Array(16).fill(n).fill(n >> 8, 8));
    this.#session = session;
    const tokenExpires = Math.floor(this.#now / 1_000) - LIMITS.CLOCK_SKEW_SECONDS;
    const claims = { generation: 1, publicKey: "key", tokenId: `${n}`, tokenExpires };
    this.#run((context) => {
      const opened = this.#device.connect(claims, session, context);
      if (!opened.ok) throw new Violation(`connect: ${opened.code}`);
    });
  }

  #meshReads(count: number): void {
    for (let i = 0; i < count; i++) {
      const frame = this.#phone.up.shift();
      if (frame === undefined) return;
      this.#run((context) => this.#device.receive(frame, context));
    }
  }

  #deviceReads(count: number, acknowledges: boolean): void {
    if (!this.#phone.linked) return;
    for (const frame of this.#down.splice(0, count)) this.#phone.receive(frame, this.#now);
    if (acknowledges) this.#phone.acknowledge(false);
  }

  /** The object is evicted; its socket stays. Senders that waited get an error from the platform. */
  #sleep(): void {
    this.#waiting.clear();
    this.#now += BOOT_MS;
    this.#device = this.#boot();
    const snapshot = this.#attachment;
    if (snapshot !== null) this.#device.restore(structuredClone(snapshot));
  }

  /** Every sender whose wait is over is answered. */
  #timeOut(until: number): void {
    for (const [token, waiting] of [...this.#waiting]) {
      if (waiting.until > until) continue;
      this.#run((context) => this.#device.waitTimeout(token, context));
      if (this.#goesOn.delete(token)) {
        this.#run((context) => this.#device.waitTimeout(token, context));
      }
      if (this.#waiting.has(token)) throw new Violation(`P4.9 ${waiting.sent.key} is not answered`);
    }
  }

  /** Runs one handler as the host does, or as far as the process lives. */
  #run(handler: (context: Context) => void, answered = (): void => undefined): void {
    const fate = this.#fate;
    this.#fate = undefined;
    const before = fate === "before the writes" ? this.#store.copy() : undefined;
    const effects: Effects = [];
    handler({ now: this.#now, effects });
    if (fate !== undefined) {
      if (fate === "after some effects") this.#carryOut(effects.slice(0, effects.length / 2));
      this.#die(before ?? this.#store);
      return;
    }
    answered();
    this.#carryOut(effects);
    this.#attachment =
      this.#device.session === null
        ? null
        : (this.#device.takeSnapshot(this.#now) ?? this.#attachment);
  }

  #die(store: MemoryStore): void {
    this.#store = store.copy();
    this.#waiting.clear();
    this.#attachment = null;
    this.#phone.up.length = 0;
    this.#now += BOOT_MS;
    this.#device = this.#boot();
  }

  #carryOut(effects: Effects): void {
    for (const effect of effects) {
      if (effect.kind === "close") throw new Violation(`closed: ${effect.code} ${effect.detail}`);
      if (effect.kind === "wait") this.#goesOn.add(effect.token);
      else if (effect.kind === "settle") {
        const waiting = this.#waiting.get(effect.token);
        this.#waiting.delete(effect.token);
        if (waiting !== undefined) this.#ledger.answered(waiting.sent, effect.answer);
      } else if (effect.kind === "frame") {
        const frame = readDown(effect.bytes);
        for (const message of messagesIn([frame])) {
          const app = this.#store.registrations.get(message.slot)?.app ?? "";
          const sent = this.#ledger.find(app, toBase64Url(message.key));
          this.#ledger.emitted(sent, message, this.#now);
        }
        this.#down.push(frame);
      }
    }
  }

  #boot(): Device {
    return new Device({
      store: this.#store,
      identity,
      name: DEVICE_NAME,
      depths: new DepthCache(),
      reconnectFirstMs: LIMITS.RECONNECT_FIRST_MS,
      bufferedBytes: () => 0,
      now: this.#now,
    });
  }

  #checkBounds(): void {
    const { mail } = this.#store;
    if (mail.size > 0 && this.#device.deadline === null) {
      throw new Violation("rows wait, and no deadline is set");
    }
    for (const slot of this.#store.registrations.keys()) {
      const bytes = [...mail.values()].flatMap(({ header }) =>
        header.slot === slot ? [header.bytes] : [],
      );
      if (bytes.length > LIMITS.MAILBOX_MESSAGES + LIMITS.INFLIGHT_MESSAGES) {
        throw new Violation(`P8.1 ${bytes.length} rows wait`);
      }
      if (bytes.reduce((sum, n) => sum + n, 0) > LIMITS.MAILBOX_BYTES + LIMITS.INFLIGHT_BYTES) {
        throw new Violation("P8.1 too many bytes wait");
      }
    }
  }

  /** Registers and attaches an app, as far as frames have to go for it. */
  #bring(name: string): void {
    // A device learns by its heartbeat that its link is dead, or that it was replaced.
    if (!this.#phone.linked || this.#device.session !== this.#session) this.#connect();
    for (let round = 0; ; round++) {
      if (round > 10_000) throw new Violation(`${name} does not come to rest`);
      // Commands are limited to 50 a second: a device that is refused one would give it again.
      this.#now += 100;
      for (const app of this.#phone.apps) {
        if (app.name !== name) continue;
        this.#phone.register(app);
        this.#phone.attach(app);
      }
      const moved = this.#phone.up.length + this.#down.length;
      this.#meshReads(this.#phone.up.length);
      this.#deviceReads(this.#down.length, true);
      if (moved === 0 && this.#phone.apps.some((a) => a.name === name && a.state === "attached")) {
        return;
      }
    }
  }

  /** A good link, and all apps listening: nothing has to wait any more. */
  #rest(): void {
    this.#fate = undefined;
    for (const { name } of this.#phone.apps) this.#bring(name);
    // What was being asked after when the object slept is asked after again on the next link.
    this.#connect();
    for (const { name } of this.#phone.apps) this.#bring(name);
    this.#timeOut(Number.POSITIVE_INFINITY);
    if (this.#waiting.size > 0) throw new Violation("P4.9 a sender is never answered");
    if (this.#store.mail.size > 0) throw new Violation("P1.1 rows wait though all apps listen");
  }

  /** What is said now, and after a restart, accounts for every message. */
  #checkEnds(): void {
    for (const restarted of [false, true]) {
      if (restarted) this.#die(this.#store);
      for (const sent of this.#ledger.sent) {
        if (!sent.accepted) continue;
        const isKnown = this.#ask(sent);
        const isOpen = sent.told.get(sent.seq ?? 0) === "sent";
        // One that was pushed out of the full log before the device answered for it is not known any more (P4.8).
        const isGone = !isKnown && this.#isForgotten(sent);
        if (isOpen && !isGone && sent.ttlSeconds > 0) {
          throw new Violation(`P4.5 ${sent.key} stays sent though all apps listen`);
        }
        const reached = sent.shown > 0 || isOpen;
        if (!sent.ended && !reached && !this.#isForgotten(sent)) {
          throw new Violation(`P1.1 ${sent.key} was accepted, and is lost`);
        }
      }
    }
  }

  /** Whether more than the bound of other messages of its registration ended since. */
  #isForgotten({ app, seq = 0 }: Sent): boolean {
    for (const [slot, log] of this.#store.outcomes) {
      if (this.#store.registrations.get(slot)?.app !== app) continue;
      const { forgotten } = JSON.parse(log) as { forgotten: number };
      if (seq <= forgotten) return true;
    }
    return false;
  }
}
