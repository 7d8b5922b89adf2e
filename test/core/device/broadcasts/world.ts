/** One device, its app, the nodes of its tags and the calls between them: stepped, and watched. */
import { type Holder, sameHolder } from "../../../../core/alias/types.ts";
import type { AliasCall, TagCall } from "../../../../core/link/effects.ts";
import type { DeliverRequest } from "../../../../core/tag/calls/fan-out.ts";
import { aliasObjectName, tagIdOf } from "../../../../core/tag/name.ts";
import type { AliasRpc, TagRpc } from "../../../../objects/interfaces/rpc.ts";
import { TimeoutError } from "../../../../objects/timeout.ts";
import type { WritablePushUp } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import type { Fault } from "../../support/faults.ts";
import { turn, VirtualClock } from "../../support/runtime/clock.ts";
import { acksOf, type Down, hello, messagesIn, push, readDown } from "../support/frames.ts";
import { noWebhook, openApp } from "../support/open-app.ts";
import { DEVICE_NAME, keyOf, START_MS } from "../support/rig.ts";
import { CallError, RunningDevice } from "../support/running-device.ts";
import { Listener, Violation } from "./listener.ts";
import { ReferenceAlias } from "./reference-alias.ts";
import { ReferenceNode } from "./reference-node.ts";
import { ALIASES, type Step, TAGS } from "./steps.ts";

const APP = "a";
const OTHER: Holder = { device: "another", generation: 1 };
/** How late what a device that was killed had asked arrives. */
const ARRIVES_MS = 500;
/** More than any device needs for what it is in. */
const MOST_CALLS = 1_000;

type Call =
  | { readonly kind: "tag"; readonly name: string; readonly call: TagCall }
  | { readonly kind: "alias"; readonly name: string; readonly call: AliasCall };

/** A call of the device that has no answer yet. */
interface Asked {
  readonly call: Call;
  /** When the device gives it up, by `VirtualClock.elapsed`. */
  readonly until: number;
  result: { readonly answer: unknown } | null;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One that nobody waits for any more. */
interface Late {
  readonly asked: Asked;
  /** When it is carried out, milliseconds since 1970. */
  readonly at: number;
}

/** A call to the device. */
interface Called {
  readonly node: ReferenceNode;
  readonly request: DeliverRequest;
}

interface Sent {
  readonly key: string;
  readonly cover: readonly string[];
  /** Tags through which it has to come: the app was in them when it was sent, and has not left them. */
  readonly through: Set<string>;
  /** It has to be in all of these besides. */
  readonly needs: readonly string[];
  readonly forbidden: boolean;
}

export class World {
  readonly #clock = new VirtualClock(START_MS);
  readonly #host: RunningDevice;
  readonly #app = new Listener();
  readonly #nodes = TAGS.map((tag) => new ReferenceNode(tag));
  readonly #byId = new Map(this.#nodes.map((node) => [tagIdOf(APP, node.tag), node]));
  readonly #aliases = ALIASES.map((alias) => new ReferenceAlias(alias));
  /** What came on the link, unread. */
  #inbox: Down[] = [];
  #asked: Asked[] = [];
  /** Those that nobody will answer, while the device waits for it. */
  #hung: Asked[] = [];
  #late: Late[] = [];
  readonly #called = new Set<Called>();
  readonly #sent: Sent[] = [];
  #linked = false;
  #attached = false;
  /** Of the registration; null where there is none. */
  #slot: number | null = 1;
  #sends = 0;
  /** Calls are answered at once; so many were. */
  #isCalm = true;
  #answered = 0;
  /** What was seen where nothing may be thrown. */
  #failure: unknown = null;

  /** @param hibernates as of `FakeRuntime` */
  constructor(hibernates: boolean) {
    this.#host = new RunningDevice({
      ...{ clock: this.#clock, hibernates },
      peers: {
        node: (name) => this.#nodeRpc(name),
        alias: (name) => this.#aliasRpc(name),
        app: () => openApp,
        webhook: noWebhook,
      },
      onFrame: (frame) => this.#inbox.push(readDown(frame)),
    });
  }

  async play(steps: readonly Step[]): Promise<void> {
    await this.#run(this.#host.shell.openAccount({ publicKey: "key-1", handoverFrom: null }));
    await this.#connect(false);
    await this.#say({ kind: "register", value: { request: 1, appId: `app-${APP}` } });
    this.#inbox = [];
    this.#isCalm = false;
    for (const step of steps) {
      await this.#clock.pass(50);
      this.#arrive();
      await this.#take(step);
      await this.#look();
    }
    await this.#rest();
    await this.#check();
  }

  async #take(step: Step): Promise<void> {
    const host = this.#host;
    switch (step.kind) {
      case "subscribe":
      case "unsubscribe":
        return this.#command(TAGS[step.tag] ?? "", step.kind === "subscribe" ? "in" : "out");
      case "broadcast":
        for (let n = 0; n < step.count; n++) this.#broadcast(step);
        return;
      case "node calls":
        return this.#call(this.#nodes[step.tag]);
      case "nodes give up waiting":
        return this.#clock.pass(LIMITS.BROADCAST_ACK_WAIT_MS);
      case "carried out": {
        const asked = this.#asked[step.call];
        if (asked !== undefined) this.#carryOut(asked);
        return;
      }
      case "answered":
        this.#answer(step.call);
        return;
      case "given up":
        this.#giveUp(step.call, step.fault);
        return;
      case "register":
        return this.#register();
      case "unregister":
        return this.#unregister();
      case "set alias":
      case "unset alias":
        return this.#setAlias(ALIASES[step.alias] ?? "", step.kind === "set alias", step.shared);
      case "alias taken":
        return this.#aliasTaken(this.#aliases[step.alias], step.isRefused);
      case "device reads":
        return this.#read(step.acknowledges);
      case "send":
        return this.#send(step.waits);
      case "connect":
        return this.#connect(step.cursors);
      case "lose":
        if (!this.#linked) return;
        this.#linked = false;
        this.#inbox = [];
        this.#app.lost();
        return this.#run(host.lose());
      case "sleep":
        // Nothing that waits lets it sleep.
        if (this.#asked.length + this.#hung.length + this.#called.size === 0) await host.sleep();
        return;
      case "kill":
        return this.#kill(step.arrives);
      case "attach":
        return this.#attach();
      case "detach":
        if (this.#slot === null) return;
        if (this.#linked) await this.#say({ kind: "detach", value: { slot: this.#slot } });
        // What was sent before is not shown, nor acknowledged.
        this.#inbox = [];
        this.#app.lost();
        this.#attached = false;
        return;
      case "alarm":
        return this.#run(host.alarm());
      case "time passes":
        return this.#clock.pass(step.ms);
    }
  }

  /** Lets all come of a call of the object that comes of it at once. */
  async #run(call: Promise<unknown> | null): Promise<void> {
    const { life } = this.#host;
    call?.catch((error: unknown) => {
      if (!life.isDead) this.#failure ??= error;
    });
    await this.#look();
  }

  /** @throws what was seen */
  async #look(): Promise<void> {
    await turn();
    this.#hung = this.#hung.filter(({ until }) => until > this.#clock.elapsed);
    this.#asked = this.#asked.filter(({ until }) => until > this.#clock.elapsed);
    if (this.#failure !== null) throw this.#failure;
    const { errors } = this.#host.runtime;
    const wrong = errors.find((e) => !(e instanceof CallError) && !(e instanceof TimeoutError));
    if (wrong !== undefined) throw wrong;
    const { closed } = this.#host.socket ?? {};
    if (closed != null) throw new Violation(`closed: ${closed.code} ${closed.detail}`);
    if (this.#host.hasForgotten) throw new Violation("an open link is forgotten");
    const calls = this.#asked.length + this.#hung.length;
    if (calls > 6) throw new Violation(`P8.1 ${calls} calls at once`);
  }

  /** A frame of the device. */
  #receive(frame: Uint8Array): Promise<void> {
    return this.#run(this.#host.receive(frame));
  }

  #say(frame: WritablePushUp): Promise<void> {
    return this.#receive(push(frame));
  }

  async #command(tag: string, then: "in" | "out"): Promise<void> {
    const slot = this.#slot;
    if (!this.#linked || slot === null) return;
    const request = this.#app.command(tag, then);
    for (const { through, needs } of then === "out" ? this.#sent : []) {
      through.delete(tag);
      if (needs.includes(tag)) through.clear();
    }
    const names = { add: then === "in" ? [tag] : [], remove: then === "out" ? [tag] : [] };
    await this.#say({ kind: "subscribe", value: { request, slot, ...names } });
  }

  async #register(): Promise<void> {
    if (!this.#linked || this.#slot !== null) return;
    await this.#say({ kind: "register", value: { request: 3, appId: `app-${APP}` } });
    const standing = [...this.#host.store.registrations.values()].find(
      ({ app, endedAt }) => app === APP && endedAt === null,
    );
    this.#slot = standing?.slot ?? null;
    if (this.#slot === null) throw new Violation("it is not registered");
    this.#app.registered();
  }

  async #unregister(): Promise<void> {
    const slot = this.#slot;
    if (!this.#linked || slot === null) return;
    await this.#say({ kind: "unregister", value: { request: 2, slot } });
    // What was on its way to it is not shown any more.
    this.#inbox = [];
    this.#app.unregistered();
    for (const { through } of this.#sent) through.clear();
    this.#slot = null;
    this.#attached = false;
  }

  async #setAlias(alias: string, held: boolean, shared: boolean): Promise<void> {
    const slot = this.#slot;
    if (!this.#linked || slot === null) return;
    const request = this.#app.aliasCommand(alias, held ? "in" : "out");
    await this.#say({ kind: "setAlias", value: { request, slot, alias, held, shared } });
  }

  /** Whoever holds it is suspended first. */
  async #aliasTaken(alias: ReferenceAlias | undefined, isRefused: boolean): Promise<void> {
    for (const { device, generation } of alias?.holders ?? []) {
      if (device !== DEVICE_NAME) continue;
      const suspension = { app: APP, generation, alias: alias?.name ?? "" };
      await this.#run(this.#host.shell.suspendAlias(suspension));
    }
    if (!isRefused) alias?.taken(OTHER);
  }

  #broadcast({ tags, all, bytes }: Extract<Step, { kind: "broadcast" }>): void {
    const names = tags.map((tag) => TAGS[tag] ?? "");
    const cover = all ? names.slice(0, 1) : names;
    const keyBytes = keyOf(`b${this.#sent.length}`);
    const parts = names.map((tag) => ({ tag }));
    for (const tag of cover) {
      const node = this.#node(tag);
      node.log.push({
        position: node.head + 1,
        seq: 2 * (this.#sent.length + 1),
        expiresAt: Number.MAX_SAFE_INTEGER,
        cover,
        condition: all ? { all: parts } : { any: parts },
        filter: null,
        key: keyBytes,
        lane: 2,
        contentType: 2,
        data: new Uint8Array(bytes),
        collapseKey: null,
        signature: null,
        pace: null,
      });
    }
    const isIn = (tag: string) => this.#app.stateOf(tag) === "in";
    const needs = all ? names : [];
    this.#sent.push({
      key: toBase64Url(keyBytes),
      cover,
      through: new Set(needs.every(isIn) ? cover.filter(isIn) : []),
      needs,
      forbidden: cover.every((tag) => this.#app.stateOf(tag) === "out"),
    });
  }

  #node(tag: string): ReferenceNode {
    const node = this.#nodes.find((each) => each.tag === tag);
    if (node === undefined) throw new Error(`no tag ${tag}`);
    return node;
  }

  async #call(node: ReferenceNode | undefined): Promise<void> {
    const request = node?.next(APP, DEVICE_NAME) ?? null;
    if (node === undefined || request === null) return;
    const called = { node, request };
    this.#called.add(called);
    const answering = this.#host.shell.deliver(structuredClone(request)).then((answer) => {
      if (this.#called.delete(called))
        node.told(DEVICE_NAME, request, answer.ok ? answer.outcome : null);
    });
    await this.#run(answering);
  }

  async #send(waits: boolean): Promise<void> {
    if (this.#slot === null) return;
    const name = `s${++this.#sends}`;
    const sending = this.#host.shell.send({
      ...{ app: APP, generation: this.#generation, key: keyOf(name), lane: 2, contentType: 2 },
      ...{ data: new TextEncoder().encode(name), ttlSeconds: 3_600, collapseKey: null },
      ...{ onOverflow: "drop_oldest", waitMs: waits ? 5_000 : 0 },
    });
    await this.#run(sending);
  }

  /** What the regId of the app says. */
  get #generation(): number {
    const { store } = this.#host;
    const all = store.listRegistrations();
    const account = store.account?.generation ?? 1;
    return all.find(({ app }) => app === APP)?.generation || account;
  }

  #nodeRpc(name: string): TagRpc {
    const ask = (call: TagCall) => this.#ask({ kind: "tag", name, call });
    const rpc = {
      join: (request) => ask({ method: "join", request }),
      leave: (request) => ask({ method: "leave", request }),
      attach: (request) => ask({ method: "attach", request }),
    } as Pick<TagRpc, "join" | "leave" | "attach">;
    return rpc as TagRpc;
  }

  #aliasRpc(name: string): AliasRpc {
    const ask = (call: AliasCall) => this.#ask({ kind: "alias", name, call });
    const rpc = {
      set: (request) => ask({ method: "set", request }),
      unset: (request) => ask({ method: "unset", request }),
      confirm: (request) => ask({ method: "confirm", request }),
      firstAck: (request) => ask({ method: "firstAck", request }),
    } as Pick<AliasRpc, "set" | "unset" | "confirm" | "firstAck">;
    return rpc as AliasRpc;
  }

  /** The device calls another object. */
  #ask(call: Call): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const until = this.#clock.elapsed + LIMITS.DEVICE_CALL_MS;
    this.#asked.push({ call, until, result: null, resolve, reject });
    if (this.#isCalm) this.#answer(this.#asked.length - 1);
    return promise;
  }

  #carryOut(asked: Asked): void {
    asked.result ??= { answer: this.#answerOf(asked.call) };
  }

  #answerOf({ kind, name, call }: Call): unknown {
    const { now } = this.#clock;
    if (kind === "alias") {
      const alias = this.#aliases.find((each) => aliasObjectName(APP, each.name) === name);
      if (alias === undefined) throw new Violation(`${name} is no alias`);
      return alias.call(call, now);
    }
    const [, tagId = "", path = ""] = name.split(".");
    const node = this.#byId.get(tagId);
    if (node === undefined || path !== "") throw new Violation(`${name} is no node`);
    if (call.method === "join") return node.join(call.request, now);
    if (call.method === "leave") return node.leave(call.request, now);
    return node.attach(call.request);
  }

  #answer(index: number): void {
    const [asked] = this.#asked.splice(index, 1);
    if (asked === undefined) return;
    this.#carryOut(asked);
    if (++this.#answered > MOST_CALLS) throw new Violation("P8.1 it asks without end");
    asked.resolve(structuredClone(asked.result?.answer));
  }

  /** The device hears that a call failed, or hears nothing until it gives it up. */
  #giveUp(index: number, { at, kind }: Fault): void {
    const [asked] = this.#asked.splice(index, 1);
    if (asked === undefined) return;
    if (at === "after") this.#carryOut(asked);
    else if (typeof kind === "number") this.#late.push({ asked, at: this.#clock.now + kind });
    if (kind === "hangs") this.#hung.push(asked);
    else asked.reject(new CallError());
  }

  /** What is late is carried out. */
  #arrive(): void {
    const isDue = ({ at }: Late) => at <= this.#clock.now;
    const due = this.#late.filter(isDue);
    this.#late = this.#late.filter((late) => !isDue(late));
    for (const { asked } of due) this.#carryOut(asked);
  }

  /** From now on all calls are answered, those that wait first. */
  async #answerAll(): Promise<void> {
    this.#isCalm = true;
    while (this.#asked.length > 0) this.#answer(0);
    await this.#look();
  }

  async #read(acknowledges: boolean): Promise<void> {
    if (!this.#linked) return;
    const frames = this.#inbox.splice(0);
    const cursors = this.#app.read(frames, (key) => this.#isAlone(key));
    for (const key of this.#app.shown) {
      if (this.#find(key).forbidden)
        throw new Violation(`${key} is shown to who was in none of its tags`);
    }
    const messages = messagesIn(frames);
    if (messages.length > 0) await this.#receive(acksOf(messages));
    if (!acknowledges || cursors.length === 0) return;
    this.#app.acknowledged();
    await this.#say({ kind: "cursors", value: cursors });
  }

  /**
   * For one tag, whatever else the device is in: others may come later than what was sent after them, through the log of
   * another tag or because the device has joined one meanwhile.
   */
  #isAlone(key: string): boolean {
    const { cover, needs } = this.#find(key);
    return cover.length === 1 && needs.length <= 1;
  }

  #find(key: string): Sent {
    const sent = this.#sent.find((each) => each.key === key);
    if (sent === undefined) throw new Violation(`${key} was never sent`);
    return sent;
  }

  async #connect(withCursors: boolean): Promise<void> {
    if (this.#linked) this.#app.lost();
    this.#linked = true;
    this.#inbox = [];
    const refusal = this.#host.connect();
    if (refusal !== null) throw new Violation(`connect: ${refusal}`);
    const attach = this.#attached && this.#slot !== null ? [this.#slot] : [];
    const cursors = withCursors ? { cursors: this.#app.cursors } : {};
    await this.#receive(hello({ attach, ...cursors }));
  }

  async #attach(): Promise<void> {
    if (this.#slot === null) return;
    this.#attached = true;
    if (this.#linked) await this.#say({ kind: "attach", value: { slot: this.#slot } });
  }

  /** What was asked may have been carried out or not, and nobody hears of it. */
  async #kill(arrives: boolean): Promise<void> {
    const at = this.#clock.now + ARRIVES_MS;
    if (arrives) this.#late.push(...this.#asked.map((asked) => ({ asked, at })));
    this.#asked = [];
    this.#hung = [];
    for (const { node, request } of this.#called) node.told(DEVICE_NAME, request, null);
    this.#called.clear();
    this.#inbox = [];
    this.#linked = false;
    this.#app.lost();
    await this.#host.kill();
  }

  /** A good link, and nothing fails: until nothing moves. */
  async #rest(): Promise<void> {
    await this.#clock.pass(120_000);
    await this.#look();
    this.#arrive();
    await this.#answerAll();
    if (!this.#linked) await this.#connect(true);
    await this.#attach();
    // What failed is tried again at the latest after five minutes.
    for (let quiet = 0, round = 0; quiet < 12; round++) {
      if (round > 3_000) throw new Violation("it does not come to rest");
      this.#answered = 0;
      const before = this.#app.shown.size;
      await this.#clock.pass(quiet === 0 ? 2_000 : 30_000);
      let moved = this.#called.size;
      for (const node of this.#nodes) {
        const behind = node.members.get(DEVICE_NAME);
        if (behind?.attached === true && behind.served !== node.head) moved++;
        await this.#call(node);
      }
      await this.#read(true);
      const { alarmAt } = this.#host.disk;
      if (alarmAt !== null && alarmAt <= this.#clock.now) await this.#run(this.#host.alarm());
      moved += this.#app.shown.size - before + this.#answered;
      quiet = moved === 0 ? quiet + 1 : 0;
    }
  }

  async #check(): Promise<void> {
    for (const { key, through } of this.#sent) {
      if (through.size > 0 && !this.#app.shown.has(key)) throw new Violation(`${key} never came`);
    }
    for (const node of this.#nodes) {
      const isMember = node.members.has(DEVICE_NAME);
      const state = this.#app.stateOf(node.tag);
      const isEveryone = node.tag === "" && this.#slot !== null;
      if ((state === "in" || isEveryone) && !isMember)
        throw new Violation(`T1 the member is lost from ${node.tag}`);
      if (state === "out" && isMember)
        throw new Violation(`T1 T15 the member is still in ${node.tag}`);
    }
    for (const alias of this.#aliases) await this.#checkAlias(alias);
  }

  async #checkAlias({ name, holders }: ReferenceAlias): Promise<void> {
    const named = holders.filter(({ device }) => device === DEVICE_NAME);
    if (this.#slot === null) {
      if (named.length > 0) throw new Violation(`T15 ${name} names who is not registered`);
      return;
    }
    const generation = this.#generation;
    const described = await this.#host.shell.describe({ app: APP, generation });
    const isMine = described.ok && described.aliases.includes(name);
    const holder = { device: DEVICE_NAME, generation };
    if (isMine && !named.some((each) => sameHolder(each, holder)))
      throw new Violation(`A1 the device says that it holds ${name}, and it is another's`);
    if (named.length > (isMine ? 1 : 0))
      throw new Violation(`A1 ${name} names a holder that does not know it`);
    const state = this.#app.aliasState(name);
    if (state === "in" && !isMine) throw new Violation(`A1 ${name} was lost, and nobody said so`);
    if (state === "out" && isMine) throw new Violation(`A1 ${name} is still held`);
  }
}
