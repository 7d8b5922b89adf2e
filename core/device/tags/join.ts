/** One join through the tree of a tag: from the cached depth to the node that accepts the member. */
import { LIMITS } from "../../../schema/limits.ts";
import type { CallResult, Context } from "../../link/effects.ts";
import type { DepthCache } from "../../tag/tree/depth-cache.ts";
import type { Call, CallBody, Calls } from "../calls.ts";
import type { Subscription } from "./subscription.ts";

/** A join may go down and up the tree, but not forever. */
const MAX_HOPS = 2 * LIMITS.NODE_DEPTH + 2;

/** The result of a join. */
export interface Joined {
  readonly path: string;
  /** Position of the last broadcast before the join; null if it may have been a member before. */
  readonly head: number | null;
  /** Whether the node calls with all broadcasts after `head` from now on. */
  readonly live: boolean;
  /** The epoch of the membership at the node: possibly a later one than this join's. */
  readonly epoch: number;
}

interface JoinParts {
  readonly calls: Calls;
  readonly depths: DepthCache;
  /** The name of the device's object. */
  readonly name: string;
  /** Whether the registration should be attached to its tags. */
  readonly listens: () => boolean;
  /** `joined` is null if the join failed. */
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
  #fetchEpoch = 0;
  /** The epoch of the membership in the last request. */
  #askedEpoch = 0;

  /** @param find whether the device may be a member already: then the join starts at the root, and every node on the way looks for it */
  constructor(subscription: Subscription, find: boolean, parts: JoinParts) {
    this.#one = subscription;
    this.#find = find;
    this.#parts = parts;
    this.#path = find ? "" : subscription.record.path;
  }

  get isUrgent(): boolean {
    return this.#one.isUrgent;
  }

  begin(now: number): CallBody {
    const subscription = this.#one;
    this.#attach = this.#parts.listens();
    this.#fetchEpoch = subscription.fetchEpoch;
    this.#askedEpoch = subscription.record.epoch;
    subscription.missed = false;
    const name = subscription.nodeName(this.#path);
    const request = {
      tag: subscription.record.tag,
      device: this.#parts.name,
      find: this.#find,
      born: this.#born,
      attach: this.#attach,
      epoch: this.#askedEpoch,
      ...subscription.listing,
      until: now + LIMITS.JOIN_LATE_MS,
    };
    return { kind: "tag", name, call: { method: "join", request } };
  }

  done(result: CallResult, context: Context): void {
    const { depths, onEnd } = this.#parts;
    const subscription = this.#one;
    const answer = result.ok ? result.answer : undefined;
    const depth = this.#path.length;
    if (typeof answer !== "object" || !("kind" in answer)) onEnd(null, result, context);
    else if (answer.kind === "joined") {
      const live =
        !this.#find &&
        this.#attach &&
        this.#fetchEpoch === subscription.fetchEpoch &&
        !subscription.missed;
      const head = this.#find ? null : answer.head;
      const { epoch = this.#askedEpoch } = answer;
      onEnd({ path: this.#path, head, live, epoch }, result, context);
    } else if (answer.kind === "child") {
      depths.full(subscription.tagId, depth, context.now);
      this.#goOn(this.#path + answer.digit, answer.born, result, context);
    } else if (answer.kind === "unborn" && depth > 0) {
      depths.unborn(subscription.tagId, depth, context.now);
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
    this.#parts.calls.enqueue(this, context);
  }
}
