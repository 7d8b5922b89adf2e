/** Closed-loop load: a fixed number of operations under way, the next one begun when one has ended. */

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
