/**
 * Calls of a device to each alias, one after another: an unset must not overtake a set. A call without an answer may be carried out
 * later, so each call has a higher epoch than those before, by which the alias recognizes a late one.
 */
import { LIMITS } from "../../../schema/limits.ts";
import type { AliasCall, CallResult, Context } from "../../link/effects.ts";
import { aliasObjectName } from "../../tag/name.ts";
import type { Calls } from "../calls.ts";

type Done = (result: CallResult, context: Context) => void;

interface Waiting {
  /** Returns null if it is no longer needed. */
  readonly call: () => AliasCall | null;
  readonly done: Done;
}

export class AliasCallQueues {
  readonly #calls: Calls;
  /** By name of the alias's object: the call in progress, and those waiting behind it. */
  readonly #queues = new Map<string, Waiting[]>();
  #lastEpoch = 0;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  enqueue(
    { app, alias }: { readonly app: string; readonly alias: string },
    call: () => AliasCall | null,
    done: Done,
    context: Context,
  ): void {
    const name = aliasObjectName(app, alias);
    const line = this.#queues.get(name);
    if (line !== undefined) line.push({ call, done });
    else {
      this.#queues.set(name, [{ call, done }]);
      this.#next(name, context);
    }
  }

  #next(name: string, context: Context): void {
    const line = this.#queues.get(name) ?? [];
    for (let first = line[0]; first !== undefined; first = line[0]) {
      const { done } = first;
      const call = first.call();
      if (call !== null) {
        this.#ask(
          { name, call },
          (result, later) => {
            done(result, later);
            line.shift();
            this.#next(name, later);
          },
          context,
        );
        return;
      }
      line.shift();
    }
    this.#queues.delete(name);
  }

  #ask(
    { name, call }: { readonly name: string; readonly call: AliasCall },
    done: Done,
    context: Context,
  ): void {
    let epoch = 0;
    const body = {
      begin: (at: number) => {
        // After a kill the time is above all earlier epochs. If the clock was set back, the alias answers with a higher one.
        this.#lastEpoch = Math.max(this.#lastEpoch + 1, at);
        epoch = this.#lastEpoch;
        return { kind: "alias", name, call: ordered(call, epoch, at) } as const;
      },
      done: (result: CallResult, later: Context) => {
        const answer = result.ok ? result.answer : undefined;
        const latest = typeof answer === "object" && "epoch" in answer ? (answer.epoch ?? 0) : 0;
        if (latest > epoch) {
          this.#lastEpoch = Math.max(this.#lastEpoch, latest);
          this.#ask({ name, call }, done, later);
        } else done(result, later);
      },
    };
    this.#calls.enqueue(body, context);
  }
}

function ordered(call: AliasCall, epoch: number, now: number): AliasCall {
  switch (call.method) {
    case "set":
      return { ...call, request: { ...call.request, epoch, until: now + LIMITS.JOIN_LATE_MS } };
    case "unset":
      return { ...call, request: { ...call.request, epoch } };
    case "confirm":
      return { ...call, request: { ...call.request, epoch } };
    case "firstAck":
      return call;
  }
}
