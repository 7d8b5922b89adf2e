/** The way of one join through the tree of its tag: from the depth that is known to the node that takes the member. */
import { LIMITS } from "../../../schema/limits.ts";
import type { CallResult, Context } from "../../link/effects.ts";
import type { DepthCache } from "../../tag/tree/depth-cache.ts";
import type { Call, CallBody, Calls } from "../calls.ts";
import type { Subscription } from "./subscription.ts";

/** It goes down and up, and not for ever. */
const MAX_HOPS = 2 * LIMITS.NODE_DEPTH + 2;

/** Where it ended. */
export interface Joined {
  readonly path: string;
  /** Position of the last broadcast before it; null where it was perhaps a member before. */
  readonly head: number | null;
  /** Whether the node calls from now on with all that comes after `head`. */
  readonly live: boolean;
  /** Of the membership that stands there: a later one than was asked for, perhaps. */
  readonly epoch: number;
}

export interface JoinParts {
  readonly calls: Calls;
  readonly depths: DepthCache;
  /** Of the device's object. */
  readonly name: string;
  /** Whether the registration is to be attached to its tags. */
  readonly listens: () => boolean;
  /** Null where it failed. */
  readonly onEnd: (joined: Joined | null, result: CallResult, context: Context) => void;
}

export class Join implements Call {
  readonly #one: Subscription;
  readonly #find: boolean;
  readonly #parts: JoinParts;
  #path: string;
  #born: number | null = null;
  #hops = 0;
  #attach = false;
  #epoch = 0;
  /** Of the membership that was asked for last. */
  #asked = 0;

  /** @param find whether it may be a member already: then all nodes on the way look for it, from the root on */
  constructor(one: Subscription, find: boolean, parts: JoinParts) {
    this.#one = one;
    this.#find = find;
    this.#parts = parts;
    this.#path = find ? "" : one.record.path;
  }

  begin(now: number): CallBody {
    const one = this.#one;
    this.#attach = this.#parts.listens();
    this.#epoch = one.epoch;
    this.#asked = one.record.epoch;
    one.missed = false;
    const name = one.nodeName(this.#path);
    const request = {
      tag: one.record.tag,
      device: this.#parts.name,
      find: this.#find,
      born: this.#born,
      attach: this.#attach,
      epoch: this.#asked,
      until: now + LIMITS.JOIN_LATE_MS,
    };
    return { kind: "tag", name, call: { method: "join", request } };
  }

  done(result: CallResult, context: Context): void {
    const { depths, onEnd } = this.#parts;
    const one = this.#one;
    const answer = result.ok ? result.answer : undefined;
    const depth = this.#path.length;
    if (typeof answer !== "object" || !("kind" in answer)) onEnd(null, result, context);
    else if (answer.kind === "joined") {
      const live = !this.#find && this.#attach && this.#epoch === one.epoch && !one.missed;
      const head = this.#find ? null : answer.head;
      const { epoch = this.#asked } = answer;
      onEnd({ path: this.#path, head, live, epoch }, result, context);
    } else if (answer.kind === "child") {
      depths.full(one.tagId, depth, context.now);
      this.#goOn(this.#path + answer.digit, answer.born, result, context);
    } else if (answer.kind === "unborn" && depth > 0) {
      depths.unborn(one.tagId, depth, context.now);
      this.#goOn(this.#path.slice(0, -1), null, result, context);
    } else onEnd(null, result, context);
  }

  #goOn(path: string, born: number | null, result: CallResult, context: Context): void {
    if (++this.#hops > MAX_HOPS) {
      this.#parts.onEnd(null, result, context);
      return;
    }
    this.#path = path;
    this.#born = born;
    this.#parts.calls.ask(this, context);
  }
}
