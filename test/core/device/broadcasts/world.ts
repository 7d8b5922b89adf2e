/** One device, its app, the nodes of its tags and the calls between them: stepped, and watched. */
import type { CallResult, Effect } from "../../../../core/link/effects.ts";
import { tagIdOf } from "../../../../core/tag/name.ts";
import type { DeliverRequest } from "../../../../core/tag/types.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import { acksOf, hello, messagesIn } from "../support/frames.ts";
import { DEVICE_NAME, keyOf, Rig } from "../support/rig.ts";
import { Listener, Violation } from "./listener.ts";
import { ReferenceNode } from "./reference-node.ts";
import { type Step, TAGS } from "./steps.ts";

const APP = "a";
const SLOT = 1;

/** A call of the device that has no answer yet. */
interface Asked {
  readonly effect: Extract<Effect, { kind: "tag" }>;
  result: CallResult | null;
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
  #asked: Asked[] = [];
  #called: Called[] = [];
  readonly #sent: Sent[] = [];
  #linked = true;
  #attached = false;

  constructor() {
    this.#answerAll();
  }

  play(steps: readonly Step[]): void {
    for (const step of steps) {
      this.#rig.now += 50;
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
      case "failed":
        this.#answer(step.call, step.kind === "failed");
        return;
      case "device reads":
        this.#read(step.acknowledges);
        return;
      case "send":
        rig.send({ waitMs: step.waits ? 5_000 : 0 });
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
        this.#kill();
        return;
      case "attach":
        this.#attach();
        return;
      case "detach":
        if (this.#linked) rig.command({ kind: "detach", value: { slot: SLOT } });
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
    if (!this.#linked) return;
    const request = this.#app.command(tag, then);
    for (const { through, needs } of then === "out" ? this.#sent : []) {
      through.delete(tag);
      if (needs.includes(tag)) through.clear();
    }
    const names = { add: then === "in" ? [tag] : [], remove: then === "out" ? [tag] : [] };
    this.#rig.command({ kind: "subscribe", value: { request, slot: SLOT, ...names } });
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
    const answer = this.#rig.run((now, effects) => this.#rig.device.deliver(request, now, effects));
    if (typeof answer === "number") this.#called.push({ node, request, token: answer });
    else node.told(DEVICE_NAME, request, answer.ok ? answer.outcome : null);
  }

  /** Takes what the device asked, and what it answered. */
  #collect(): void {
    for (const effect of this.#rig.calls.splice(0)) {
      if (effect.kind !== "tag") throw new Violation("the device asks for an alias");
      this.#asked.push({ effect, result: null });
    }
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
    if (asked.result !== null) return;
    const { name, call } = asked.effect;
    const [, tagId = "", path = ""] = name.split(".");
    const node = this.#byId.get(tagId);
    if (node === undefined || path !== "") throw new Violation(`${name} is no node`);
    if (call.method === "join") asked.result = { ok: true, answer: node.join(call.request) };
    else if (call.method === "leave") asked.result = { ok: true, answer: node.leave(call.request) };
    else asked.result = { ok: true, answer: node.attach(call.request) };
  }

  #answer(index: number, failed: boolean): void {
    const [asked] = this.#asked.splice(index, 1);
    if (asked === undefined) return;
    if (!failed) this.#carryOut(asked);
    const result: CallResult = failed || asked.result === null ? { ok: false } : asked.result;
    this.#rig.run((now, effects) =>
      this.#rig.device.called(asked.effect.token, result, now, effects),
    );
    this.#collect();
  }

  #answerAll(): void {
    for (this.#collect(); this.#asked.length > 0; ) this.#answer(0, false);
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
    const attach = this.#attached ? [SLOT] : [];
    const cursors = withCursors ? { cursors: this.#app.cursors } : {};
    this.#rig.receive(hello({ attach, ...cursors }));
  }

  #attach(): void {
    this.#attached = true;
    if (this.#linked) this.#rig.command({ kind: "attach", value: { slot: SLOT } });
  }

  /** What was asked may have been carried out or not, and nobody hears of it. */
  #kill(): void {
    this.#rig.restart();
    this.#asked = [];
    for (const { node, request } of this.#called.splice(0)) node.told(DEVICE_NAME, request, null);
    this.#linked = false;
    this.#app.lost();
  }

  /** A good link, and nothing fails: until nothing moves. */
  #rest(): void {
    this.#rig.now += 60_000;
    if (!this.#linked) this.#connect(true);
    this.#attach();
    for (let quiet = 0, round = 0; quiet < 3; round++) {
      if (round > 3_000) throw new Violation("it does not come to rest");
      this.#rig.now += 2_000;
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
      this.#rig.command({ kind: "describe", value: { request: 1, slot: SLOT } });
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
      if (state === "in" && !isMember) throw new Violation(`the member is lost from ${node.tag}`);
      if (state === "out" && isMember) throw new Violation(`the member is still in ${node.tag}`);
    }
  }
}
