/** A mesh of hosts/workerd, in processes of its own. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../../../hosts/workerd/orphan.ts";
import { type Process, ROOT, start } from "./process.ts";

const SERVE = join(ROOT, "hosts/workerd/serve.ts");

export interface Mesh {
  readonly process: Process;
  readonly url: string;
  readonly data: string;
}

/** Starts the supervisor itself; `command` before it, such as a shell that sets limits. */
export function serve(args: readonly string[], before: readonly string[] = []): Process {
  const [command = process.execPath, ...rest] = [...before, process.execPath, SERVE, ...args];
  return start(command, rest);
}

/**
 * Starts a mesh and waits until it answers.
 *
 * @param data its data folder.
 * @param port 0 takes a free one.
 */
export async function startMesh(data: string, port = 0): Promise<Mesh> {
  const mesh = serve(["--json", "--data", data, "--port", `${port}`]);
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

/** The process ID of the workerd that works on a data folder. */
export const workerdPid = (data: string): number =>
  Number(readFileSync(join(data, "run/workerd.pid"), "utf8"));

/** Whether a process runs. One that has ended but that nobody has asked about yet does not. */
export const isAlive = (pid: number): boolean => commandLine(pid) !== "";
