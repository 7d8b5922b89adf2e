/** Who was told what, and what was seen: the evidence that the promises are checked by. */
import type { MessageStatus, SendAnswerBody } from "../../schema/http.ts";

/** One message, from the sender's view; `number` is its payload, and tells it from all others. */
export interface Sent {
  readonly number: number;
  /** Which registration and priority. */
  readonly lane: string;
  readonly to: string;
  readonly ttl: number;
  readonly idempotencyKey: string;
  /** Logical times: when its first request was made, and when its first 2xx answer came. */
  readonly startedAt: number;
  acceptedAt: number | undefined;
  /** The newest answer. */
  answer: SendAnswerBody | undefined;
  /** How often the app saw it. */
  seen: number;
}

/** What a run came to. Everything but the first three has to be empty. */
export interface Verdict {
  readonly accepted: number;
  readonly seen: number;
  /** Requests that got no answer and were given up: each may have arrived, once. */
  readonly unanswered: number;
  /** Accepted, waiting longer than any ttl, and never seen. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly disordered: readonly string[];
  /** Answered `delivered` before the app had seen it, or without a named end when all had been seen. */
  readonly untrue: readonly string[];
}

export class Ledger {
  readonly #sent = new Map<number, Sent>();
  /** Numbers in the order in which the app saw them, by lane. */
  readonly #lanes = new Map<string, number[]>();
  readonly #untrue: string[] = [];
  /** Accepted, and neither seen nor ended. */
  readonly #missing = new Set<Sent>();
  #acceptedCount = 0;
  #now = 0;

  /** Notes a message before its first request is made. */
  open(message: Pick<Sent, "lane" | "to" | "ttl" | "idempotencyKey">): Sent {
    const number = this.#sent.size + 1;
    const sent: Sent = {
      ...message,
      number,
      startedAt: ++this.#now,
      acceptedAt: undefined,
      answer: undefined,
      seen: 0,
    };
    this.#sent.set(number, sent);
    return sent;
  }

  /** Notes a 2xx answer. */
  accepted(sent: Sent, answer: SendAnswerBody): void {
    if (sent.acceptedAt === undefined) {
      sent.acceptedAt = ++this.#now;
      this.#acceptedCount++;
    }
    sent.answer = answer;
    if (sent.seen > 0) return;
    if (answer.status === "delivered") this.#untrue.push(describe(sent));
    if (isEnd(answer.status)) this.#missing.delete(sent);
    else this.#missing.add(sent);
  }

  /** Notes that the app of `regId` was handed a message. */
  saw(number: number, regId: string): void {
    const sent = this.#sent.get(number);
    if (sent?.to !== regId) throw new Error(`message ${number} came to a stranger, ${regId}`);
    sent.seen += 1;
    this.#missing.delete(sent);
    if (sent.seen > 1) return;
    const lane = this.#lanes.get(sent.lane);
    if (lane === undefined) this.#lanes.set(sent.lane, [number]);
    else lane.push(number);
  }

  /** IDs that `GET /v1/messages/{id}` has to call delivered in the end. */
  ids(): string[] {
    return [...this.#sent.values()].flatMap(({ answer, ttl }) =>
      // The outcome of a ttl 0 message is in the answer to its send alone.
      answer === undefined || ttl === 0 || isEnd(answer.status) ? [] : [answer.id],
    );
  }

  get acceptedCount(): number {
    return this.#acceptedCount;
  }

  /** How many accepted messages have still to be seen. */
  get missing(): number {
    return this.#missing.size;
  }

  /** Notes that a message's status does not say what became of it. */
  denied(id: string, status: string): void {
    this.#untrue.push(`${id} is ${status}`);
  }

  verdict(): Verdict {
    const all = [...this.#sent.values()];
    return {
      accepted: this.#acceptedCount,
      seen: all.filter(({ seen }) => seen > 0).length,
      unanswered: all.length - this.#acceptedCount,
      lost: [...this.#missing].map(describe),
      doubled: all.filter(({ seen }) => seen > 1).map(describe),
      disordered: [...this.#lanes.values()].flatMap((lane) => this.#disorder(lane)),
      untrue: this.#untrue,
    };
  }

  /**
   * A message whose answer was there before another's first request was made has to be seen before it. Requests
   * that overlapped may have been accepted either way.
   */
  #disorder(lane: readonly number[]): string[] {
    let latest: Sent | undefined;
    const found: string[] = [];
    for (const number of lane) {
      const sent = this.#sent.get(number);
      if (sent === undefined) continue;
      if (latest !== undefined && (sent.acceptedAt ?? Number.POSITIVE_INFINITY) < latest.startedAt)
        found.push(`${describe(sent)} came after ${describe(latest)}`);
      if (latest === undefined || sent.startedAt > latest.startedAt) latest = sent;
    }
    return found;
  }
}

/** An answer that names the end of a message that the app never saw. */
function isEnd(status: MessageStatus): boolean {
  return status !== "queued" && status !== "delivered";
}

function describe({ number, lane, ttl, answer, seen }: Sent): string {
  const { status, id } = answer ?? { status: "unanswered", id: "-" };
  return `#${number} (${lane}, ttl ${ttl}, ${status}, seen ${seen}, ${id})`;
}

/** One line for the console. */
export function summary(verdict: Verdict): string {
  const { accepted, seen, unanswered, lost, doubled, disordered, untrue } = verdict;
  return (
    `accepted ${accepted}, seen ${seen}, unanswered ${unanswered}, lost ${lost.length}, ` +
    `doubled ${doubled.length}, out of order ${disordered.length}, untrue answers ${untrue.length}`
  );
}
