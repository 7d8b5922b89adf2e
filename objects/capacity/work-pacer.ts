/**
 * Does what devices ask of tags and aliases one at a time, and beside single sends with pauses: in workerd all objects share a thread, which
 * waits for the disk at each write, and for the making of a database 20 ms and more. Nor does it look at its sockets while objects that call each
 * other have something to do (measured: while four devices joined 2,000 new tags each, nothing else was answered for 40 s).
 * hosts/deno/work-slices.ts is the same for objects that share commits.
 */
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { countOf } from "../bindings.ts";
import { REST_SHARE, SENDING_MS, sends } from "./sends.ts";
import { steadyClock } from "./steady-clock.ts";

/** Always: a timer that is waited for makes workerd look at its sockets. */
const REST_MIN_MS = 4;
/** A disk that takes forever, or an object that does not answer, must not stop the work of others. */
const REST_MAX_MS = 500;
const BUSY_MAX_MS = 1_000;
/** Shortest wait before a caller looks again. The one that has waited longest waits no longer than that. */
const LOOK_MS = 10;
/** How many of the others look in a second together: each look is a timer. */
const LOOKS_PER_SECOND = 100;

export interface WorkPacerOptions {
  /** Whether there are single sends: otherwise nobody needs the pauses. */
  readonly isSending: () => boolean;
  /** Milliseconds since 1970. The clock may be set forward or back. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export class WorkPacer {
  readonly #options: WorkPacerOptions;
  readonly #now: () => number;
  /** Those that wait, in order: for work with what is there, and for new databases. */
  readonly #waiting = { known: new Set<symbol>(), new: new Set<symbol>() };
  /** When the next may begin. */
  #freeAt = Number.NEGATIVE_INFINITY;
  /** When the next new database may be made, besides. */
  #newAt = Number.NEGATIVE_INFINITY;

  constructor(options: WorkPacerOptions) {
    this.#options = options;
    this.#now = steadyClock(options.now);
  }

  /**
   * Waits for a turn. Each caller waits with its own timer, because in workerd an object must not wait for another's promise. The one that has
   * waited longest is next; if it is just asleep, whoever looks goes before it: no time is lost, and it is next again.
   *
   * @param kind `new`: it makes a database, and others have made theirs in the turns of all
   * @returns what is to be called when the work is done, or has failed
   * @throws MeshError `overloaded` if its turn does not come in time
   */
  async enter(patienceMs: number, kind: WorkKind = "known"): Promise<() => void> {
    // Counted down rather than read from the clock, which may be set meanwhile.
    let leftMs = patienceMs;
    const me = Symbol();
    const waiting = this.#waiting[kind];
    waiting.add(me);
    try {
      while (!this.#isTurnOf(me, kind)) {
        if (leftMs <= 0) throw new MeshError("overloaded", "too many tags and aliases change");
        const ms = isFirst(me, waiting) ? LOOK_MS : this.#lookMs;
        leftMs -= ms;
        await this.#options.sleep(ms);
      }
    } finally {
      waiting.delete(me);
    }
    return this.#begin(kind);
  }

  #isTurnOf(one: symbol, kind: WorkKind): boolean {
    const freeAt = kind === "new" ? Math.max(this.#freeAt, this.#newAt) : this.#freeAt;
    return this.#now() - freeAt >= (isFirst(one, this.#waiting[kind]) ? 0 : LOOK_MS);
  }

  get #lookMs(): number {
    const size = this.#waiting.known.size + this.#waiting.new.size;
    return Math.max(LOOK_MS, (size * 1_000) / LOOKS_PER_SECOND);
  }

  #begin(kind: WorkKind): () => void {
    const began = this.#now();
    this.#freeAt = began + BUSY_MAX_MS;
    if (kind === "new") this.#newAt = this.#freeAt;
    return () => {
      const now = this.#now();
      const tookMs = this.#options.isSending() ? now - began : 0;
      this.#freeAt = now + Math.min(Math.max(REST_SHARE * tookMs, REST_MIN_MS), REST_MAX_MS);
      if (kind === "new")
        this.#newAt =
          now + Math.min(LIMITS.NEW_OBJECT_REST_SHARE * tookMs, LIMITS.NEW_OBJECT_REST_MAX_MS);
    };
  }
}

type WorkKind = "known" | "new";

const isFirst = (one: symbol, waiting: ReadonlySet<symbol>): boolean =>
  waiting.values().next().value === one;

/**
 * Of one device: it waits for one turn at a time. So devices have equal chances of the next one, however much each of them asks for.
 *
 * @param enter waits for a turn among all devices
 */
export function oneByOne(enter: () => Promise<() => void>): () => Promise<() => void> {
  let before: Promise<unknown> = Promise.resolve();
  return () => {
    const mine = before.then(enter);
    before = mine.catch(() => {});
    return mine;
  };
}

/** Of this process. */
let pacer: WorkPacer | null = null;

/**
 * Paces what devices ask of tags and aliases in this process.
 *
 * @param setting MAX_LINKS; undefined on a platform where each object has a thread to itself
 * @param sleep the host's, the same at each call
 */
export function deviceWork(
  setting: string | undefined,
  sleep: WorkPacerOptions["sleep"],
): WorkPacer | null {
  if (countOf(setting) === undefined) return null;
  const now = () => Date.now();
  pacer ??= new WorkPacer({ isSending: () => sends.isActive(now(), SENDING_MS), now, sleep });
  return pacer;
}
