/** What a device asks of one alias, one thing after the other: an unset must not overtake a set. */
import type { AliasCall, CallResult, Effects } from "../link/effects.ts";
import { aliasObjectName } from "../tag/name.ts";
import type { Calls } from "./calls.ts";

type Done = (result: CallResult, now: number, effects: Effects) => void;

interface Waiting {
  /** Null where it is needed no more. */
  readonly call: () => AliasCall | null;
  readonly done: Done;
}

export class AliasLines {
  readonly #calls: Calls;
  /** By name of the alias's object: what is asked, and what waits behind it. */
  readonly #lines = new Map<string, Waiting[]>();

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  ask(
    { app, alias }: { readonly app: string; readonly alias: string },
    call: () => AliasCall | null,
    done: Done,
    now: number,
    effects: Effects,
  ): void {
    const name = aliasObjectName(app, alias);
    const line = this.#lines.get(name);
    if (line !== undefined) line.push({ call, done });
    else {
      this.#lines.set(name, [{ call, done }]);
      this.#next(name, now, effects);
    }
  }

  #next(name: string, now: number, effects: Effects): void {
    const line = this.#lines.get(name) ?? [];
    for (let first = line[0]; first !== undefined; first = line[0]) {
      const { done } = first;
      const call = first.call();
      if (call !== null) {
        const ended: Done = (result, when, out) => {
          done(result, when, out);
          line.shift();
          this.#next(name, when, out);
        };
        this.#calls.ask(
          { begin: () => ({ kind: "alias", name, call }), done: ended },
          now,
          effects,
        );
        return;
      }
      line.shift();
    }
    this.#lines.delete(name);
  }
}
