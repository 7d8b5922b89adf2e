/** An alias that does what it is asked at once: what core/alias promises a device, in the fewest words. */
import {
  type AliasConfirmation,
  type AliasSetAnswer,
  type AliasSetRequest,
  type AliasUnsetRequest,
  type Holder,
  sameHolder,
} from "../../../../core/alias/types.ts";
import type { AliasCall } from "../../../../core/link/effects.ts";

export class ReferenceAlias {
  readonly name: string;
  shared = false;
  holders: readonly Holder[] = [];

  constructor(name: string) {
    this.name = name;
  }

  call({ method, request }: AliasCall): AliasSetAnswer | AliasConfirmation | undefined {
    if (method === "set") return this.#set(request);
    if (method === "confirm") return { holds: this.#holds(request.holder), shared: this.shared };
    if (method === "unset") this.#unset(request);
    return undefined;
  }

  /** Another device takes it for itself; those who hold it were suspended. */
  taken(by: Holder): void {
    this.shared = false;
    this.holders = [by];
  }

  #holds(holder: Holder): boolean {
    return this.holders.some((each) => sameHolder(each, holder));
  }

  #set({ holder, shared }: AliasSetRequest): AliasSetAnswer {
    const { device, generation } = holder;
    if (this.holders.some((each) => each.device === device && each.generation > generation))
      return { ok: false, code: "unregistered" };
    const others = this.holders.filter((each) => each.device !== device);
    this.shared = shared;
    this.holders = shared ? [...others, holder] : [holder];
    return { ok: true };
  }

  #unset({ holder }: AliasUnsetRequest): void {
    this.holders = this.holders.filter((each) => !sameHolder(each, holder));
  }
}
