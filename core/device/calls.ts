/** What a device asks of tags' nodes and of aliases: a few calls at once, the rest in their order. */
import { LIMITS } from "../../schema/limits.ts";
import type { CallResult, Effect, Effects } from "../link/effects.ts";

type Asked<Kind extends Effect["kind"]> = Omit<Extract<Effect, { kind: Kind }>, "token">;

/** An effect, but for its token. */
export type CallBody = Asked<"tag"> | Asked<"alias">;

export interface Call {
  /** Its turn has come; null where it is needed no more: then `done` does not follow. */
  begin(now: number): CallBody | null;
  done(result: CallResult, now: number, effects: Effects): void;
}

/** Bounded by those who ask: each tag and each alias has at most one call here. */
export class Calls {
  readonly #underWay = new Map<number, Call>();
  readonly #queue = new Set<Call>();
  #lastToken = 0;

  ask(call: Call, now: number, effects: Effects): void {
    this.#queue.add(call);
    this.#pump(now, effects);
  }

  /** What came of the call of this token. */
  called(token: number, result: CallResult, now: number, effects: Effects): void {
    const call = this.#underWay.get(token);
    if (call === undefined) return;
    this.#underWay.delete(token);
    call.done(result, now, effects);
    this.#pump(now, effects);
  }

  #pump(now: number, effects: Effects): void {
    for (const call of this.#queue) {
      if (this.#underWay.size >= LIMITS.TAG_CALLS) return;
      this.#queue.delete(call);
      const body = call.begin(now);
      if (body === null) continue;
      const token = ++this.#lastToken;
      this.#underWay.set(token, call);
      effects.push({ ...body, token });
    }
  }
}
