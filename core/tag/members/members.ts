/**
 * The members of one node, and which of them are attached. A member's row is written when its device attaches. What a fan-out finds out
 * (a device that is gone) is written for all members with the entry that was served: see `LogState`. A member's row is read when its
 * device calls, and all rows for a fan-out.
 */
import { fromBase64Url, toBase64Url } from "../../../schema/text.ts";
import type { JoinRequest } from "../calls/membership.ts";
import type { LogState, MemberRecord, TagStore } from "../store.ts";

export interface Member {
  readonly place: number;
  readonly device: string;
  /** Log position at which it joined. */
  readonly joined: number;
  /** The node calls it with new broadcasts. */
  attached: boolean;
  /** Position up to which it was served; null after a failed call. */
  served: number | null;
  /** See `MemberRecord`. */
  since: number;
  /** See `JoinRequest`. */
  readonly epoch: number;
  /** See `MemberRecord`. */
  generation: number | undefined;
}

/** The entry that was served last; null for none. */
type LastServed = { readonly position: number; readonly state: LogState } | null;

export class Members {
  readonly #store: TagStore;
  readonly #lastServed: () => LastServed;
  /** From this many places on, free ones are reused. */
  readonly #capacity: number;
  /** Members that were read, or joined. */
  readonly #byDevice = new Map<string, Member>();
  readonly #byPlace: (Member | undefined)[] = [];
  /** Whether all members are in memory. */
  #isWhole = false;
  /** Null until first needed; not updated once all members are in memory. */
  #counted: { members: number; places: number } | null = null;

  constructor(store: TagStore, lastServed: () => LastServed, capacity: number) {
    this.#store = store;
    this.#lastServed = lastServed;
    this.#capacity = capacity;
  }

  get count(): number {
    return this.#isWhole ? this.#byDevice.size : this.#count().members;
  }

  /** Reads one row, if it was not read before. */
  of(device: string): Member | undefined {
    const known = this.#byDevice.get(device);
    if (known !== undefined || this.#isWhole) return known;
    const record = this.#store.readMember(device);
    return record === null ? undefined : this.#read(record, lastMarks(this.#lastServed()));
  }

  at(place: number): Member | undefined {
    this.#readAll();
    return this.#byPlace[place];
  }

  /** In order of place. */
  *all(): Generator<Member> {
    this.#readAll();
    for (const member of this.#byPlace) if (member !== undefined) yield member;
  }

  /**
   * Gives a device a place: the one after the last; or the first free one, if all members are in memory or no place is left. Writes one
   * row.
   */
  join(
    {
      device,
      attach: attached,
      epoch = 0,
      generation,
    }: Pick<JoinRequest, "device" | "attach" | "epoch" | "generation">,
    head: number,
  ): Member {
    const place = this.#freePlace();
    const record = { place, device, joined: head, since: head, attached, epoch, generation };
    const member: Member = { ...record, served: head };
    this.#put(member);
    this.#add(member);
    if (this.#counted !== null) {
      this.#counted.members++;
      this.#counted.places = Math.max(this.#counted.places, place + 1);
    }
    return member;
  }

  /** Writes one row. */
  leave(member: Member): void {
    this.#store.deleteMember(member.place, member.device);
    this.#byDevice.delete(member.device);
    this.#byPlace[member.place] = undefined;
    if (this.#counted !== null) this.#counted.members--;
    while (this.#byPlace.length > 0 && this.#byPlace.at(-1) === undefined) this.#byPlace.pop();
  }

  /**
   * The device has everything up to `head`, and is called from now on. Writes no row if it was attached already, unless its generation was not
   * known.
   */
  attach(member: Member, head: number, generation: number | undefined): void {
    const isNews = generation !== undefined && member.generation !== generation;
    if (!member.attached || isNews) {
      member.attached = true;
      member.since = head;
      if (isNews) member.generation = generation;
      this.#put(member);
    }
    member.served = head;
  }

  #put({ generation, ...member }: Member): void {
    const { place, device, joined, since, attached, epoch } = member;
    const record: MemberRecord = { place, device, joined, since, attached, epoch };
    this.#store.putMember(generation === undefined ? record : { ...record, generation });
  }

  /** Which members are attached, to be written with an entry. */
  marks(): Pick<LogState, "attached" | "failed"> {
    this.#readAll();
    const bits = new Uint8Array(Math.ceil(this.#byPlace.length / 8));
    const failed: number[] = [];
    for (const { place, attached, served } of this.all()) {
      if (!attached) continue;
      if (served === null) failed.push(place);
      else bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
    }
    return { attached: toBase64Url(bits), failed };
  }

  #count(): { members: number; places: number } {
    this.#counted ??= { ...this.#store.countMembers() };
    return this.#counted;
  }

  #freePlace(): number {
    if (!this.#isWhole) {
      const { places } = this.#count();
      if (places < this.#capacity) return places;
      this.#readAll();
    }
    const place = this.#byPlace.indexOf(undefined);
    return place < 0 ? this.#byPlace.length : place;
  }

  #readAll(): void {
    if (this.#isWhole) return;
    const marks = lastMarks(this.#lastServed());
    // A member in memory is newer than its row.
    for (const record of this.#store.listMembers())
      if (!this.#byDevice.has(record.device)) this.#read(record, marks);
    this.#isWhole = true;
  }

  #read(record: MemberRecord, marks: Marks): Member {
    const { place, device, joined, since, attached, epoch, generation } = record;
    const isNewer = marks === null || since >= marks.position;
    const bit = marks !== null && ((marks.bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
    const hasFailed = !isNewer && marks.failed.has(place);
    const member: Member = {
      place,
      device,
      joined,
      since,
      epoch,
      generation,
      attached: isNewer ? attached : bit || hasFailed,
      served: hasFailed ? null : isNewer ? since : marks.position,
    };
    this.#add(member);
    return member;
  }

  #add(member: Member): void {
    this.#byDevice.set(member.device, member);
    // Filled, because `indexOf` skips holes.
    while (this.#byPlace.length < member.place) this.#byPlace.push(undefined);
    this.#byPlace[member.place] = member;
  }
}

type Marks = {
  readonly position: number;
  readonly bits: Uint8Array;
  readonly failed: ReadonlySet<number>;
} | null;

function lastMarks(last: LastServed): Marks {
  if (last === null) return null;
  const { position, state } = last;
  const bits = fromBase64Url(state.attached) ?? new Uint8Array();
  return { position, bits, failed: new Set(state.failed) };
}
