/**
 * Passes work of clients to workerd a few pieces at a time, and beside single sends one, with pauses: what wakes an object for a client without a
 * registration, and commands of devices over their budgets. In workerd all objects share a thread, which takes some milliseconds to open the database
 * of each. Measured: while one network made 250 accounts, sends to others took a second. objects/capacity/work-pacer.ts is the same for what
 * registered devices ask of tags.
 */
import { REST_SHARE, SENDING_MS } from "../../../objects/capacity/sends.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { FairQueue } from "./fair-queue.ts";

/** Turns at a time when there are no sends: one by one, the ways to workerd and back would take longer than the work on a busy machine. */
const AT_A_TIME = 8;
/** An object that does not answer must not stop the turns of others. */
const TURN_MAX_MS = 1_000;

interface TurnsOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Calls back once, later, unless what it returns is called before. Default: timers of the host. */
  readonly after?: (ms: number, task: () => void) => () => void;
}

function afterTimer(ms: number, task: () => void): () => void {
  if (ms === 0) {
    const turn = setImmediate(task);
    return () => clearImmediate(turn);
  }
  const timer = setTimeout(task, ms);
  return () => clearTimeout(timer);
}

/** What is done in a turn. */
export interface TurnTask {
  /** Called when the turn comes, perhaps at once. */
  begin(): void;
  /** Called instead if it does not come within `LIMITS.WAKE_WAIT_MS`. */
  refuse(): void;
  /** Called when its time is over, although nobody has ended it. */
  expired?(): void;
}

export class ClientTurns {
  readonly #options: Required<TurnsOptions>;
  readonly #waiting = new FairQueue();
  /** Turns under way, with the pauses after them. */
  #taken = 0;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor({ now, after = afterTimer }: TurnsOptions) {
    this.#options = { now, after };
  }

  /** To be called once a request of an app server has succeeded: before that, anyone may have sent it. */
  sent(): void {
    this.#sentAt = this.#options.now();
  }

  /** @returns ends the turn, or the wait for it; to be called once the task is done or given up, and again without effect */
  take(network: string, task: TurnTask): () => void {
    const { now, after } = this.#options;
    let end = (): void => {
      cancel();
      this.#waiting.remove(network, start);
    };
    const cancel = after(LIMITS.WAKE_WAIT_MS, () => {
      this.#waiting.remove(network, start);
      task.refuse();
    });
    const start = (): void => {
      cancel();
      const began = now();
      const forget = after(TURN_MAX_MS, () => {
        end();
        task.expired?.();
      });
      end = () => {
        end = () => {};
        forget();
        this.#rest(now() - began);
      };
      task.begin();
    };
    this.#waiting.add(network, start);
    this.#startAll();
    return () => end();
  }

  #rest(tookMs: number): void {
    this.#options.after(this.#isSending ? REST_SHARE * tookMs : 0, () => {
      this.#taken -= 1;
      this.#startAll();
    });
  }

  #startAll(): void {
    while (this.#isFree) {
      const start = this.#waiting.take();
      if (start === undefined) return;
      this.#taken += 1;
      start();
    }
  }

  get #isSending(): boolean {
    return this.#options.now() - this.#sentAt < SENDING_MS;
  }

  get #isFree(): boolean {
    return this.#taken < (this.#isSending ? 1 : AT_A_TIME);
  }
}
