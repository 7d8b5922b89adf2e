/** A mesh of the host under test, in processes of its own. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HOST, type HostName, serveCommand } from "../../support/host.ts";
import { freePort } from "../../support/port.ts";
import { type AtEnd, type Process, start } from "./process.ts";

export interface Mesh {
  readonly process: Process;
  readonly url: string;
  readonly data: string;
}

/** Starts the host itself; `before` it a command, such as a shell that sets limits. */
export function serve(
  args: readonly string[],
  before: readonly string[] = [],
  host: HostName = HOST,
  atEnd?: AtEnd,
): Process {
  const [serveIt, ...itsArgs] = serveCommand(host, args);
  const [command = serveIt, ...rest] = [...before, serveIt, ...itsArgs];
  return start(command, rest, {}, atEnd);
}

/**
 * Starts a mesh and waits until it answers.
 *
 * @param data its data folder.
 * @param port 0 takes one on which it may be started again.
 * @param atEnd as of `start`.
 * @param options more options of its own.
 */
export async function startMesh(
  data: string,
  port = 0,
  host: HostName = HOST,
  atEnd?: AtEnd,
  options: readonly string[] = [],
): Promise<Mesh> {
  const its = port === 0 ? await freePort() : port;
  const args = ["--json", "--data-dir", data, "--port", `${its}`, ...options];
  const mesh = serve(args, [], host, atEnd);
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
  return { process: mesh, url, data };
}

export interface DemoFile {
  readonly url: string;
  readonly appId: string;
  readonly keyId: string;
  readonly secret: string;
}

export const demoOf = (data: string): DemoFile => readJson(join(data, "demo.json")) as DemoFile;

export const readJson = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));
