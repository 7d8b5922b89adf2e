/**
 * `npm run bench -- simulate`: what a broadcast takes at sizes that no machine here holds (docs/scale.md). Seeded: the
 * same options, the same figures.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Passes } from "./passes.ts";
import { PROFILES, type Profile, type ProfileName } from "./profile.ts";
import { type Simulation, simulate } from "./simulate.ts";

const USAGE = `npm run bench -- simulate [--host cloudflare|deno|workerd] [--members N]… [--pace N]… [--online 1] [--seed 1]
  [--hop-ms N] [--device-ms N] [--spread N] [--silent N] [--json FILE]`;
const MEMBERS = ["10000", "100000", "1000000", "10000000", "100000000"];
const PACES = ["none", "1000", "10000", "100000"];

/** A run of one size and pace, as the JSON file holds it. */
interface Run extends Simulation {
  readonly host: string;
  readonly members: number;
  readonly pace: number | null;
  readonly seed: number;
  /** What the simulation itself took. */
  readonly tookMs: number;
}

const names = Object.keys(PROFILES) as ProfileName[];

class UsageError extends Error {}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text === "" || !(value >= least && value <= most)) {
    throw new UsageError(`--${name} must be from ${least} to ${most}, and is ${text}`);
  }
  return value;
}

function profileOf(values: ReturnType<typeof read>): Profile {
  const name = names.find((each) => each === values.host);
  if (name === undefined) throw new UsageError(`--host must be ${names.join(" or ")}`);
  const profile: Profile = PROFILES[name];
  const { "hop-ms": hop, "device-ms": device, spread, silent } = values;
  return {
    ...profile,
    hopMs: hop === undefined ? profile.hopMs : numberOf("hop-ms", hop, 0, 10_000),
    deviceMs: device === undefined ? profile.deviceMs : numberOf("device-ms", device, 0, 10_000),
    spread: spread === undefined ? profile.spread : numberOf("spread", spread, 0, 3),
    silent: silent === undefined ? profile.silent : numberOf("silent", silent, 0, 1),
  };
}

function read(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      host: { type: "string", default: "cloudflare" },
      members: { type: "string", multiple: true, default: MEMBERS },
      pace: { type: "string", multiple: true, default: PACES },
      online: { type: "string", default: "1" },
      seed: { type: "string", default: "1" },
      "hop-ms": { type: "string" },
      "device-ms": { type: "string" },
      spread: { type: "string" },
      silent: { type: "string" },
      json: { type: "string" },
    },
  }).values;
}

const time = (ms: number): string =>
  ms < 1_000
    ? `${ms.toFixed(0)} ms`
    : ms < 120_000
      ? `${(ms / 1_000).toFixed(1)} s`
      : ms < 7_200_000
        ? `${(ms / 60_000).toFixed(1)} min`
        : `${(ms / 3_600_000).toFixed(1)} h`;

const HEAD =
  "members  depth  nodes  fill  pace/s  last device  object requests  rows  $  simulated in";

function line(run: Run): string[] {
  const { shape, usage, price } = run;
  return [
    `${run.members}`,
    `${shape.levels.length}`,
    `${shape.nodes}`,
    shape.fill.toFixed(2),
    run.pace === null ? "–" : `${run.pace}`,
    time(run.lastDeviceMs),
    usage.objectRequests.toFixed(0),
    `${usage.rows}`,
    price < 0.01 ? price.toPrecision(1) : price.toFixed(2),
    time(run.tookMs),
  ];
}

async function main(args: readonly string[]): Promise<void> {
  const values = read(args);
  const profile = profileOf(values);
  const seed = numberOf("seed", values.seed, 0, 2 ** 32 - 1);
  const online = numberOf("online", values.online, 0, 1);
  const passes = new Passes(profile, seed);
  const runs: Run[] = [];
  for (const text of values.members) {
    const members = numberOf("members", text, 1, 1e9);
    for (const each of values.pace) {
      const pace = each === "none" ? null : numberOf("pace", each, 1, 1e6);
      const began = performance.now();
      const one = await simulate({ profile, passes, members, online, seed, pace });
      const tookMs = performance.now() - began;
      runs.push({ ...one, host: profile.name, members, pace, seed, tookMs });
    }
  }
  const table = [HEAD.split(/ {2,}/), ...runs.map(line)];
  const widths = table[0]?.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0)));
  for (const row of table) {
    const cells = row.map((cell, at) => cell.padStart(widths?.[at] ?? 0));
    process.stdout.write(`${cells.join("  ")}\n`);
  }
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ profile, runs }, null, 1)}\n`);
  }
}

/** @param args without the program's own */
export async function simulateMain(args: readonly string[]): Promise<void> {
  try {
    await main(args);
  } catch (error) {
    const isWrongUse = error instanceof UsageError || error instanceof TypeError;
    process.stderr.write(`${isWrongUse ? `${error.message}\n${USAGE}` : (error as Error).stack}\n`);
    process.exitCode = isWrongUse ? 2 : 1;
  }
}

if (import.meta.main) await simulateMain(process.argv.slice(2));
