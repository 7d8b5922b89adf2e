/** The fan-out of one node: to its own members, and where it is asked to drive, to the nodes below it. */
import { addCounts, noCounts } from "./counts.ts";
import { Driver, type SubtreeProgress } from "./driver.ts";
import type { TagHost } from "./host.ts";
import type { Log } from "./log.ts";
import type { Member, Members } from "./members.ts";
import { Pass } from "./pass.ts";
import type { FanOutAnswer, FanOutCounts, FanOutRequest, LogEntry } from "./types.ts";

export interface FleetParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly members: Members;
  readonly app: string;
  readonly tagId: string;
  readonly path: string;
  readonly tag: string;
  /** Digits of the children there are. */
  readonly children: () => string;
  readonly onUnknown: (member: Member) => void;
}

/** What became of a broadcast at one node. */
export interface Served {
  readonly counts: FanOutCounts;
  readonly remaining: number;
  readonly done: boolean;
}

export class Fleet {
  readonly #parts: FleetParts;
  /** Passes that are not done, by position. */
  readonly #passes = new Map<number, Pass>();
  #driver: { readonly driver: Driver; done: boolean } | null = null;
  /** One call at a time: a driver that began anew must not run beside itself. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  get isBusy(): boolean {
    return this.#waiting > 0 || this.#passes.size > 0;
  }

  fanOut(request: FanOutRequest): Promise<FanOutAnswer> {
    const run = async (): Promise<FanOutAnswer> => {
      try {
        return await this.#fanOut(request);
      } finally {
        this.#waiting--;
      }
    };
    this.#waiting++;
    const answer = this.#last.then(run, run);
    this.#last = answer.catch(() => {});
    return answer;
  }

  /**
   * Serves the node's own members, for some time.
   *
   * @param position of an entry of the log
   * @returns what became of it here so far
   */
  async serve(position: number, pace: number | null, sliceMs: number): Promise<Served> {
    let pass = this.#passes.get(position);
    if (pass === undefined) {
      pass = new Pass(this.#parts, position);
      this.#passes.set(position, pass);
    }
    await pass.run(pace, sliceMs);
    const { counts, remaining, done } = pass;
    if (done) this.#passes.delete(position);
    return { counts, remaining, done };
  }

  async #fanOut({ entries, gap, pace, sliceMs, drive }: FanOutRequest): Promise<FanOutAnswer> {
    const { log, host, children } = this.#parts;
    const first = entries[0];
    const last = entries.at(-1);
    if (first === undefined || last === undefined) throw new Error("a fan-out of nothing");
    if (first.position > log.head + 1 && !gap) return { kind: "behind", head: log.head };
    for (const entry of entries) if (entry.position > log.head) log.append(entry, false);

    const end = host.now() + sliceMs;
    const own = await this.#serveOnce(last.position, pace, sliceMs);
    const below = drive && own.done ? await this.#drive(last, end) : null;
    const counts = noCounts();
    addCounts(counts, own.counts);
    if (below !== null) addCounts(counts, below.counts);
    return {
      kind: "progress",
      done: own.done && (below?.done ?? true),
      counts,
      nodes: 1 + (below?.nodes ?? 0),
      remaining: own.remaining + (below?.remaining ?? 0),
      children: children(),
    };
  }

  /** Serves an entry and writes what became of it: then it is known for good, and served no more. */
  async #serveOnce(position: number, pace: number | null, sliceMs: number): Promise<Served> {
    const { log, members, host } = this.#parts;
    const known = log.state(position);
    if (known !== null) return { counts: JSON.parse(known.outcome), remaining: 0, done: true };
    // A driver that comes for something older than all that is here comes in vain.
    if (log.header(position) === undefined) return { counts: noCounts(), remaining: 0, done: true };
    const served = await this.serve(position, pace, sliceMs);
    if (served.done) {
      log.serve(position, { ...members.marks(), outcome: JSON.stringify(served.counts) });
      log.forgetData();
      await host.durable();
    }
    return served;
  }

  async #drive(entry: LogEntry, end: number): Promise<SubtreeProgress & { done: boolean }> {
    const { host, path, children } = this.#parts;
    if (this.#driver?.driver.position !== entry.position) {
      this.#driver = { driver: new Driver(this.#parts, entry), done: false };
    }
    const current = this.#driver;
    const { driver } = current;
    driver.add(path, children());
    const run = driver
      .run(async () => {})
      .then(() => {
        current.done = true;
      });
    await Promise.race([run, host.sleep(Math.max(end - host.now(), 0))]);
    return { ...driver.progress, done: current.done };
  }
}
