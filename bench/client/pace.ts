/** Closed-loop load: a fixed number of operations under way, the next one begun when one has ended. */
import { setTimeout as sleep } from "node:timers/promises";

/** What one run of operations took. */
export interface Slice {
  /** Operations that ended. */
  readonly count: number;
  readonly ms: number;
  /** Of each operation, milliseconds. */
  readonly latencies: Float64Array;
  /** Processor time of this client, milliseconds. */
  readonly clientCpuMs: number;
}

/**
 * Runs `operation` in `inFlight` lanes until `more` says no.
 *
 * @param operation gets the number of its lane
 */
export async function pace(
  inFlight: number,
  more: () => boolean,
  operation: (lane: number) => Promise<void>,
): Promise<Slice> {
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const began = performance.now();
  const work = async (lane: number): Promise<void> => {
    while (more()) {
      const at = performance.now();
      await operation(lane);
      latencies.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, lane) => work(lane)));
  const { user, system } = process.cpuUsage(cpu);
  return {
    count: latencies.length,
    ms: performance.now() - began,
    latencies: Float64Array.from(latencies),
    clientCpuMs: (user + system) / 1_000,
  };
}

/** For `pace`: until `ms` from now. */
export function forMs(ms: number): () => boolean {
  const until = performance.now() + ms;
  return () => performance.now() < until;
}

/**
 * Open-loop load: one operation each `1 / perSecond`, in turn on the lanes that are free. Its latency counts from the
 * moment it was due, so that a server that stalls is not spared the requests of that time.
 * Where no lane is free it waits for one.
 */
export async function steady(
  perSecond: number,
  ms: number,
  lanes: number,
  operation: (lane: number) => Promise<void>,
): Promise<Slice> {
  const free = Array.from({ length: lanes }, (_, lane) => lane);
  const latencies: number[] = [];
  const open: Promise<void>[] = [];
  let freed = () => {};
  const cpu = process.cpuUsage();
  const began = performance.now();
  const total = Math.floor((perSecond * ms) / 1_000);
  for (let n = 0; n < total; n++) {
    const due = began + (n * 1_000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    while (free.length === 0) {
      await new Promise<void>((resolve) => {
        freed = resolve;
      });
    }
    const lane = free.pop() ?? 0;
    open.push(
      operation(lane).then(() => {
        latencies.push(performance.now() - due);
        free.push(lane);
        freed();
      }),
    );
  }
  await Promise.all(open);
  const { user, system } = process.cpuUsage(cpu);
  return {
    count: latencies.length,
    ms: performance.now() - began,
    latencies: Float64Array.from(latencies),
    clientCpuMs: (user + system) / 1_000,
  };
}
