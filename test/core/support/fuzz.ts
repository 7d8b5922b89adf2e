/**
 * How the models are played: FUZZ_RUNS sets how many histories, FUZZ_SEED plays a seed again, and FUZZ_PATH with it the one history
 * that a failure printed as its path.
 */
const { FUZZ_RUNS, FUZZ_SEED, FUZZ_PATH } = process.env;

/** @param runs histories where FUZZ_RUNS sets no number: a few seconds for all models together */
export const fuzz = (runs: number) => ({
  numRuns: Number(FUZZ_RUNS ?? runs),
  ...(FUZZ_SEED === undefined ? {} : { seed: Number(FUZZ_SEED) }),
  ...(FUZZ_PATH === undefined ? {} : { path: FUZZ_PATH, endOnFailure: true }),
});

/** Milliseconds for so many histories on a machine with ten times the load. */
export const fuzzTimeoutMs = (runs: number): number => 60_000 + fuzz(runs).numRuns * 200;
