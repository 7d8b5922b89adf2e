/** What runs a mesh, and a control beside it, for a benchmark. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Address } from "../client/http.ts";
import { descriptors, residentKb } from "../process.ts";

/** A running server. */
export interface Server {
  readonly address: Address;
  readonly pid: number;
  /** What it takes with no device yet. */
  readonly atStart: { readonly residentKb: number; readonly descriptors: number };
  /** Ends it at once, as `kill -9` does. */
  end(): void;
}

/** A running mesh. */
export interface MeshServer extends Server {
  readonly adminToken: string;
}

export interface BenchHost {
  /** @param folder for its data, there and empty */
  startMesh(folder: string): Promise<MeshServer>;
  /** The least that the platform must do for the same effect. @param folder as above */
  startControl(folder: string): Promise<Server>;
}

/** Where all servers of a benchmark listen. */
export const HOST = "127.0.0.1";

/** A server that has just started. */
export function serverOf(pid: number, port: number, end: () => void): Server {
  const atStart = { residentKb: residentKb(pid), descriptors: descriptors(pid) };
  return { address: { host: HOST, port }, pid, atStart, end };
}

/** What a server prints as one line of JSON when it listens. */
interface Ready {
  readonly url: string;
}

export async function readyLine(child: ChildProcess): Promise<Ready> {
  const { stdout } = child;
  if (stdout === null) throw new Error("a server without stdout");
  const lines = createInterface(stdout);
  const ended = once(child, "exit").then(([code, signal]) => {
    throw new Error(`a server ended before it listened: ${signal ?? code}`);
  });
  const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
  // Its last word is not the failure of anything.
  ended.catch(() => {});
  return JSON.parse(line) as Ready;
}

/** Of a mesh on this data folder. */
export function adminTokenIn(folder: string): string {
  const secrets = JSON.parse(readFileSync(join(folder, "secrets.json"), "utf8"));
  return (secrets as { adminToken: string }).adminToken;
}
