/** A live node that says what it is told to, and keeps what it was sent. */
import type { LogEntry } from "../../../../core/tag/calls/broadcast.ts";
import type {
  LiveAccess,
  LivePublish,
  LivePublishAnswer,
} from "../../../../core/tag/calls/live.ts";
import type { LiveRpc } from "../../../../objects/interfaces/rpc.ts";

export class SimLive {
  listeners = 3;
  /** What it does instead of an answer; null for nothing. */
  fault: (() => Promise<never>) | null = null;
  /** Position that the root told it when it was made known: it lacks all that comes later. Null where it takes what it gets. */
  head: number | null = null;
  readonly taken: number[] = [];
  readonly told: number[] = [];
  readonly accesses: LiveAccess[] = [];

  /** Asked by the root how many listen: where nobody does it forgets what it had, as core/live does. */
  count(): number {
    if (this.listeners === 0) this.head = null;
    return this.listeners;
  }

  publish(entries: readonly LogEntry[]): LivePublishAnswer {
    const head = Math.max(this.head ?? 0, this.taken.at(-1) ?? 0);
    const first = entries[0]?.position ?? 0;
    if (this.head !== null && first > head + 1) return { kind: "behind", head };
    this.taken.push(...entries.map(({ position }) => position).filter((at) => at > head));
    return { kind: "sent", listeners: this.listeners };
  }

  /** A call of its object. */
  answer(method: keyof LiveRpc, request: unknown): unknown {
    if (method === "publish") return this.publish((request as LivePublish).entries);
    if (method === "presence") return void this.told.push(request as number);
    if (method === "listeners") return this.count();
    if (method === "access") return void this.accesses.push(request as LiveAccess);
    throw new Error(`no node calls ${method}`);
  }
}
