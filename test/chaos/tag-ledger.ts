/** Who was in which tag when a broadcast was sent, and who saw it: the evidence that the promises are checked by. */

/** One broadcast, from the sender's view; `number` is its payload, and tells it from all others. */
export interface SentBroadcast {
  readonly number: number;
  /** It goes to whoever is in one of them. */
  readonly tags: readonly string[];
  /** Logical times: when its first request was made, and when its first answer came. */
  readonly startedAt: number;
  acceptedAt: number | undefined;
  id: string | undefined;
  /** When it is to be sent, by the clock; undefined for at once. */
  readonly sendAt: number | undefined;
  /** Nobody needs to see it: a recall was asked for. */
  isRecalled: boolean;
  /** When its sender was answered that every device there had been told, by the clock. */
  toldAt: number | undefined;
}

/** What was on a link when its recall was told may be read by its device a little later: the mesh had lost that link. */
const ON_LINKS_MS = 3_000;

/** What a device may be to a tag. */
type Standing =
  /** It has joined, and nobody has begun to take it out since. */
  | "in"
  | "out"
  /** A change is under way, or got no answer. */
  | "unknown";

interface Membership {
  readonly regId: string;
  readonly tag: string;
  standing: Standing;
  /** Since when it is what it is. */
  since: number;
  /** Broadcasts of this tag alone, in the order in which the app saw them. */
  readonly seen: SentBroadcast[];
  /** What it is owed through this tag and has not seen. */
  readonly owed: Set<SentBroadcast>;
}

/** What a run came to. Everything but the first four has to be empty. */
export interface TagVerdict {
  readonly accepted: number;
  /** Devices that saw a broadcast, summed over all broadcasts. */
  readonly seen: number;
  /** Requests that got no answer and were given up: each may have arrived, once. */
  readonly unanswered: number;
  readonly recalls: number;
  /** Accepted, and never seen by a member that was there before it was sent and did not leave. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly disordered: readonly string[];
  /** Seen by who had left before it was sent, and had not joined again; wrong counts and statuses. */
  readonly untrue: readonly string[];
}

export class TagLedger {
  readonly #sent = new Map<number, SentBroadcast>();
  readonly #memberships = new Map<string, Membership>();
  readonly #seen = new Set<string>();
  readonly #doubled: string[] = [];
  readonly #untrue: string[] = [];
  #now = 0;

  /** Notes that a device begins to join, or to leave: what it has not seen is not owed to one that leaves. */
  changing(how: "join" | "leave", regId: string, tag: string): void {
    const one = this.#of(regId, tag);
    // It is what it is to be, whatever becomes of the request.
    if (one.standing === (how === "join" ? "in" : "out")) return;
    one.standing = "unknown";
    if (how === "leave") one.owed.clear();
  }

  /** Notes the answer. */
  changed(how: "join" | "leave", regId: string, tag: string): void {
    const one = this.#of(regId, tag);
    one.standing = how === "join" ? "in" : "out";
    one.since = ++this.#now;
  }

  standing(regId: string, tag: string): Standing {
    return this.#of(regId, tag).standing;
  }

  members(tag: string): string[] {
    return this.#in(tag).map(({ regId }) => regId);
  }

  /** Notes a broadcast before its first request is made. */
  open(tags: readonly string[], sendAt?: number): SentBroadcast {
    const number = this.#sent.size + 1;
    const startedAt = ++this.#now;
    const sent: SentBroadcast = {
      ...{ number, tags, startedAt, sendAt },
      ...{ acceptedAt: undefined, id: undefined, isRecalled: false, toldAt: undefined },
    };
    this.#sent.set(number, sent);
    for (const tag of tags) for (const one of this.#in(tag)) one.owed.add(sent);
    return sent;
  }

  /** Notes an answer: asked again, the same one has to come. */
  accepted(sent: SentBroadcast, id: string): void {
    sent.acceptedAt ??= ++this.#now;
    sent.id ??= id;
    if (sent.id !== id) this.#untrue.push(`${describe(sent)} is ${id} too`);
  }

  /** Notes that its sender begins to recall it. */
  recalling(sent: SentBroadcast): void {
    sent.isRecalled = true;
    for (const { owed } of this.#memberships.values()) owed.delete(sent);
  }

  /** Notes that its sender was answered that all were told of its recall. */
  recalled(sent: SentBroadcast): void {
    sent.toldAt ??= Date.now();
  }

  /** How many broadcasts were recalled for good. */
  get recalls(): number {
    return [...this.#sent.values()].filter(({ toldAt }) => toldAt !== undefined).length;
  }

  /** Notes that the app of `regId` was handed a broadcast. */
  saw(number: number, regId: string): void {
    const sent = this.#sent.get(number);
    if (sent === undefined) throw new Error(`${regId} saw ${number}, which nobody sent`);
    const sight = `${regId} ${number}`;
    if (this.#seen.has(sight)) {
      this.#doubled.push(`${describe(sent)} at ${short(regId)}`);
      return;
    }
    this.#seen.add(sight);
    const now = Date.now();
    if (sent.toldAt !== undefined && now > sent.toldAt + ON_LINKS_MS)
      this.#untrue.push(`${describe(sent)} came to ${short(regId)} after its recall`);
    if (sent.sendAt !== undefined && now < sent.sendAt)
      this.#untrue.push(`${describe(sent)} came to ${short(regId)} before its time`);
    for (const tag of sent.tags) this.#of(regId, tag).owed.delete(sent);
    const [tag, ...others] = sent.tags;
    if (tag === undefined || others.length > 0) return;
    const one = this.#of(regId, tag);
    // One that waited for its time took its place when that came.
    if (sent.sendAt === undefined) one.seen.push(sent);
    // One that joins while it is on its way may have it or not.
    if (one.standing === "out" && one.since < sent.startedAt)
      this.#untrue.push(`${describe(sent)} came to ${short(regId)}, which was not in the tag`);
  }

  /** How many accepted broadcasts have still to be seen, by how many devices. */
  get missing(): number {
    let sum = 0;
    for (const one of this.#memberships.values()) sum += waiting(one);
    return sum;
  }

  /** How many accepted broadcasts of a tag the device has still to see that is furthest behind. */
  behind(tag: string): number {
    return Math.max(0, ...this.#in(tag).map(waiting));
  }

  /** All that were answered, the newest of each tag last. */
  ids(): string[] {
    return [...this.#sent.values()].flatMap(({ id }) => (id === undefined ? [] : [id]));
  }

  /** Notes that the mesh said something that is not so. */
  denied(what: string): void {
    this.#untrue.push(what);
  }

  verdict(): TagVerdict {
    const all = [...this.#sent.values()];
    const memberships = [...this.#memberships.values()];
    const accepted = all.filter(({ acceptedAt }) => acceptedAt !== undefined).length;
    return {
      accepted,
      seen: this.#seen.size,
      unanswered: all.length - accepted,
      recalls: this.recalls,
      lost: memberships.flatMap(({ regId, owed }) =>
        [...owed].filter(isAccepted).map((sent) => `${describe(sent)} at ${short(regId)}`),
      ),
      doubled: this.#doubled,
      disordered: memberships.flatMap(disorder),
      untrue: this.#untrue,
    };
  }

  #in(tag: string): Membership[] {
    return [...this.#memberships.values()].filter(
      (one) => one.tag === tag && one.standing === "in",
    );
  }

  #of(regId: string, tag: string): Membership {
    const key = `${regId} ${tag}`;
    const known = this.#memberships.get(key);
    if (known !== undefined) return known;
    const made: Membership = {
      ...{ regId, tag, standing: "out", since: 0 },
      seen: [],
      owed: new Set(),
    };
    this.#memberships.set(key, made);
    return made;
  }
}

const isAccepted = ({ acceptedAt }: SentBroadcast): boolean => acceptedAt !== undefined;

const waiting = ({ owed }: Membership): number => [...owed].filter(isAccepted).length;

/**
 * A broadcast whose answer was there before another's first request was made has to be seen before it. Requests that
 * overlapped may have been accepted either way.
 */
function disorder({ regId, seen }: Membership): string[] {
  let latest: SentBroadcast | undefined;
  const found: string[] = [];
  for (const sent of seen) {
    if (latest !== undefined && (sent.acceptedAt ?? Number.POSITIVE_INFINITY) < latest.startedAt)
      found.push(`${describe(sent)} came after ${describe(latest)} at ${short(regId)}`);
    if (latest === undefined || sent.startedAt > latest.startedAt) latest = sent;
  }
  return found;
}

const short = (regId: string): string => regId.slice(-8);

function describe({ number, tags, id }: SentBroadcast): string {
  return `#${number} to ${tags.map((tag) => JSON.stringify(tag)).join(" or ")} (${id ?? "unanswered"})`;
}

/** One line for the console. */
export function tagSummary(verdict: TagVerdict): string {
  const { accepted, seen, unanswered, recalls, lost, doubled, disordered, untrue } = verdict;
  return (
    `accepted ${accepted}, seen ${seen} times, unanswered ${unanswered}, recalled ${recalls}, lost ${lost.length}, ` +
    `doubled ${doubled.length}, out of order ${disordered.length}, untrue ${untrue.length}`
  );
}
