/** What a run is given, and running one from the command line. */
import { parseArgs } from "node:util";
import { HOST, type HostName, hostNamed } from "../support/host.ts";
import type { Verdict } from "./ledger.ts";
import { freshSeed } from "./random.ts";

export interface ChaosOptions {
  readonly host: HostName;
  readonly seed: number;
  readonly rounds: number;
  readonly devices: number;
  /** How many of the calls between objects fail, hang or are late, from 0 to 1; absent for none. On the host `deno` alone. */
  readonly calls?: number;
  /** Takes a line about each step. */
  readonly log: (line: string) => void;
}

/** Of each kind. */
const FAULTS_SHOWN = 20;

/** What a verdict is where every promise was kept. */
export const clean = { lost: [], doubled: [], disordered: [], untrue: [] } as const;

/** The seed that CHAOS_SEED names, or a new one. */
export const chaosSeed = (): number => Number(process.env["CHAOS_SEED"] ?? freshSeed());

/** What was found wrong, by promise. */
type Faults = Pick<Verdict, keyof typeof clean>;

/**
 * Runs it with the process's arguments, prints what came of it, and sets the exit code.
 *
 * @param inOneLine what it came to.
 */
export async function runFromCommandLine<V extends Faults>(
  run: (options: ChaosOptions) => Promise<V>,
  defaults: { readonly rounds: number; readonly devices: number },
  inOneLine: (verdict: V) => string,
): Promise<void> {
  const { values } = parseArgs({
    options: {
      host: { type: "string", default: HOST },
      seed: { type: "string", default: `${chaosSeed()}` },
      rounds: { type: "string", default: `${defaults.rounds}` },
      devices: { type: "string", default: `${defaults.devices}` },
      calls: { type: "string", default: "0" },
    },
  });
  const host = hostNamed(values.host);
  const [seed, rounds, devices] = [values.seed, values.rounds, values.devices].map(Number);
  if (seed === undefined || rounds === undefined || devices === undefined) return;
  const log = (line: string): void => console.log(line);
  const calls = Number(values.calls);
  log(`host ${host}, seed ${seed}, rounds ${rounds}, devices ${devices}, broken calls ${calls}`);
  const verdict = await run({ host, seed, rounds, devices, calls, log });
  log(inOneLine(verdict));
  const { lost, doubled, disordered, untrue } = verdict;
  const faults = Object.entries({ lost, doubled, disordered, untrue });
  for (const [kind, cases] of faults) {
    if (cases.length > 0) process.exitCode = 1;
    for (const one of cases.slice(0, FAULTS_SHOWN)) log(`  ${kind}: ${one}`);
  }
}
