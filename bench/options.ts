/** The options of `npm run bench`. */
import { parseArgs } from "node:util";

export interface Options {
  /** Names of scenarios, in the order to run; empty for all. */
  readonly scenarios: readonly string[];
  /** Measured seconds, per scenario and side. */
  readonly seconds: number;
  /** Devices of each side. */
  readonly devices: number;
  /** Operations under way at a time. */
  readonly inFlight: number;
  /** File for the results. */
  readonly json: string | undefined;
}

export const USAGE = `npm run bench -- [--scenario NAME]… [--seconds 10] [--devices 1000] [--in-flight 32] [--json FILE]`;

/** Wrong options, told in one line. */
export class UsageError extends Error {}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) {
    throw new UsageError(`--${name} must be a number above 0, and is ${text}`);
  }
  return value;
}

function count(name: string, text: string): number {
  const value = positive(name, text);
  if (!Number.isInteger(value)) throw new UsageError(`--${name} must be whole, and is ${text}`);
  return value;
}

/** @throws UsageError */
export function readOptions(args: readonly string[], known: readonly string[]): Options {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : `${error}`);
  }
  const unknown = values.scenario.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`no scenario ${unknown}; there are ${known.join(", ")}`);
  }
  return {
    scenarios: values.scenario,
    seconds: positive("seconds", values.seconds),
    devices: count("devices", values.devices),
    inFlight: count("in-flight", values["in-flight"]),
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      scenario: { type: "string", multiple: true, default: [] },
      seconds: { type: "string", default: "10" },
      devices: { type: "string", default: "1000" },
      "in-flight": { type: "string", default: "32" },
      json: { type: "string" },
    },
  }).values;
}
