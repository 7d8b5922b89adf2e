/**
 * `npm run bench -- simulate`: what a broadcast takes at sizes that no machine here holds (docs/scale.md). Seeded: the
 * same options, the same figures.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Row } from "../report.ts";
import { type Kind, times, usageOf } from "./load.ts";
import { Passes } from "./passes.ts";
import { OBJECT_GB } from "./prices.ts";
import { PROFILES, type Profile, type ProfileName } from "./profile.ts";
import { type Simulation, simulate } from "./simulate.ts";

const USAGE = `npm run bench -- simulate [--host cloudflare|deno|workerd] [--members N]… [--pace N]… [--online 1] [--seed 1]
  [--hop-ms N] [--device-ms N] [--spread N] [--silent N] [--json FILE]
  [--day | --against RESULTS]`;
const MEMBERS = ["10000", "100000", "1000000", "10000000", "100000000"];
const PACES = ["none", "1000", "10000", "100000"];

/** A run of one size and pace, as the JSON file holds it. */
interface Run extends Simulation {
  readonly host: string;
  /** Where nothing is paid by the request. */
  readonly onOneMachine: boolean;
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
      day: { type: "boolean", default: false },
      against: { type: "string" },
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

/** Messages of a day, and the size of the broadcasts in it. */
const DAY = { messages: 9.65e9, members: 1_000_000 };
const KINDS: readonly Kind[] = ["single", "queued", "broadcast", "live"];

/** What a day takes if all of its messages are of one kind: any mixture is between them. */
async function day(profile: Profile, passes: Passes, seed: number): Promise<void> {
  const { members, messages } = DAY;
  const { usage } = await simulate({ profile, passes, members, online: 1, seed, pace: null });
  const perMember = times(usage, 1 / members);
  const rows = KINDS.map((kind) => {
    const all = times(usageOf(kind, profile, perMember), messages);
    const { workerRequests, objectRequests, rows, objectSeconds, price } = all;
    const figures = [workerRequests, objectRequests, rows, objectSeconds * OBJECT_GB, price];
    return [
      kind,
      ...figures.map((figure) => figure.toPrecision(3)),
      ((price / messages) * 1e6).toPrecision(2),
    ];
  });
  const head = ["all", "Worker requests", "object requests", "rows", "GB-s", "$", "$ a million"];
  print([head, ...rows]);
}

/** A row of `broadcast-devices`: the time of one broadcast to so many. */
const MEASURED = /^(\d+) members: p50$/;

/** What was measured beside what is simulated for the same numbers of members. */
async function against(
  file: string,
  profile: Profile,
  passes: Passes,
  seed: number,
): Promise<void> {
  const measured = JSON.parse(readFileSync(file, "utf8")) as Row[];
  const table = [["members", "measured, ms", "simulated, ms", "simulated/measured"]];
  for (const { metric, value } of measured) {
    const members = Number(MEASURED.exec(metric)?.[1]);
    if (Number.isNaN(members)) continue;
    const options = { profile, passes, members, online: 1, seed, pace: null };
    const { lastDeviceMs } = await simulate(options);
    const cells = [value.toFixed(0), lastDeviceMs.toFixed(0), (lastDeviceMs / value).toFixed(2)];
    table.push([`${members}`, ...cells]);
  }
  print(table);
}

function print(table: readonly (readonly string[])[]): void {
  const widths = table[0]?.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0)));
  for (const row of table) {
    const cells = row.map((cell, at) => cell.padStart(widths?.[at] ?? 0));
    process.stdout.write(`${cells.join("  ")}\n`);
  }
}

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
    run.onOneMachine ? "–" : price < 0.01 ? price.toPrecision(1) : price.toFixed(2),
    time(run.tookMs),
  ];
}

async function main(args: readonly string[]): Promise<void> {
  const values = read(args);
  const profile = profileOf(values);
  const seed = numberOf("seed", values.seed, 0, 2 ** 32 - 1);
  const online = numberOf("online", values.online, 0, 1);
  const passes = new Passes(profile, seed);
  if (values.against !== undefined) return await against(values.against, profile, passes, seed);
  if (values.day) return await day(profile, passes, seed);
  const runs: Run[] = [];
  for (const text of values.members) {
    const members = numberOf("members", text, 1, 1e9);
    for (const each of values.pace) {
      const pace = each === "none" ? null : numberOf("pace", each, 1, 1e6);
      const began = performance.now();
      const one = await simulate({ profile, passes, members, online, seed, pace });
      const tookMs = performance.now() - began;
      runs.push({
        ...one,
        host: profile.name,
        onOneMachine: profile.oneThread,
        members,
        pace,
        seed,
        tookMs,
      });
    }
  }
  print([HEAD.split(/ {2,}/), ...runs.map(line)]);
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
