/** A tag with one node that keeps its whole log: what core/tag promises a device, in the fewest words. */
import type { LogEntry } from "../../../../core/tag/calls/broadcast.ts";
import type { DeliverOutcome, DeliverRequest } from "../../../../core/tag/calls/fan-out.ts";
import type {
  AttachAnswer,
  AttachRequest,
  JoinAnswer,
  JoinRequest,
  LeaveRequest,
} from "../../../../core/tag/calls/membership.ts";
import { LIMITS } from "../../../../schema/limits.ts";

interface Member {
  readonly epoch: number;
  readonly joined: number;
  attached: boolean;
  /** Null where a call failed. */
  served: number | null;
}

/** Small, so that catching up takes several. */
const PAGE = 3;

export class ReferenceNode {
  readonly tag: string;
  readonly log: LogEntry[] = [];
  readonly members = new Map<string, Member>();
  /** Epoch of the last leave, and when it came. */
  #left = 0;
  #leftAt = 0;
  /** Devices that are being called: one call each. */
  readonly #calling = new Set<string>();

  constructor(tag: string) {
    this.tag = tag;
  }

  get head(): number {
    return this.log.length;
  }

  join({ device, attach, epoch = 0, until }: JoinRequest, now = 0): JoinAnswer {
    if (until !== undefined && until <= now) return { kind: "late" };
    const known = this.members.get(device);
    if (known !== undefined && known.epoch >= epoch) {
      return { kind: "joined", head: known.joined, epoch: known.epoch };
    }
    // It comes after its own leave.
    if (epoch > 0 && epoch <= this.#left && now - this.#leftAt <= LIMITS.JOIN_LATE_MS) {
      return { kind: "joined", head: this.head };
    }
    const joined = this.head;
    this.members.set(device, { epoch, joined, attached: attach, served: joined });
    return { kind: "joined", head: joined };
  }

  leave({ device, epoch = 0 }: LeaveRequest, now = 0): boolean {
    this.#left = Math.max(this.#left, epoch);
    this.#leftAt = now;
    const known = this.members.get(device);
    if (known === undefined) return false;
    if (known.epoch <= epoch) this.members.delete(device);
    return true;
  }

  attach({ device, after, epoch = 0 }: AttachRequest): AttachAnswer {
    const member = this.members.get(device);
    if (member?.epoch !== epoch) return { kind: "unknown" };
    const from = Math.min(after ?? member.joined, this.head);
    const upTo = Math.min(from + PAGE, this.head);
    const more = upTo < this.head;
    if (!more) {
      member.attached = true;
      member.served = this.head;
    }
    return { kind: "attached", upTo, more, entries: this.log.slice(from, upTo) };
  }

  /** What to call a device with now; null for nothing. */
  next(app: string, device: string): DeliverRequest | null {
    const member = this.members.get(device);
    if (member?.attached !== true || this.#calling.has(device)) return null;
    if (member.served !== null && member.served >= this.head) return null;
    this.#calling.add(device);
    const prev = member.served;
    const entries = this.log.slice(prev ?? this.head - 1, this.head);
    return { app, tag: this.tag, path: "", prev, entries, waitMs: 5_000 };
  }

  /** @param outcome null where the call failed */
  told(device: string, request: DeliverRequest, outcome: DeliverOutcome | null): void {
    this.#calling.delete(device);
    const member = this.members.get(device);
    if (member === undefined) return;
    const upTo = request.entries.at(-1)?.position ?? 0;
    if (outcome === null) member.served = null;
    else if (outcome === "unknown") this.members.delete(device);
    else if (outcome === "offline") {
      if (member.served === null || member.served < upTo) member.attached = false;
    } else member.served = Math.max(member.served ?? 0, upTo);
  }
}
