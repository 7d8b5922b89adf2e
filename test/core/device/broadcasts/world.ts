/** One device, its app, the nodes of its tags and the calls between them: stepped, and watched. */

import { type Holder, sameHolder } from "../../../../core/alias/types.ts";
import type { CallResult, Effect } from "../../../../core/link/effects.ts";
import type { DeliverRequest } from "../../../../core/tag/calls/fan-out.ts";
import { aliasObjectName, tagIdOf } from "../../../../core/tag/name.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import type { Fault } from "../../support/faults.ts";
import { acksOf, hello, messagesIn } from "../support/frames.ts";
import { DEVICE_NAME, keyOf, Rig } from "../support/rig.ts";
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

/** A call of the device that has no answer yet. */
interface Asked {
  readonly effect: Extract<Effect, { kind: "tag" | "alias" }>;
  result: CallResult | null;
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
  readonly token: number;
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
  readonly #rig = Rig.registered();
  readonly #app = new Listener();
  readonly #nodes = TAGS.map((tag) => new ReferenceNode(tag));
  readonly #byId = new Map(this.#nodes.map((node) => [tagIdOf(APP, node.tag), node]));
  readonly #aliases = ALIASES.map((alias) => new ReferenceAlias(alias));
  #asked: Asked[] = [];
  #late: Late[] = [];
  #called: Called[] = [];
  readonly #sent: Sent[] = [];
  #linked = true;
  #attached = false;
  /** Of the registration; null where there is none. */
  #slot: number | null = 1;

  constructor() {
    this.#answerAll();
  }

  play(steps: readonly Step[]): void {
    for (const step of steps) {
      this.#rig.now += 50;
      this.#arrive();
      this.#take(step);
      this.#collect();
    }
    this.#rest();
    this.#check();
  }

  #take(step: Step): void {
    const rig = this.#rig;
    switch (step.kind) {
      case "subscribe":
      case "unsubscribe":
        this.#command(TAGS[step.tag] ?? "", step.kind === "subscribe" ? "in" : "out");
        return;
      case "broadcast":
        for (let n = 0; n < step.count; n++) this.#broadcast(step);
        return;
      case "node calls":
        this.#call(this.#nodes[step.tag]);
        return;
      case "node gives up waiting": {
        const called = this.#called[step.call];
        if (called !== undefined) rig.timeout(called.token);
        return;
      }
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
        this.#register();
        return;
      case "unregister":
        this.#unregister();
        return;
      case "set alias":
      case "unset alias":
        this.#setAlias(ALIASES[step.alias] ?? "", step.kind === "set alias", step.shared);
        return;
      case "alias taken":
        this.#aliasTaken(this.#aliases[step.alias], step.isRefused);
        return;
      case "device reads":
        this.#read(step.acknowledges);
        return;
      case "send":
        if (this.#slot !== null) rig.send({ waitMs: step.waits ? 5_000 : 0 });
        return;
      case "connect":
        this.#connect(step.cursors);
        return;
      case "lose":
        if (!this.#linked) return;
        this.#linked = false;
        rig.lose();
        this.#app.lost();
        return;
      case "sleep":
        // Nothing that waits lets it sleep.
        if (this.#asked.length === 0 && this.#called.length === 0) rig.hibernate();
        return;
      case "kill":
        this.#kill(step.arrives);
        return;
      case "attach":
        this.#attach();
        return;
      case "detach":
        if (this.#slot === null) return;
        if (this.#linked) rig.command({ kind: "detach", value: { slot: this.#slot } });
        // What was sent before is not shown, nor acknowledged.
        rig.take();
        this.#app.lost();
        this.#attached = false;
        return;
      case "alarm":
        rig.alarm();
        return;
      case "time passes":
        rig.now += step.ms;
    }
  }

  #command(tag: string, then: "in" | "out"): void {
    const slot = this.#slot;
    if (!this.#linked || slot === null) return;
    const request = this.#app.command(tag, then);
    for (const { through, needs } of then === "out" ? this.#sent : []) {
      through.delete(tag);
      if (needs.includes(tag)) through.clear();
    }
    const names = { add: then === "in" ? [tag] : [], remove: then === "out" ? [tag] : [] };
    this.#rig.command({ kind: "subscribe", value: { request, slot, ...names } });
  }

  #register(): void {
    if (!this.#linked || this.#slot !== null) return;
    this.#rig.command({ kind: "register", value: { request: 3, appId: `app-${APP}` } });
    const standing = [...this.#rig.store.registrations.values()].find(
      ({ app, endedAt }) => app === APP && endedAt === null,
    );
    this.#slot = standing?.slot ?? null;
    if (this.#slot === null) throw new Violation("it is not registered");
    this.#app.registered();
  }

  #unregister(): void {
    const slot = this.#slot;
    if (!this.#linked || slot === null) return;
    this.#rig.command({ kind: "unregister", value: { request: 2, slot } });
    // What was on its way to it is not shown any more.
    this.#rig.take();
    this.#app.unregistered();
    for (const { through } of this.#sent) through.clear();
    this.#slot = null;
    this.#attached = false;
  }

  #setAlias(alias: string, held: boolean, shared: boolean): void {
    const slot = this.#slot;
    if (!this.#linked || slot === null) return;
    const request = this.#app.aliasCommand(alias, held ? "in" : "out");
    this.#rig.command({ kind: "setAlias", value: { request, slot, alias, held, shared } });
  }

  /** Whoever holds it is suspended first. */
  #aliasTaken(alias: ReferenceAlias | undefined, isRefused: boolean): void {
    for (const { device, generation } of alias?.holders ?? []) {
      if (device !== DEVICE_NAME) continue;
      const suspension = { app: APP, generation, alias: alias?.name ?? "" };
      this.#rig.run((context) => this.#rig.device.suspendAlias(suspension, context));
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

  #call(node: ReferenceNode | undefined): void {
    const request = node?.next(APP, DEVICE_NAME) ?? null;
    if (node === undefined || request === null) return;
    const answer = this.#rig.run((context) => this.#rig.device.deliver(request, context));
    if (typeof answer === "number") this.#called.push({ node, request, token: answer });
    else node.told(DEVICE_NAME, request, answer.ok ? answer.outcome : null);
  }

  /** Takes what the device asked, and what it answered. */
  #collect(): void {
    for (const effect of this.#rig.calls.splice(0)) this.#asked.push({ effect, result: null });
    if (this.#asked.length > 6) throw new Violation(`P8.1 ${this.#asked.length} calls at once`);
    this.#called = this.#called.filter(({ node, request, token }) => {
      const answer = this.#rig.answers.get(token);
      if (answer === undefined) return true;
      const outcome = answer.ok && "outcome" in answer ? answer.outcome : null;
      node.told(DEVICE_NAME, request, outcome);
      return false;
    });
  }

  #carryOut(asked: Asked): void {
    asked.result ??= { ok: true, answer: this.#ask(asked.effect) };
  }

  #ask({ kind, name, call }: Asked["effect"]): Extract<CallResult, { ok: true }>["answer"] {
    const { now } = this.#rig;
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
    this.#tell(asked, asked.result ?? { ok: false });
  }

  #giveUp(index: number, { at, kind }: Fault): void {
    const [asked] = this.#asked.splice(index, 1);
    if (asked === undefined) return;
    if (at === "after") this.#carryOut(asked);
    else if (typeof kind === "number") this.#late.push({ asked, at: this.#rig.now + kind });
    this.#tell(asked, { ok: false });
  }

  #tell({ effect }: Asked, result: CallResult): void {
    this.#rig.run((context) => this.#rig.device.onCallResult(effect.token, result, context));
    this.#collect();
  }

  /** What is late is carried out. */
  #arrive(): void {
    const isDue = ({ at }: Late) => at <= this.#rig.now;
    const due = this.#late.filter(isDue);
    this.#late = this.#late.filter((late) => !isDue(late));
    for (const { asked } of due) this.#carryOut(asked);
  }

  #answerAll(): void {
    this.#collect();
    for (let calls = 0; this.#asked.length > 0; calls++) {
      if (calls > MOST_CALLS) throw new Violation("P8.1 it asks without end");
      this.#answer(0);
    }
  }

  #read(acknowledges: boolean): void {
    if (!this.#linked) return;
    const frames = this.#rig.take();
    const cursors = this.#app.read(frames, (key) => this.#isAlone(key));
    for (const key of this.#app.shown) {
      if (this.#find(key).forbidden)
        throw new Violation(`${key} is shown to who was in none of its tags`);
    }
    const messages = messagesIn(frames);
    if (messages.length > 0) this.#rig.receive(acksOf(messages));
    if (!acknowledges || cursors.length === 0) return;
    this.#app.acknowledged();
    this.#rig.command({ kind: "cursors", value: cursors });
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

  #connect(withCursors: boolean): void {
    if (this.#linked) this.#app.lost();
    this.#linked = true;
    this.#rig.connect(null);
    const attach = this.#attached && this.#slot !== null ? [this.#slot] : [];
    const cursors = withCursors ? { cursors: this.#app.cursors } : {};
    this.#rig.receive(hello({ attach, ...cursors }));
  }

  #attach(): void {
    if (this.#slot === null) return;
    this.#attached = true;
    if (this.#linked) this.#rig.command({ kind: "attach", value: { slot: this.#slot } });
  }

  /** What was asked may have been carried out or not, and nobody hears of it. */
  #kill(arrives: boolean): void {
    this.#rig.restart();
    const at = this.#rig.now + ARRIVES_MS;
    if (arrives) this.#late.push(...this.#asked.map((asked) => ({ asked, at })));
    this.#asked = [];
    for (const { node, request } of this.#called.splice(0)) node.told(DEVICE_NAME, request, null);
    this.#linked = false;
    this.#app.lost();
  }

  /** A good link, and nothing fails: until nothing moves. */
  #rest(): void {
    this.#rig.now += 120_000;
    this.#arrive();
    if (!this.#linked) this.#connect(true);
    this.#attach();
    // What failed is tried again at the latest after five minutes.
    for (let quiet = 0, round = 0; quiet < 12; round++) {
      if (round > 3_000) throw new Violation("it does not come to rest");
      this.#rig.now += quiet === 0 ? 2_000 : 30_000;
      const { length } = this.#sent;
      const before = this.#app.shown.size;
      this.#collect();
      let moved = this.#asked.length + this.#called.length;
      this.#answerAll();
      for (const node of this.#nodes) {
        const behind = node.members.get(DEVICE_NAME);
        if (behind?.attached === true && behind.served !== node.head) moved++;
        this.#call(node);
      }
      this.#read(true);
      this.#collect();
      // What failed is tried again when the device does something.
      this.#rig.command({ kind: "describe", value: { request: 1, slot: this.#slot ?? 1 } });
      this.#rig.alarm();
      moved += this.#app.shown.size - before + this.#sent.length - length;
      quiet = moved === 0 && this.#asked.length === 0 ? quiet + 1 : 0;
    }
  }

  #check(): void {
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
    for (const alias of this.#aliases) this.#checkAlias(alias);
  }

  #checkAlias({ name, holders }: ReferenceAlias): void {
    const named = holders.filter(({ device }) => device === DEVICE_NAME);
    if (this.#slot === null) {
      if (named.length > 0) throw new Violation(`T15 ${name} names who is not registered`);
      return;
    }
    const generation = this.#rig.generationOf(APP);
    const described = this.#rig.device.describe({ app: APP, generation });
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
