/** What a host of one machine is to `npm start`: the part that is not the same for all of them. */
import type { ServerHost } from "../../sdk/server/call.ts";
import type { DataFolder, Secrets } from "./data-folder.ts";
import type { Report } from "./report.ts";

/** The hosts by the names that `--host` takes. */
export const HOST_NAMES = ["deno", "workerd"] as const;
export type HostName = (typeof HOST_NAMES)[number];

/** Paths of PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** What a host gets to run a mesh with. The folder is locked, and is this host's. */
export interface HostContext {
  readonly folder: DataFolder;
  readonly secrets: Secrets;
  /** No mesh has ever run on the folder. */
  readonly isNew: boolean;
  /** Address to listen on. */
  readonly listen: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls: TlsFiles | null;
  /** Addresses or CIDR blocks of proxies that name their clients. */
  readonly trustProxy: readonly string[];
  readonly maxLinks: number;
  readonly report: Report;
}

/** How a mesh that has started is reached. */
export interface Started {
  /** The port of the public socket. */
  readonly port: number;
  /** Calls the mesh; the network's own where it is absent. */
  readonly fetch?: ServerHost["fetch"];
}

/** A mesh that runs from `start` to `stop`. */
export interface MeshProcess {
  /**
   * Resolves when the mesh answers.
   *
   * @throws {HostFailure} where it does not come up.
   */
  start(): Promise<Started>;
  /**
   * Resolves when it was stopped.
   *
   * @throws {HostFailure} where it ended by itself, for good.
   */
  watch(): Promise<void>;
  /** It was told to stop. */
  readonly stopping: boolean;
  /** Closes the links with `going_away`, then ends the mesh. */
  stop(): Promise<void>;
  /** Ends the mesh at once. What it answered is on disk by then. */
  kill(): void;
}

export interface MachineHost {
  readonly name: HostName;
  /** File descriptors of a link and its device, awake. */
  readonly descriptorsPerLink: number;
  /** @throws {HostFailure} where the mesh cannot be run. */
  prepare(context: HostContext): Promise<MeshProcess>;
}
