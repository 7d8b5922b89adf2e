/**
 * Structure-aware fuzzing of every decoder and route, from a seed.
 *
 *   node test/fuzz/fuzz.ts [--inputs 1000000] [--seed N] [--only codec] [--first 0]
 *
 * An input is made from the seed, its target and its number alone, so that one that broke a promise can be tried again by itself:
 * `--only codec --seed 7 --first 1234 --inputs 1`.
 */
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { chaosSeed } from "../chaos/options.ts";
import { random as seeded } from "../chaos/random.ts";
import { Broken, type Target } from "./target.ts";
import { TARGETS } from "./targets.ts";

export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
  /** Number of the first input. */
  readonly first?: number;
}

export interface FuzzResult {
  readonly name: string;
  readonly inputs: number;
  readonly taken: number;
  readonly broken: readonly string[];
  /** Processor time of the slowest input, milliseconds. */
  readonly slowestMs: number;
  readonly slowest: number;
  /** Heap after a collection: after a tenth of the inputs, and after all. */
  readonly heapMb: readonly [number, number];
  readonly seconds: number;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Broken promises after which a target is left. */
const BROKEN_MOST = 10;
const WARM_SHARE = 0.1;

const heapMb = (): number => {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

/** Mixes the number of an input into a seed, so that neighbours have nothing in common. */
const seedOf = (seed: number, name: string, number: number): number => {
  let mixed = seed >>> 0;
  for (const character of `${name} ${number}`)
    mixed = Math.imul(mixed ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return mixed;
};

export async function fuzzTarget(target: Target, options: FuzzOptions): Promise<FuzzResult> {
  const { inputs, seed, first = 0 } = options;
  const { name } = target;
  const broken: string[] = [];
  let taken = 0;
  let slowestMs = 0;
  let slowest = first;
  const began = Date.now();
  const probe = await target.open();
  const warm = Math.floor(inputs * WARM_SHARE);
  let early = heapMb();
  for (let n = 0; n < inputs && broken.length < BROKEN_MOST; n++) {
    if (n === warm) early = heapMb();
    const cpu = process.threadCpuUsage();
    try {
      if (await probe.attempt(seeded(seedOf(seed, name, first + n)))) taken++;
    } catch (error) {
      const text = error instanceof Broken ? error.message : `threw ${(error as Error).stack}`;
      broken.push(`${name}, seed ${seed}, input ${first + n}: ${text}`);
    }
    const { user, system } = process.threadCpuUsage(cpu);
    const tookMs = (user + system) / 1_000;
    if (tookMs > slowestMs) [slowestMs, slowest] = [tookMs, first + n];
  }
  const late = heapMb();
  await probe.close?.();
  const seconds = (Date.now() - began) / 1_000;
  return { name, inputs, taken, broken, slowestMs, slowest, heapMb: [early, late], seconds };
}

/** Every target, each with its share of the inputs. */
export async function fuzz(
  { inputs, seed, first }: FuzzOptions,
  targets: readonly Target[] = TARGETS,
  tell: (result: FuzzResult) => void = () => {},
): Promise<FuzzResult[]> {
  const shares = targets.reduce((sum, { share }) => sum + share, 0);
  const results: FuzzResult[] = [];
  for (const target of targets) {
    const own = Math.max(1, Math.round((inputs * target.share) / shares));
    const result = await fuzzTarget(target, { inputs: own, seed, first: first ?? 0 });
    tell(result);
    results.push(result);
  }
  return results;
}

function rowOf(result: FuzzResult): string {
  const {
    name,
    inputs,
    taken,
    broken,
    slowestMs,
    slowest,
    heapMb: [early, late],
    seconds,
  } = result;
  const heap = `${early.toFixed(1)} → ${late.toFixed(1)}`;
  return `| ${name} | ${inputs} | ${taken} | ${broken.length} | ${slowestMs.toFixed(1)} (input ${slowest}) | ${heap} | ${seconds.toFixed(0)} |`;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      inputs: { type: "string", default: "1000000" },
      seed: { type: "string", default: `${chaosSeed()}` },
      only: { type: "string" },
      first: { type: "string", default: "0" },
    },
  });
  const [inputs = 0, seed = 0, first = 0] = [values.inputs, values.seed, values.first].map(Number);
  const targets = TARGETS.filter(({ name }) => values.only === undefined || name === values.only);
  console.log(`seed ${seed}, ${inputs} inputs from ${first}\n`);
  console.log("| target | inputs | taken | broken promises | slowest, ms of CPU | heap, MiB | s |");
  console.log("|---|---|---|---|---|---|---|");
  const results = await fuzz({ inputs, seed, first }, targets, (result) => {
    console.log(rowOf(result));
    for (const text of result.broken) console.log(`  ${text}`);
  });
  process.exitCode = results.some(({ broken }) => broken.length > 0) ? 1 : 0;
}
