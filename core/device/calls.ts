/** Calls of a device to nodes of tags, aliases and apps: at most `LIMITS.TAG_CALLS` of the first two at once, the rest in order. */
import { LIMITS } from "../../schema/limits.ts";
import type { CallResult, Context, Effect } from "../link/effects.ts";

type WithoutToken<Kind extends Effect["kind"]> = Omit<Extract<Effect, { kind: Kind }>, "token">;

/** A call effect without its token. */
export type CallBody =
  | WithoutToken<"tag">
  | WithoutToken<"alias">
  | WithoutToken<"app">
  | WithoutToken<"webhook">;

export interface Call {
  /** Whether it is made before all calls that wait and are not urgent. Default: false. */
  readonly isUrgent?: boolean;
  /** Called when its turn comes. Null if the call is no longer needed; then `done` is not called. */
  begin(now: number): CallBody | null;
  done(result: CallResult, context: Context): void;
}

/** The queue is bounded by its callers: each tag and each alias has at most one call here. */
export class Calls {
  readonly #running = new Map<number, Call>();
  readonly #urgent = new Set<Call>();
  readonly #queue = new Set<Call>();
  #lastToken = 0;

  enqueue(call: Call, context: Context): void {
    (call.isUrgent === true ? this.#urgent : this.#queue).add(call);
    this.#pump(context);
  }

  /** Cancels a call that waits for its turn. @returns false if it has been made already */
  drop(call: Call): boolean {
    return this.#urgent.delete(call) || this.#queue.delete(call);
  }

  /** Makes a call at once, however many run: nothing else of the registration can go on before it. Its callers bound them. */
  start(call: Call, { now, effects }: Context): void {
    const body = call.begin(now);
    if (body === null) return;
    const token = ++this.#lastToken;
    this.#running.set(token, call);
    effects.push({ ...body, token });
  }

  /** Takes the result of the call with this token. */
  onResult(token: number, result: CallResult, context: Context): void {
    const call = this.#running.get(token);
    if (call === undefined) return;
    this.#running.delete(token);
    call.done(result, context);
    this.#pump(context);
  }

  #pump(context: Context): void {
    for (const queue of [this.#urgent, this.#queue]) {
      for (const call of queue) {
        if (this.#running.size >= LIMITS.TAG_CALLS) return;
        queue.delete(call);
        this.start(call, context);
      }
    }
  }
}
