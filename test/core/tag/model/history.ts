/** Plays a list of steps on the tags of one app, and compares what came of it with what was promised. */
import { acceptedBefore, firstToAccept } from "../../../../core/tag/acceptance.ts";
import type {
  BroadcastAnswer,
  BroadcastRequest,
  BroadcastStatus,
} from "../../../../core/tag/calls/broadcast.ts";
import { recallKey } from "../../../../core/tag/log/recalled.ts";
import { firstPosition } from "../../../../core/tag/tree/creation.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import type { Fault } from "../../support/faults.ts";
import type { SimDevice } from "../support/device.ts";
import type { SimLive } from "../support/live.ts";
import { broadcastOf, type Caller, World } from "../support/world.ts";
import { checkMembers, checkStatus } from "./checks.ts";
import { Ledger, type Sent, Violation } from "./ledger.ts";
import { LASTING_SECONDS, type Step, TAGS, type Tag } from "./steps.ts";

type StepOf<Kind extends Step["kind"]> = Extract<Step, { kind: Kind }>;

/** Nobody waits longer for a broadcast than this because of what is out of order elsewhere. */
const PROMPT_MS = 2_000;
/** How long an alarm may take on a host that bounds it: less than a call that hangs, so that work goes on in the next one. */
const SLICE_MS = 5_000;
/** Longer than any wait before something is tried again. */
const ALL_RETRIES_MS = 700_000;

/** A live node of which the root has been told. */
interface Listening {
  readonly name: string;
  readonly tag: Tag;
  readonly live: SimLive;
  /** Position from which on it has to hear everything; null while nobody listens. */
  since: number | null;
}

export class History {
  readonly world: World;
  readonly #ledger = new Ledger();
  readonly #live = new Map<string, Listening>();
  /** What each device does, one after another. */
  readonly #last = new Map<SimDevice, Promise<unknown>>();
  readonly #sending = new Map<Sent, Promise<unknown>>();
  readonly #open = new Set<Promise<unknown>>();
  /** Who has to be shown a broadcast of ttl 0: it was there all the time, and nothing fails. */
  readonly #now = new Map<Sent, Set<SimDevice>>();
  readonly #dice: () => Fault | null;
  readonly #isRough: boolean;
  /** Until when something may be owed of a probe: what comes later waits behind it, or is told to nobody where it does not last. */
  #owesUntil = 0;
  #isCalm = false;
  #failure: unknown = null;

  /**
   * @param dice what happens to the next call; null where nothing ever fails but what a probe puts out of order
   * @param hibernates as of `FakeRuntime`
   */
  constructor(dice: (() => Fault | null) | null, hibernates: boolean) {
    this.#isRough = dice !== null;
    this.#dice = dice ?? (() => null);
    const fails = (by: Caller) => this.#fault(by);
    this.world = new World({
      ...{ nodeMembers: 2, parallelNodes: 2, born: firstPosition, fails, hibernates },
      sliceMs: SLICE_MS,
    });
  }

  /** @throws Violation */
  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.#take(step);
      if (this.#failure !== null) throw this.#failure;
      this.#ledger.checkTimes(this.world.devices.values(), this.world.clock.now);
    }
    await this.#end();
  }

  #fault(by: Caller): Fault | null {
    const fault = this.#isCalm ? null : this.#dice();
    // What its sender has given up and sent again elsewhere is under way twice: see B4.
    return by === "edge" && fault?.at === "before" && fault.kind !== "fails" ? null : fault;
  }

  async #take(step: Step): Promise<void> {
    const { world } = this;
    switch (step.kind) {
      case "join":
        return this.#do(step, (device) => this.#join(device, step));
      case "leave":
        return this.#do(step, async (device) => {
          this.#ledger.leaves(device, step.tag);
          this.#missesNow(device);
          await device.leave(step.tag);
        });
      case "link":
        return this.#do(step, (device) => device.link());
      case "lose": {
        const device = world.device(step.device);
        this.#missesNow(device);
        return device.lose();
      }
      case "broadcast": {
        const { cover, lane, pace, ttlSeconds, delayMs, waits } = step;
        const isLater = delayMs > 0 && ttlSeconds > 0;
        const due = isLater ? { sendAt: world.clock.now + delayMs } : {};
        return this.#run(this.#send(this.#begin({ cover, lane, pace, ttlSeconds, ...due })), waits);
      }
      case "send again": {
        const sent = this.#sentBack(step.back);
        // Later than that nobody need know it, and it would be another.
        if (sent === undefined || sent.expiresAt + LIMITS.TAG_STATUS_MS < world.clock.now) return;
        return this.#run(this.#send(sent), step.waits);
      }
      case "recall": {
        const sent = this.#sentBack(step.back);
        return sent && this.#run(this.#recall(sent), step.waits);
      }
      case "listen":
        return this.#listen(step);
      case "probe":
        return this.#probe(step);
      case "disk":
        // Where objects hibernate, nobody waits for a commit, and one that fails kills its object.
        if (this.#isRough) world.disks.get(world.nodeName("", step.tag))?.fates.push(step.fate);
        return;
      case "pass":
        return world.clock.pass(step.ms);
      case "alarms":
        return world.alarms(step.ms);
      case "age":
        await this.#ended();
        return world.alarms(2 * LIMITS.TAG_STATUS_MS);
      case "kill":
        this.#now.clear();
        return world.kill();
      case "evict":
        return world.evict();
    }
  }

  /** A device does one thing at a time. */
  #do(
    { device: n, waits }: { readonly device: number; readonly waits: boolean },
    act: (device: SimDevice) => Promise<unknown>,
  ): Promise<void> {
    const device = this.world.device(n);
    const done = (this.#last.get(device) ?? Promise.resolve()).then(() => act(device));
    this.#last.set(
      device,
      done.catch(() => {}),
    );
    return this.#run(done, waits);
  }

  async #run(done: Promise<unknown>, waits: boolean): Promise<void> {
    const settled = done.catch((error: unknown) => {
      this.#failure ??= error;
    });
    this.#open.add(settled);
    void settled.finally(() => this.#open.delete(settled));
    if (waits) await this.world.clock.until(settled);
  }

  async #join(device: SimDevice, { tag, depth }: StepOf<"join" | "leave">): Promise<void> {
    if (await device.join(tag, depth)) this.#ledger.joined(device, tag);
  }

  #begin(change: Partial<BroadcastRequest>): Sent {
    const sent = this.#ledger.begin(broadcastOf(change), this.world.clock.now);
    const isWell = !this.#isRough && this.world.clock.now > this.#owesUntil;
    if (isWell && sent.request.ttlSeconds === 0) {
      const [tag = ""] = sent.request.cover;
      const there = [...this.world.devices.values()].filter((each) => each.isAttached(tag));
      this.#now.set(sent, new Set(there));
    }
    return sent;
  }

  /** What is sent again while it is under way is two broadcasts where a tag got its first member meanwhile: see B4. */
  #send(sent: Sent): Promise<void> {
    const done = (this.#sending.get(sent) ?? Promise.resolve()).then(() => this.#sendOnce(sent));
    this.#sending.set(
      sent,
      done.catch(() => {}),
    );
    return done;
  }

  /** As the edge does it. */
  async #sendOnce(sent: Sent): Promise<void> {
    const { request } = sent;
    const root = (tag: string) => this.world.nodeName("", tag);
    const ask = (tag: string) =>
      this.world.callFromOutside(root(tag), (node) => node.broadcastStatus(request.key), "edge");
    const give = (tag: string, cover: readonly string[]) =>
      this.world.callFromOutside(
        root(tag),
        (node) => node.broadcast({ ...request, cover }),
        "edge",
      );
    const answer = await this.#taken(request.cover, ask, give).catch(() => null);
    if (answer?.ok === true) this.#ledger.accepted(sent, answer);
    else this.#now.delete(sent);
  }

  #sentBack(back: number): Sent | undefined {
    return this.#ledger.sent.filter(({ request }) => request.recalls === undefined).at(-1 - back);
  }

  /** Nothing is promised of a recall that failed: some may have it, and some not. */
  async #recall(sent: Sent): Promise<void> {
    const { taken, request } = sent;
    if (taken === null) return;
    const { tag, seq } = taken;
    this.#now.delete(sent);
    const { key } = request;
    // Tags before the one that took it had never had a member.
    const cover = request.cover.slice(request.cover.indexOf(tag));
    const ttlSeconds = LIMITS.TTL_MAX_SECONDS;
    const change = { cover, key: recallKey(key), recalls: seq, ttlSeconds };
    sent.recall ??= this.#ledger.begin(broadcastOf(change), this.world.clock.now);
    const asked = { key, seq, trustVersion: 0, waitMs: 0 };
    const root = this.world.nodeName("", tag);
    const answer = await this.world
      .callFromOutside(root, (node) => node.recall(asked), "edge")
      .catch(() => null);
    if (answer?.ok !== true) return;
    // Before its time, nobody has to be told.
    const isCancelled = answer.recall.seq === seq;
    if (!isCancelled) this.#ledger.accepted(sent.recall, { tag, seq: answer.recall.seq });
    if (answer.recall.status !== "sent") return;
    const has = (device: SimDevice) => [...device.keys.values()].some((k) => k.includes(sent.key));
    sent.hadBy ??= new Set([...this.world.devices.values()].filter(has));
  }

  async #taken(
    cover: readonly string[],
    ask: (tag: string) => Promise<BroadcastStatus | null>,
    give: (tag: string, cover: readonly string[]) => Promise<BroadcastAnswer>,
  ) {
    const before = cover.length < 2 ? null : await acceptedBefore(cover, ask);
    return before === null ? firstToAccept(cover, give) : { ok: true as const, ...before };
  }

  async #listen({ tag, region, listeners }: StepOf<"listen">): Promise<void> {
    const name = this.world.liveName(region, 0, tag);
    const live = this.world.liveNode(name);
    const one = this.#live.get(name) ?? { name, tag, live, since: null };
    this.#live.set(name, one);
    // Whoever comes is let in when the root has answered; whoever goes, goes.
    if (listeners === 0) one.since = null;
    const wasHeard = live.listeners > 0 && one.since !== null;
    live.listeners = listeners;
    const report = { tag, region, n: 0, listeners };
    const root = this.world.nodeName("", tag);
    const answer = await this.world.clock
      .until(this.world.callFromOutside(root, (node) => node.reportLive(report)))
      .catch(() => null);
    if (answer === null || listeners === 0) return;
    live.head ??= answer.head;
    if (!wasHeard) one.since = answer.head;
  }

  /** Nothing else fails, and nothing waits. */
  async #probe({ target, fault: kind, forMs }: StepOf<"probe">): Promise<void> {
    const { world } = this;
    this.#calm();
    await this.#settle();
    const path = target === "node" ? this.#somePath() : null;
    const out = {
      "live node": (callee: string) => this.#live.get(callee)?.tag === "news",
      "other tag": (callee: string) => callee === world.nodeName("", "b"),
      node: (callee: string) => path !== null && callee === world.nodeName(path),
      device: (callee: string) => callee === world.device(0).name,
    }[target];
    const there = [...world.devices.values()].filter((device) => {
      if (!device.isAttached("news") || out(device.name)) return false;
      return path === null || device.tags.get("news")?.row.path.startsWith(path) !== true;
    });
    world.outage = (callee) => (out(callee) ? { at: "before", kind } : null);
    const sent = this.#begin({ cover: ["news", "b"], ttlSeconds: LASTING_SECONDS });
    await world.clock.until(this.#send(sent));
    await world.clock.pass(PROMPT_MS);
    const waiting = there.filter((device) => !device.keys.get("news")?.includes(sent.key));
    if (sent.taken?.tag === "news" && waiting.length > 0)
      throw new Violation(`${waiting.length} of ${there.length} wait for a ${target} that ${kind}`);
    await world.alarms(forMs);
    world.outage = null;
    this.#owesUntil = world.clock.now + ALL_RETRIES_MS;
    this.#isCalm = false;
  }

  /** Nothing fails by itself. */
  #calm(): void {
    this.#isCalm = true;
    for (const { fates } of this.world.disks.values()) fates.length = 0;
  }

  /** Of a node below the root of the tag. */
  #somePath(): string | null {
    const { world } = this;
    const paths = [..."0123456789abcdef"];
    return paths.find((path) => world.stores.get(world.nodeName(path))?.readNode() != null) ?? null;
  }

  #missesNow(device: SimDevice): void {
    for (const there of this.#now.values()) there.delete(device);
  }

  /** All that is under way ends, and all that failed was tried again. */
  async #settle(): Promise<void> {
    const { clock } = this.world;
    await this.#ended();
    await this.world.alarms(ALL_RETRIES_MS);
    for (const each of this.world.devices.values()) await clock.until(each.mend());
    await this.world.alarms(ALL_RETRIES_MS);
  }

  /** What senders and devices began. */
  async #ended(): Promise<void> {
    while (this.#open.size > 0) await this.world.clock.until(Promise.all(this.#open));
  }

  /** Nothing fails any more. */
  async #end(): Promise<void> {
    const { world } = this;
    this.#calm();
    await this.#settle();
    if (this.#failure !== null) throw this.#failure;
    // Who is linked needs nothing more, not even another broadcast.
    for (const each of world.devices.values())
      if (each.linked) this.#ledger.check(each, world.clock.now);
    this.#checkNow();
    for (const sent of this.#ledger.sent) await checkStatus(world, sent);
    await this.#checkLive();
    // Everybody comes back.
    for (const each of world.devices.values()) {
      for (const tag of [...each.tags.keys()]) await world.clock.until(each.join(tag));
      await world.clock.until(each.link());
      await world.clock.until(each.mend());
    }
    await world.alarms(ALL_RETRIES_MS);
    for (const each of world.devices.values()) this.#ledger.check(each, world.clock.now);
    for (const tag of TAGS) await checkMembers(world, this.#ledger.sent, tag);
  }

  #checkNow(): void {
    for (const [sent, there] of this.#now) {
      const [tag = ""] = sent.request.cover;
      if (sent.taken?.tag !== tag) continue;
      const without = [...there].filter((device) => !device.keys.get(tag)?.includes(sent.key));
      if (without.length > 0)
        throw new Violation(`B11 ${without.length} of ${there.size} who were there had no ttl 0`);
    }
  }

  async #checkLive(): Promise<void> {
    const { now } = this.world.clock;
    const lasting = new Set(
      this.#ledger.sent.filter(({ expiresAt }) => expiresAt > now).map(({ key }) => key),
    );
    for (const { tag, live, since, name } of this.#live.values()) {
      if (since === null) continue;
      const sorted = [...new Set(live.taken)].sort((a, b) => a - b);
      if (sorted.join() !== live.taken.join())
        throw new Violation(`V1 ${name} heard ${live.taken}`);
      const missed = this.world
        .logOf(tag)
        .filter((entry) => entry.position > since && lasting.has(entry.key))
        .filter(({ position }) => !live.taken.includes(position));
      if (missed.length > 0)
        throw new Violation(`B13 ${name} never heard ${missed.map(({ position }) => position)}`);
    }
  }
}
