/** One device of the mesh, a correct device, the network between them, and senders: stepped, and watched. */
import type { CallPorts } from "../../../../objects/device/device-call.ts";
import type { AppRpc, TagRpc } from "../../../../objects/interfaces/rpc.ts";
import { StorageError } from "../../../../objects/storage-error.ts";
import { TimeoutError } from "../../../../objects/timeout.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { fromBase64Url, toBase64Url } from "../../../../schema/text.ts";
import { turn, VirtualClock } from "../../support/runtime/clock.ts";
import type { CommitFate } from "../../support/runtime/disk.ts";
import { never } from "../../support/runtime/life.ts";
import { type Down, messagesIn, readDown } from "../support/frames.ts";
import { noWebhook, OPEN } from "../support/open-app.ts";
import { keyOf, START_MS } from "../support/rig.ts";
import { CallError, RunningDevice } from "../support/running-device.ts";
import { Ledger, rowOf, type Sent, Violation } from "./ledger.ts";
import { Phone } from "./phone.ts";
import { type Fate, type Peers, SLOW_MS, type Step } from "./steps.ts";

const APPS = ["a", "b"] as const;

/** What a link is closed with where the history asks for it: nobody said hello in time, or the disk failed. */
const CLOSED_BY = ["hello_timeout", "replaced", "storage_unavailable"];

/** A sender that waits for its answer. */
interface Waiting {
  readonly sent: Sent;
  /** By `VirtualClock.elapsed`. */
  readonly until: number;
}

export class World {
  readonly #clock = new VirtualClock(START_MS);
  readonly #ledger = new Ledger();
  readonly #phone = new Phone(APPS, this.#ledger);
  /** Frames on their way to the device. */
  #down: Down[] = [];
  readonly #host: RunningDevice;
  readonly #waiting = new Set<Waiting>();
  #fate: Fate | undefined;
  /** Of the tags that the apps are in: that of all devices. */
  #peers: Peers = "well";
  /** A commit took its time, and is not over. */
  #isSlow = false;
  #counter = 0;
  /** What was seen where nothing may be thrown. */
  #failure: unknown = null;

  /** @param hibernates as of `FakeRuntime` */
  constructor(hibernates: boolean) {
    this.#host = new RunningDevice({
      ...{ clock: this.#clock, hibernates, peers: this.#makePeers() },
      onFrame: (bytes) => this.#onFrame(bytes),
    });
  }

  /** Plays the steps, then lets everything come to rest. @throws Violation */
  async play(steps: readonly Step[]): Promise<void> {
    await this.#run(({ shell }) => shell.openAccount({ publicKey: "key-1", handoverFrom: null }));
    for (const app of this.#phone.apps) await this.#bring(app.name);
    for (const step of steps) {
      await this.#step(step);
      await this.#look();
      this.#checkBounds();
    }
    await this.#rest();
    await this.#checkEnds();
  }

  async #step(step: Step): Promise<void> {
    const host = this.#host;
    const app = "app" in step ? this.#phone.apps[step.app % APPS.length] : undefined;
    switch (step.kind) {
      case "send":
        for (let i = 0; i < step.count; i++) await this.#send(app?.name ?? "", step);
        return;
      case "device reads":
        this.#deviceReads(step.frames, step.acknowledges);
        return;
      case "mesh reads":
        return this.#meshReads(step.frames);
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
        return this.#run(() => host.lose());
      case "device loses link":
        this.#down = [];
        this.#phone.hangUp();
        return;
      case "connect":
        return this.#connect();
      case "sleep":
        // Senders that waited get an error from the platform.
        if (await host.sleep()) this.#waiting.clear();
        return;
      case "alarm":
        return this.#run(() => host.alarm());
      case "kill":
        this.#fate = step.fate;
        return;
      case "disk":
        host.disk.fates.push(step.fate);
        this.#isSlow ||= step.fate !== "fails";
        return;
      case "peers":
        this.#peers = step.are;
        return;
      case "time passes":
        return this.#clock.pass(step.ms);
      case "clock jumps":
        this.#clock.setBack(-step.ms);
        return;
      case "ask":
      case "recall": {
        const sent = this.#ledger.sent.at(-1 - step.message);
        const waitMs = step.kind === "recall" ? step.waitMs : undefined;
        if (sent?.accepted) await this.#ask(sent, waitMs);
      }
    }
  }

  async #send(app: string, step: Extract<Step, { kind: "send" }>): Promise<void> {
    const old = step.retry === 0 ? undefined : this.#ledger.sent.at(-step.retry);
    const again = old?.app === app && old.ttlSeconds === step.ttlSeconds ? old.key : undefined;
    const key = again ?? toBase64Url(keyOf(`m${this.#counter++}`));
    const sent = this.#ledger.attempt(app, key, step.ttlSeconds);
    const until = this.#clock.elapsed + (step.waitMs || LIMITS.ACK_WAIT_DEFAULT_MS);
    const waiting: Waiting = { sent, until };
    this.#waiting.add(waiting);
    const { lane, ttlSeconds, collapseKey, onOverflow, waitMs } = step;
    await this.#run(
      ({ shell }) =>
        shell
          .send({
            ...{ app, generation: 1, key: fromBase64Url(key) ?? new Uint8Array(), lane },
            ...{ contentType: 3, data: new Uint8Array(step.bytes) },
            ...{ ttlSeconds, collapseKey, onOverflow, waitMs },
          })
          .finally(() => this.#waiting.delete(waiting)),
      (answer) => this.#ledger.answered(sent, answer),
    );
    // It is put on the socket only later, or its sender never knew: if it has a row, it was numbered here.
    const row = rowOf(this.#host.store, sent);
    if (row !== undefined) this.#ledger.numbered(sent, row);
    if (this.#host.disk.isPending) this.#ledger.hold(sent);
  }

  /** @param waitMs of a sender who recalls the message. @returns whether the mesh knew the message */
  async #ask(sent: Sent, waitMs?: number): Promise<boolean> {
    const { app, key, seq = 0 } = sent;
    const request = { app, generation: 1, seq, key: fromBase64Url(key) ?? new Uint8Array() };
    let isKnown = false;
    await this.#run(
      ({ shell }) =>
        waitMs === undefined ? shell.status(request) : shell.recall({ ...request, waitMs }),
      (answer) => {
        this.#ledger.statusAnswered(sent, answer, seq);
        isKnown = answer.ok;
      },
    );
    return isKnown;
  }

  async #connect(): Promise<void> {
    this.#down = [];
    this.#phone.dial();
    await this.#run(async (host) => {
      const refusal = host.connect();
      if (refusal !== null) throw new Violation(`connect: ${refusal}`);
    });
  }

  async #meshReads(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const frame = this.#phone.up.shift();
      if (frame === undefined) return;
      await this.#run((host) => host.receive(frame));
    }
  }

  #deviceReads(count: number, acknowledges: boolean): void {
    if (!this.#phone.linked) return;
    for (const frame of this.#down.splice(0, count)) this.#phone.receive(frame, this.#clock.now);
    if (acknowledges) this.#phone.acknowledge(false);
  }

  /**
   * Has the object do something, and tells what it answers, as its host does: or as far as the process lives.
   *
   * @param answered not called where nobody hears
   */
  async #run<Answer>(
    begin: (host: RunningDevice) => Promise<Answer> | null,
    answered: (answer: Answer) => void = () => {},
  ): Promise<void> {
    const fate = this.#fate;
    this.#fate = undefined;
    const host = this.#host;
    const { life, disk, socket } = host;
    if (fate === "before the writes") disk.fates.unshift("lost");
    if (fate === "before the effects") disk.fates.unshift("kept");
    if (socket !== null && fate === "after the answers") socket.framesLeft = 0;
    if (socket !== null && fate === "after one frame") socket.framesLeft = 1;
    const hears = fate === undefined || fate === "after the answers";
    begin(host)?.then(
      (answer) => {
        if (hears && !life.isDead) this.#watch(() => answered(answer));
      },
      (error: unknown) => {
        if (!life.isDead && !isOfDisk(error)) this.#failure ??= error;
      },
    );
    await turn();
    if (fate !== undefined) await this.#die();
    await this.#look();
  }

  /** What is seen must not break off what the mesh does. */
  #watch(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** @throws what was seen */
  async #look(): Promise<void> {
    await turn();
    const host = this.#host;
    if (host.life.isDead) await this.#die();
    if (this.#failure !== null) throw this.#failure;
    const wrong = host.runtime.errors.find((error) => !isOfDisk(error) && !isOfPeers(error));
    if (wrong !== undefined) throw wrong;
    const { closed } = host.socket ?? {};
    if (closed != null && !CLOSED_BY.includes(closed.code))
      throw new Violation(`closed: ${closed.code} ${closed.detail}`);
    if (host.hasForgotten) throw new Violation("an open link is forgotten");
    if (host.disk.isPending) return;
    this.#ledger.release();
    this.#isSlow &&= host.disk.fates.length > 0;
    for (const { sent, until } of this.#waiting)
      if (until <= this.#clock.elapsed) throw new Violation(`P4.9 ${sent.key} is not answered`);
  }

  async #die(): Promise<void> {
    const { disk } = this.#host;
    this.#waiting.clear();
    this.#ledger.release();
    this.#phone.up.length = 0;
    await this.#host.kill();
    disk.fates.splice(0, disk.fates.length, ...disk.fates.filter((fate) => !isKill(fate)));
  }

  #onFrame(bytes: Uint8Array): void {
    const frame = readDown(bytes);
    // What waited for the disk was in time when it was made.
    const now = this.#clock.now - (this.#isSlow ? SLOW_MS : 0);
    this.#watch(() => {
      for (const message of messagesIn([
        this.#phone.inside(frame, this.#host.store.registrations),
      ])) {
        const app = this.#host.store.registrations.get(message.slot)?.app ?? "";
        const sent = this.#ledger.find(app, toBase64Url(message.key));
        this.#ledger.emitted(sent, message, now);
      }
    });
    this.#down.push(frame);
  }

  /** The node of the tag of all devices, and no alias. */
  #makePeers(): CallPorts["peers"] {
    const call = <Answer>(answer: Answer): Promise<Answer> => {
      if (this.#peers === "hanging") return never();
      return this.#peers === "well" ? Promise.resolve(answer) : Promise.reject(new CallError());
    };
    const node: Pick<TagRpc, "join" | "leave" | "attach"> = {
      join: () => call({ kind: "joined", head: 0 }),
      leave: () => call(true),
      attach: ({ after }) => call({ kind: "attached", upTo: after ?? 0, more: false, entries: [] }),
    };
    return {
      node: () => node as TagRpc,
      app: () => ({ admit: () => call(OPEN) }) as Partial<AppRpc> as AppRpc,
      alias: (name) => {
        throw new Violation(`${name} is called`);
      },
      webhook: noWebhook,
    };
  }

  #checkBounds(): void {
    const { store, disk } = this.#host;
    const { mail } = store;
    if (mail.size > 0 && disk.alarmAt === null)
      throw new Violation("rows wait, and no alarm is set");
    for (const slot of store.registrations.keys()) {
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
  async #bring(name: string): Promise<void> {
    for (let round = 0; ; round++) {
      if (round > 10_000) throw new Violation(`${name} does not come to rest`);
      // A device learns by its heartbeat that its link is dead, or that it was replaced.
      if (!this.#phone.linked || !this.#host.isLinked) await this.#connect();
      // Commands are limited to 50 a second: a device that is refused one would give it again.
      await this.#clock.pass(100);
      for (const app of this.#phone.apps) {
        if (app.name !== name) continue;
        this.#phone.register(app);
        this.#phone.attach(app);
      }
      const moved = this.#phone.up.length + this.#down.length;
      await this.#meshReads(this.#phone.up.length);
      this.#deviceReads(this.#down.length, true);
      if (moved === 0 && this.#phone.apps.some((a) => a.name === name && a.state === "attached")) {
        return;
      }
    }
  }

  /** A good link, and all apps listening: nothing has to wait any more. */
  async #rest(): Promise<void> {
    this.#fate = undefined;
    this.#peers = "well";
    this.#host.disk.fates.length = 0;
    // What was written slowly is stored.
    await this.#clock.pass(SLOW_MS);
    await this.#look();
    for (const { name } of this.#phone.apps) await this.#bring(name);
    // What was being asked after when the object slept is asked after again on the next link.
    await this.#connect();
    for (const { name } of this.#phone.apps) await this.#bring(name);
    await this.#clock.pass(LIMITS.ACK_WAIT_MAX_MS);
    await this.#look();
    if (this.#waiting.size > 0) throw new Violation("P4.9 a sender is never answered");
    if (this.#host.store.mail.size > 0)
      throw new Violation("P1.1 rows wait though all apps listen");
  }

  /** What is said now, and after a restart, accounts for every message. */
  async #checkEnds(): Promise<void> {
    for (const restarted of [false, true]) {
      if (restarted) await this.#die();
      for (const sent of this.#ledger.sent) {
        if (!sent.accepted) continue;
        const isKnown = await this.#ask(sent);
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
    const { outcomes, registrations } = this.#host.store;
    for (const [slot, log] of outcomes) {
      if (registrations.get(slot)?.app !== app) continue;
      const { forgotten } = JSON.parse(log) as { forgotten: number };
      if (seq <= forgotten) return true;
    }
    return false;
  }
}

const isKill = (fate: CommitFate): boolean => fate === "lost" || fate === "kept";

/** A row could not be stored, which is refused by this name. */
const isOfDisk = (error: unknown): boolean => error instanceof StorageError;

const isOfPeers = (error: unknown): boolean =>
  error instanceof CallError || error instanceof TimeoutError;
