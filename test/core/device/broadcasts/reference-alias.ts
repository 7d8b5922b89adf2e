/** An alias that does what it is asked at once: what core/alias promises a device, in the fewest words. */
import {
  type AliasConfirmation,
  type AliasSetAnswer,
  type AliasSetRequest,
  type AliasUnsetRequest,
  type Holder,
  type LateCommand,
  sameHolder,
} from "../../../../core/alias/types.ts";
import type { AliasCall } from "../../../../core/link/effects.ts";

export class ReferenceAlias {
  readonly name: string;
  shared = false;
  holders: readonly Holder[] = [];
  /** Epoch of the latest thing that the device asked. */
  #latest = 0;

  constructor(name: string) {
    this.name = name;
  }

  call(
    { method, request }: AliasCall,
    now: number,
  ): AliasSetAnswer | AliasConfirmation | LateCommand | undefined {
    if (method === "firstAck") return undefined;
    const { epoch = this.#latest } = request;
    if (method === "set" && request.until !== undefined && request.until <= now)
      return { ok: false, code: "alias_stale" };
    if (epoch < this.#latest && method !== "confirm")
      return { ok: false, code: "alias_stale", epoch: this.#latest };
    this.#latest = Math.max(this.#latest, epoch);
    if (method === "set") return this.#set(request);
    this.#drop(request, method === "unset");
    if (method === "unset") return undefined;
    return { holds: this.#holds(request.holder), shared: this.shared };
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

  /** Registrations of the device that were before this one, and perhaps itself. */
  #drop({ holder }: AliasUnsetRequest, itself: boolean): void {
    const { device, generation } = holder;
    const last = itself ? generation : generation - 1;
    this.holders = this.holders.filter((each) => each.device !== device || each.generation > last);
  }
}
