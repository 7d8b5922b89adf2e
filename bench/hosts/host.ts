/** What runs a mesh, and a control beside it, for a benchmark. */

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
