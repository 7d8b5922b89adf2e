/** The options of `npm start`. */
import { parseArgs } from "node:util";
import { HostFailure } from "./failure.ts";

export const HELP = `Runs the mesh on this machine.

  npm start -- [options]

  --port N     port to listen on; 0 takes a free one (default 8787)
  --host H     address to listen on (default 127.0.0.1; 0.0.0.0 for all)
  --data DIR   data folder (default .pushmesh)
  --json       one JSON object a line instead of text
  --help       this text
`;

export interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly data: string;
  readonly json: boolean;
  readonly help: boolean;
}

/** @throws {HostFailure} naming the option that is wrong. */
export function parseOptions(args: readonly string[]): ServeOptions {
  let values: ReturnType<typeof parse>["values"];
  try {
    values = parse(args).values;
  } catch (error) {
    throw new HostFailure((error as Error).message);
  }
  const { port, host, data, json, help } = values;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new HostFailure(`--port ${port}: give a number from 0 to 65535`);
  return { port: Number(port), host, data, json, help };
}

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      port: { type: "string", default: "8787" },
      host: { type: "string", default: "127.0.0.1" },
      data: { type: "string", default: ".pushmesh" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
