/** The options of `npm run bench`. */
import { parseArgs } from "node:util";
import { HOST_NAMES, type HostName } from "../hosts/machine/host.ts";

export interface Options {
  /** What runs the mesh. */
  readonly host: HostName;
  /** workerd without the front before it. */
  readonly isAlone: boolean;
  /** Names of scenarios, in the order to run; empty for all. */
  readonly scenarios: readonly string[];
  /** Measured seconds, per scenario and side. */
  readonly seconds: number;
  /** Devices of each side; undefined for as many as the scenario wants. */
  readonly devices: number | undefined;
  /** Operations under way at a time. */
  readonly inFlight: number;
  /** File for the results. */
  readonly json: string | undefined;
}

export const USAGE = `npm run bench -- [--host deno|workerd] [--alone] [--scenario NAME]… [--seconds 10] [--devices 1000] [--in-flight 32] [--json FILE]`;

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

function hostOf(text: string): HostName {
  const host = HOST_NAMES.find((name) => name === text);
  if (host === undefined) {
    throw new UsageError(`--host must be ${HOST_NAMES.join(" or ")}, and is ${text}`);
  }
  return host;
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
    host: hostOf(values.host),
    isAlone: values.alone,
    scenarios: values.scenario,
    seconds: positive("seconds", values.seconds),
    devices: values.devices === undefined ? undefined : count("devices", values.devices),
    inFlight: count("in-flight", values["in-flight"]),
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      host: { type: "string", default: "workerd" },
      alone: { type: "boolean", default: false },
      scenario: { type: "string", multiple: true, default: [] },
      seconds: { type: "string", default: "10" },
      devices: { type: "string" },
      "in-flight": { type: "string", default: "32" },
      json: { type: "string" },
    },
  }).values;
}
