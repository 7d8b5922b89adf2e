/** A device in the tags of one app, which behaves as docs/protocol.md wants it to. */
import type { LogEntry } from "../../../../core/tag/calls/broadcast.ts";
import type {
  DeliverAnswer,
  DeliverOutcome,
  DeliverRequest,
} from "../../../../core/tag/calls/fan-out.ts";
import type { AttachAnswer, JoinAnswer } from "../../../../core/tag/calls/membership.ts";
import { recalledBy } from "../../../../core/tag/log/recalled.ts";
import { devicePath } from "../../../../core/tag/name.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import type { World } from "./world.ts";

/** A tag as a device holds it; the row is durable, the rest is not. */
interface Subscription {
  row: { path: string; cursor: number | null };
  /** Of the membership, and whether a leave of it was sent that may come at any time: then the next one is another. */
  epoch: number;
  isLeaving: boolean;
  /** Position up to which everything was handled on this link; null where the tag is not attached on it. */
  sent: number | null;
  /** How often it had to attach anew: what an attach before that says does not show that it has all. */
  turn: number;
}

function behind(subscription: Subscription): void {
  subscription.sent = null;
  subscription.turn++;
}

export class SimDevice {
  readonly name: string;
  readonly #world: World;
  readonly tags = new Map<string, Subscription>();
  linked = false;
  /** What the app was shown, by tag: positions in the order in which they came. */
  readonly shown = new Map<string, number[]>();
  /** The same as keys of broadcasts, in base64url: one that is for several tags comes by each that it is in. */
  readonly keys = new Map<string, string[]>();
  /** Joins and leaves that were answered. */
  readonly joined = new Set<string>();
  #epochs = 0;
  /** How long its app takes to say that it has a broadcast. */
  silentMs = 0;
  /** Keys of broadcasts that were recalled: a page that is on its way may still have one. */
  readonly #recalled = new Set<string>();
  /** Of those: tag and position. */
  readonly #withheld = new Set<string>();
  /** Positions that are not for it, as its condition or its filter has it. */
  readonly leftOut = new Set<number>();
  outcome: ((request: DeliverRequest) => DeliverAnswer | null) | null = null;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
  }

  /** Joins as core/device does: its own row first. True where it was answered. */
  async join(tag = "news", depth = 0): Promise<boolean> {
    const standing = this.tags.get(tag);
    const find = standing !== undefined;
    const subscription: Subscription = standing ?? {
      row: { path: devicePath(this.name, depth), cursor: null },
      sent: null,
      turn: 0,
      epoch: this.#epochs++,
      isLeaving: false,
    };
    this.tags.set(tag, subscription);
    if (subscription.isLeaving) {
      subscription.isLeaving = false;
      subscription.epoch = this.#epochs++;
    }
    return this.#walk(tag, subscription, find, find ? "" : devicePath(this.name, depth));
  }

  async #walk(
    tag: string,
    subscription: Subscription,
    find: boolean,
    start: string,
  ): Promise<boolean> {
    const { epoch } = subscription;
    let path = start;
    let born: number | null = null;
    for (let hop = 0; hop < 40; hop++) {
      let answer: JoinAnswer;
      const until = this.#world.clock.now + LIMITS.JOIN_LATE_MS;
      try {
        answer = await this.#world.callFromOutside(this.#world.nodeName(path, tag), (node) => {
          this.#world.calls.join++;
          return node.join({ tag, device: this.name, find, born, attach: false, epoch, until });
        });
      } catch {
        return false;
      }
      if (!("kind" in answer) || answer.kind === "late") return false;
      if (answer.kind === "unborn") {
        path = path.slice(0, -1);
        born = null;
      } else if (answer.kind === "child") {
        path += answer.digit;
        born = answer.born;
      } else {
        subscription.row.path = path;
        if (!find) subscription.row.cursor = answer.head;
        this.joined.add(tag);
        if (this.linked) await this.#attach(tag, subscription);
        return true;
      }
    }
    throw new Error("a join that never ends");
  }

  /** Leaves as core/device does: where its row may be of a join that was cut off, it looks for itself first. */
  async leave(tag = "news"): Promise<boolean> {
    const subscription = this.tags.get(tag);
    if (subscription === undefined) return true;
    const left = await this.#leave(tag, subscription);
    if (left === null) return false;
    if (!left) {
      if (!(await this.#walk(tag, subscription, true, ""))) return false;
      if ((await this.#leave(tag, subscription)) === null) return false;
    }
    this.tags.delete(tag);
    this.joined.delete(tag);
    return true;
  }

  /** Whether it was a member; null where the call failed. */
  async #leave(tag: string, subscription: Subscription): Promise<boolean | null> {
    const { row, epoch } = subscription;
    subscription.isLeaving = true;
    try {
      return await this.#world.callFromOutside(this.#world.nodeName(row.path, tag), (node) =>
        node.leave({ device: this.name, epoch }),
      );
    } catch {
      return null;
    }
  }

  /** Whether it is linked, has all of the tag, and is not leaving it. */
  isAttached(tag: string): boolean {
    const subscription = this.tags.get(tag);
    return this.linked && subscription?.isLeaving === false && subscription.sent !== null;
  }

  async link(): Promise<void> {
    if (this.linked) return;
    this.linked = true;
    for (const [tag, subscription] of this.tags) await this.#attach(tag, subscription);
  }

  /** The link is gone, or the process. */
  lose(): void {
    this.linked = false;
    for (const subscription of this.tags.values()) behind(subscription);
  }

  /** Takes up what a failed call left. */
  async mend(): Promise<void> {
    if (!this.linked) return;
    for (const [tag, subscription] of this.tags) {
      if (subscription.sent === null) await this.#attach(tag, subscription);
    }
  }

  /** @param called positions that the node called with, and that were not taken */
  async #attach(
    tag: string,
    subscription: Subscription,
    called: readonly number[] = [],
  ): Promise<void> {
    // Whatever comes of it, the node may take it to have all by then.
    behind(subscription);
    const { turn } = subscription;
    for (;;) {
      let answer: AttachAnswer;
      try {
        const name = this.#world.nodeName(subscription.row.path, tag);
        answer = await this.#world.callFromOutside(name, (node) => {
          this.#world.calls.attach++;
          return node.attach({
            device: this.name,
            epoch: subscription.epoch,
            after: subscription.row.cursor,
            called,
          });
        });
      } catch {
        return;
      }
      if (!("kind" in answer)) return;
      if (answer.kind === "unknown") {
        await this.#walk(tag, subscription, true, "");
        return;
      }
      if (!this.linked) return;
      this.#withhold(answer.entries);
      for (const entry of answer.entries) this.#show(tag, subscription, entry);
      subscription.row.cursor = Math.max(subscription.row.cursor ?? 0, answer.upTo);
      if (!answer.more) {
        if (turn === subscription.turn) subscription.sent = subscription.row.cursor;
        return;
      }
    }
  }

  async deliver(request: DeliverRequest): Promise<DeliverAnswer> {
    const scripted = this.outcome?.(request) ?? null;
    if (scripted !== null) return scripted;
    const { tag, path, prev, entries } = request;
    this.#withhold(entries);
    const subscription = this.tags.get(tag);
    if (subscription === undefined || subscription.row.path !== path) {
      return { ok: true, outcome: "unknown" };
    }
    if (!this.linked) return { ok: true, outcome: "offline" };
    if (subscription.sent === null || prev === null || prev > subscription.sent) {
      const called = entries.map(({ position }) => position);
      await this.#attach(tag, subscription, called);
      return { ok: true, outcome: "deferred" };
    }
    for (const entry of entries) {
      if (entry.position <= subscription.sent) continue;
      this.#show(tag, subscription, entry);
      subscription.sent = entry.position;
      subscription.row.cursor = entry.position;
    }
    if (this.silentMs > 0) await this.#world.clock.sleep(this.silentMs);
    const ends = entries.map(({ position }): DeliverOutcome => {
      if (this.#withheld.has(`${tag} ${position}`)) return "collapsed";
      return this.leftOut.has(position) ? "filtered" : "acknowledged";
    });
    return { ok: true, outcome: ends.pop() ?? "filtered", before: ends };
  }

  #withhold(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      const of = recalledBy(entry);
      if (of !== null) this.#recalled.add(toBase64Url(of.key));
    }
  }

  /** The app's own duplicate window is its cursor here: what it saw before is not shown. */
  #show(tag: string, subscription: Subscription, { position, key }: LogEntry): void {
    if (position <= (subscription.row.cursor ?? 0) || this.leftOut.has(position)) return;
    if (this.#recalled.has(toBase64Url(key))) {
      this.#withheld.add(`${tag} ${position}`);
      return;
    }
    this.shown.set(tag, [...(this.shown.get(tag) ?? []), position]);
    this.keys.set(tag, [...(this.keys.get(tag) ?? []), toBase64Url(key)]);
  }
}
