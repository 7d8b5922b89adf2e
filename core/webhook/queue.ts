/** The queues of an app's endpoints, in one object of the app. A state machine: its shell makes the requests. */
import { LIMITS } from "../../schema/limits.ts";
import type { Refused } from "../message/refusal.ts";
import { eventsBody } from "./body.ts";
import { EndpointQueue, type Failure, type PacketBatch } from "./endpoint-queue.ts";
import type { BatchRecord, PacketHead, WebhookStore } from "./store.ts";
import type {
  AcceptAnswer,
  AcceptRequest,
  DeadLetter,
  DeadLetterPage,
  DeadLetterQuery,
  Endpoint,
  EndpointHealth,
  ReplayAnswer,
  ReplayRequest,
  WebhookEvent,
} from "./types.ts";

/** The most batches and packets that one turn removes or gives up. */
const TURN_COUNT = 500;

const MISSING: Refused = { ok: false, code: "webhook_missing" };

export interface QueueOptions {
  readonly store: WebhookStore;
  readonly random: () => number;
  /** Makes a `webhook-id`. */
  readonly makeId: () => string;
}

/** One attempt at a batch. */
export interface Attempt {
  readonly endpoint: Endpoint;
  readonly id: string;
  readonly body: string;
}

/** Ids of batches that are being tried, by endpoint. */
export type TriedBatches = ReadonlyMap<string, ReadonlySet<string>>;

/** The result of an attempt: null for success. */
export type AttemptResult = Failure | null;

export class WebhookQueue {
  readonly #options: QueueOptions;
  readonly #queues = new Map<string, EndpointQueue>();
  /** Names of the packets in rows, and of how many rows. */
  readonly #packets = new Map<string, number>();
  #lastSeq = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    const { store } = options;
    for (const health of store.health()) this.#queueOf(health.endpoint).loadHealth(health);
    const batches = new Map(store.batches().map((record) => [record.seq, record]));
    const packetsOf = new Map<number, PacketHead[]>();
    /** By endpoint: a batch has all of its packets from the first to the last. */
    const open = new Map<string, BatchRecord>();
    for (const head of store.packets()) {
      this.#count(head, 1);
      this.#lastSeq = Math.max(this.#lastSeq, head.seq);
      const batch = batches.get(head.seq) ?? open.get(head.endpoint);
      if (batch === undefined || head.seq > batch.last)
        this.#queueOf(head.endpoint).loadPacket(head);
      else {
        open.set(head.endpoint, batch);
        packetsOf.set(batch.seq, [...(packetsOf.get(batch.seq) ?? []), head]);
      }
    }
    for (const record of batches.values())
      this.#queueOf(record.endpoint).loadBatch({
        record,
        packets: packetsOf.get(record.seq) ?? [],
      });
  }

  /** Stores events for the endpoints that want them: one row each. */
  accept(
    { packet, events, onceMs }: AcceptRequest,
    endpoints: readonly Endpoint[],
    now: number,
  ): AcceptAnswer {
    const { store } = this.#options;
    if (this.#packets.has(packet)) return { ok: true };
    if (onceMs !== undefined && store.wasSeen(packet)) return { ok: true };
    let isWanted = false;
    for (const endpoint of endpoints) {
      const wanted = events.filter((event) => wants(endpoint, event));
      if (wanted.length === 0) continue;
      isWanted = true;
      const text = JSON.stringify(wanted);
      const seq = ++this.#lastSeq;
      const of = { seq, endpoint: endpoint.id, packet, at: now };
      const head = { ...of, events: wanted.length, bytes: text.length };
      this.#queueOf(endpoint.id).add(head, text, now);
      this.#count(head, 1);
    }
    if (!isWanted) return MISSING;
    if (onceMs !== undefined) store.putSeen(packet, now + onceMs);
    return { ok: true };
  }

  /** The attempts that should be made now. */
  take(endpoints: readonly Endpoint[], inFlight: TriedBatches, now: number): readonly Attempt[] {
    const attempts: Attempt[] = [];
    for (const endpoint of endpoints) {
      const queue = this.#queues.get(endpoint.id);
      if (queue === undefined || endpoint.disabled !== null) continue;
      const busy = new Set(inFlight.get(endpoint.id));
      const slots = queue.isFailing ? 1 : LIMITS.WEBHOOK_PARALLEL;
      while (busy.size < slots) {
        const batch = queue.next(busy, now);
        if (batch === null) break;
        busy.add(batch.record.id);
        attempts.push({ endpoint, id: batch.record.id, body: this.#bodyOf(batch) });
      }
    }
    return attempts;
  }

  /** @returns whether the endpoint has failed for so long that it should be disabled */
  settle(endpoint: string, id: string, result: AttemptResult, now: number): boolean {
    const queue = this.#queues.get(endpoint);
    const batch = queue?.waiting(id);
    // The endpoint was deleted meanwhile.
    if (queue === undefined || batch === undefined) return false;
    if (result === null) queue.succeeded(batch, now);
    else queue.failed(batch, result, now);
    return queue.isHopeless(now);
  }

  /** Removes what has expired, and what no endpoint will get. @returns false if the bound of one turn left something over */
  tidy(endpoints: readonly Endpoint[], inFlight: TriedBatches, now: number): boolean {
    let isDone = this.#options.store.forgetSeen(now, TURN_COUNT) < TURN_COUNT;
    const byId = new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
    for (const [id, queue] of this.#queues) {
      const endpoint = byId.get(id);
      const tried = inFlight.get(id) ?? NONE;
      if (endpoint === undefined) isDone = queue.clear(TURN_COUNT) && isDone;
      else if (endpoint.disabled !== null && endpoint.disabled.reason !== "asked")
        isDone = queue.giveUpAll("the endpoint was disabled", tried, TURN_COUNT, now) && isDone;
      isDone = queue.expire(now, TURN_COUNT) && isDone;
      if (!queue.isEmpty) continue;
      queue.forget();
      this.#queues.delete(id);
    }
    return isDone;
  }

  /** When something is due next, milliseconds since 1970; null for never. */
  nextAt(endpoints: readonly Endpoint[], inFlight: TriedBatches): number | null {
    const paused = new Set(endpoints.filter(({ disabled }) => disabled).map(({ id }) => id));
    const times = [...this.#queues].flatMap(([id, queue]) => {
      const tried = inFlight.get(id) ?? NONE;
      const isBusy = tried.size >= (queue.isFailing ? 1 : LIMITS.WEBHOOK_PARALLEL);
      return queue.nextAt(tried, isBusy || paused.has(id)) ?? [];
    });
    const seen = this.#options.store.seenUntil();
    if (seen !== null) times.push(seen);
    return times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b));
  }

  get health(): readonly EndpointHealth[] {
    return [...this.#queues.values()].map((queue) => queue.health);
  }

  deadLetters({ endpoint, after, limit }: DeadLetterQuery): DeadLetterPage {
    const dead = this.#dead(endpoint).filter(({ record }) => record.seq > after);
    const page = dead.slice(0, limit);
    const letters = page.map((batch): DeadLetter => {
      const { id, endpoint, attempts, error, at } = batch.record;
      return { id, endpoint, attempts, error: error ?? "", at, events: this.#eventsOf(batch) };
    });
    const next = dead.length > page.length ? (page.at(-1)?.record.seq ?? null) : null;
    return { letters, next };
  }

  replay({ ids, endpoint }: ReplayRequest, now: number): ReplayAnswer {
    const wanted = ids === null ? null : new Set(ids);
    const dead = this.#dead(endpoint).filter(({ record }) => wanted?.has(record.id) ?? true);
    const page = dead.slice(0, LIMITS.WEBHOOK_DEAD_PAGE);
    for (const batch of page) this.#queues.get(batch.record.endpoint)?.replay(batch, now);
    return { replayed: page.length, more: dead.length > page.length };
  }

  #dead(endpoint: string | null): readonly PacketBatch[] {
    const queues = endpoint === null ? this.#queues.values() : [this.#queues.get(endpoint)];
    return [...queues]
      .flatMap((queue) => queue?.dead ?? [])
      .sort((a, b) => a.record.seq - b.record.seq);
  }

  #bodyOf(batch: PacketBatch): string {
    const events = this.#textsOf(batch).map((text) => text.slice(1, -1));
    return eventsBody(batch.record.since, events);
  }

  #eventsOf(batch: PacketBatch): readonly WebhookEvent[] {
    return this.#textsOf(batch).flatMap((text) => JSON.parse(text) as WebhookEvent[]);
  }

  /** JSON of an array of events each. */
  #textsOf({ packets }: PacketBatch): readonly string[] {
    return packets.flatMap(({ seq }) => this.#options.store.readPacket(seq) ?? []);
  }

  #queueOf(endpoint: string): EndpointQueue {
    const found = this.#queues.get(endpoint);
    if (found !== undefined) return found;
    const onRemoved = (packets: readonly PacketHead[]) => {
      for (const head of packets) this.#count(head, -1);
    };
    const queue = new EndpointQueue({ ...this.#options, endpoint, onRemoved });
    this.#queues.set(endpoint, queue);
    return queue;
  }

  #count({ packet }: PacketHead, by: 1 | -1): void {
    const rows = (this.#packets.get(packet) ?? 0) + by;
    if (rows > 0) this.#packets.set(packet, rows);
    else this.#packets.delete(packet);
  }
}

const NONE: ReadonlySet<string> = new Set();

const wants = ({ events, disabled }: Endpoint, { type }: WebhookEvent): boolean =>
  disabled === null && (events === null || events.includes(type));
