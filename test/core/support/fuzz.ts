/**
 * How the models are played: FUZZ_RUNS sets how many histories, FUZZ_SEED plays a seed again, and FUZZ_PATH with it the one history
 * that a failure printed as its path. Without any of them a run plays the same histories each time: long runs look for new ones.
 */
const { FUZZ_RUNS, FUZZ_SEED, FUZZ_PATH } = process.env;
const SEED = FUZZ_RUNS === undefined ? "8" : undefined;

/** @param runs histories where FUZZ_RUNS sets no number: a few seconds for all models together */
export const fuzz = (runs: number) => {
  const seed = FUZZ_SEED ?? SEED;
  return {
    numRuns: Number(FUZZ_RUNS ?? runs),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(FUZZ_PATH === undefined ? {} : { path: FUZZ_PATH, endOnFailure: true }),
  };
};

/** Milliseconds for so many histories on a machine with ten times the load. */
export const fuzzTimeoutMs = (runs: number): number => 60_000 + fuzz(runs).numRuns * 200;
