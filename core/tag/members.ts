/**
 * The members of one node, and which of them are attached. A mark is written when a device attaches; what a fan-out finds
 * out (a device that is gone) is written for all members together with the entry that it served: see `LogState`.
 */
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import type { LogState, MemberRecord, TagStore } from "./store.ts";
import type { JoinRequest } from "./types.ts";

export interface Member {
  readonly place: number;
  readonly device: string;
  /** Log position at which it joined. */
  readonly joined: number;
  /** It is called with what is new. */
  attached: boolean;
  /** Position up to which it was served; null where a call failed or was not understood. */
  served: number | null;
  /** As it is stored. */
  since: number;
  /** Of the membership: see `JoinRequest.epoch`. */
  readonly epoch: number;
}

export class Members {
  readonly #store: TagStore;
  readonly #byDevice = new Map<string, Member>();
  readonly #byPlace: (Member | undefined)[] = [];

  constructor(store: TagStore) {
    this.#store = store;
  }

  /** @param last the entry that was served last, with what was written then; null where none was */
  load(last: { readonly position: number; readonly state: LogState } | null): void {
    const bits = last === null ? undefined : fromBase64Url(last.state.attached);
    const failed = new Set(last?.state.failed);
    for (const { place, device, joined, since, attached, epoch } of this.#store.listMembers()) {
      const isNewer = last === null || since >= last.position;
      const bit = ((bits?.[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
      const hasFailed = !isNewer && failed.has(place);
      this.#add({
        place,
        device,
        joined,
        since,
        epoch,
        attached: isNewer ? attached : bit || hasFailed,
        served: hasFailed ? null : isNewer ? since : last.position,
      });
    }
  }

  get count(): number {
    return this.#byDevice.size;
  }

  of(device: string): Member | undefined {
    return this.#byDevice.get(device);
  }

  at(place: number): Member | undefined {
    return this.#byPlace[place];
  }

  /** In order of place. */
  *all(): Generator<Member> {
    for (const member of this.#byPlace) if (member !== undefined) yield member;
  }

  /** Gives a device the first free place. One row. */
  join(
    { device, attach: attached, epoch = 0 }: Pick<JoinRequest, "device" | "attach" | "epoch">,
    head: number,
  ): Member {
    let place = this.#byPlace.indexOf(undefined);
    if (place < 0) place = this.#byPlace.length;
    const record: MemberRecord = { place, device, joined: head, since: head, attached, epoch };
    const member: Member = { ...record, served: head };
    this.#store.putMember(record);
    this.#add(member);
    return member;
  }

  /** One row. */
  leave(member: Member): void {
    this.#store.deleteMember(member.place, member.device);
    this.#byDevice.delete(member.device);
    this.#byPlace[member.place] = undefined;
    while (this.#byPlace.length > 0 && this.#byPlace.at(-1) === undefined) this.#byPlace.pop();
  }

  /** The device has everything up to `head`, and is called from now on. No row where it was marked already. */
  attach(member: Member, head: number): void {
    member.served = head;
    if (member.attached) return;
    member.attached = true;
    member.since = head;
    const { place, device, joined, epoch } = member;
    const record: MemberRecord = { place, device, joined, since: head, attached: true, epoch };
    this.#store.putMember(record);
  }

  /** What to write with an entry. */
  marks(): Pick<LogState, "attached" | "failed"> {
    const bits = new Uint8Array(Math.ceil(this.#byPlace.length / 8));
    const failed: number[] = [];
    for (const { place, attached, served } of this.all()) {
      if (!attached) continue;
      if (served === null) failed.push(place);
      else bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
    }
    return { attached: toBase64Url(bits), failed };
  }

  #add(member: Member): void {
    this.#byDevice.set(member.device, member);
    // `indexOf` skips holes: fill what lies between.
    while (this.#byPlace.length < member.place) this.#byPlace.push(undefined);
    this.#byPlace[member.place] = member;
  }
}
