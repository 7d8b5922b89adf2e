/** What each member has a right to, and what senders were told: what the tags did is compared with it. */
import type { BroadcastRequest } from "../../../../core/tag/calls/broadcast.ts";
import { toBase64Url } from "../../../../schema/text.ts";
import type { SimDevice } from "../support/device.ts";
import type { Tag } from "./steps.ts";

export class Violation extends Error {
  override readonly name = "Violation";
}

/** From the answer to a join to the beginning of the leave. */
export interface Membership {
  readonly device: SimDevice;
  readonly tag: Tag;
  /** What has to come, unless it expires. */
  readonly owed: Set<Sent>;
}

/** One broadcast, however often it was sent. */
export interface Sent {
  readonly request: BroadcastRequest;
  readonly key: string;
  /** At the earliest, milliseconds since 1970. */
  readonly expiresAt: number;
  /** Who was a member of its tags before it was sent first. */
  readonly before: ReadonlySet<Membership>;
  /** Null until its sender was answered. */
  taken: { readonly tag: string; readonly seq: number } | null;
  /** Its recall, from when its sender asked for one: nobody needs to have it any more. */
  recall: Sent | null;
  /** Who had been shown it when all were told of its recall; null before. */
  hadBy: ReadonlySet<SimDevice> | null;
}

export class Ledger {
  readonly sent: Sent[] = [];
  readonly #members = new Set<Membership>();

  joined(device: SimDevice, tag: Tag): void {
    if (this.#find(device, tag) !== undefined) return;
    this.#members.add({ device, tag, owed: new Set() });
  }

  /** It may miss what it was owed, now that it leaves. */
  leaves(device: SimDevice, tag: Tag): void {
    const standing = this.#find(device, tag);
    if (standing !== undefined) this.#members.delete(standing);
  }

  begin(request: BroadcastRequest, now: number): Sent {
    const { cover, key, ttlSeconds } = request;
    const expiresAt = now + ttlSeconds * 1_000;
    const before = new Set([...this.#members].filter(({ tag }) => cover.includes(tag)));
    const sent: Sent = {
      ...{ request, key: toBase64Url(key), expiresAt, before },
      ...{ taken: null, recall: null, hadBy: null },
    };
    this.sent.push(sent);
    return sent;
  }

  /** Its sender is answered. A second answer may not be another. */
  accepted(sent: Sent, taken: { readonly tag: string; readonly seq: number }): void {
    const { tag, seq } = sent.taken ?? taken;
    if (tag !== taken.tag || seq !== taken.seq)
      throw new Violation(`B4 ${sent.key} is ${taken.tag} ${taken.seq}, and was ${tag} ${seq}`);
    sent.taken = taken;
    if (sent.request.ttlSeconds === 0) return;
    for (const member of sent.before) if (this.#members.has(member)) member.owed.add(sent);
  }

  /** @throws Violation where a device was shown one before its time */
  checkTimes(devices: Iterable<SimDevice>, now: number): void {
    const early = this.sent.filter(({ request }) => (request.sendAt ?? 0) > now);
    if (early.length === 0) return;
    for (const { keys } of devices) {
      const shown = new Set([...keys.values()].flat());
      const one = early.find(({ key }) => shown.has(key));
      if (one !== undefined) throw new Violation(`B25 ${one.key} came before its time`);
    }
  }

  /** @throws Violation where a device was shown one twice or out of order, or lacks one that it has a right to */
  check(device: SimDevice, now: number): void {
    for (const [tag, positions] of device.shown) {
      const sorted = [...new Set(positions)].sort((a, b) => a - b);
      if (sorted.join() !== positions.join())
        throw new Violation(`B1 ${device.name} was shown ${positions} of ${tag}`);
      const keys = device.keys.get(tag) ?? [];
      if (new Set(keys).size !== keys.length)
        throw new Violation(`B4 ${device.name} was shown one broadcast twice at ${tag}`);
    }
    for (const { key, hadBy } of this.sent) {
      const isShown = [...device.keys.values()].some((keys) => keys.includes(key));
      if (isShown && hadBy?.has(device) === false)
        throw new Violation(`X4 ${device.name} was shown ${key} after its recall`);
    }
    for (const { tag, owed, ...member } of this.#members) {
      if (member.device !== device) continue;
      const shown = new Set(device.keys.get(tag));
      const due = [...owed].filter(({ expiresAt, recall }) => expiresAt > now && recall === null);
      const lost = due.filter(({ key }) => !shown.has(key));
      if (lost.length > 0)
        throw new Violation(`B1 ${device.name} never had ${lost.length} of ${owed.size} of ${tag}`);
    }
  }

  #find(device: SimDevice, tag: Tag): Membership | undefined {
    return [...this.#members].find((each) => each.device === device && each.tag === tag);
  }
}
