/** The port by which `npm start` runs a host of one machine. */
import type { HostName } from "../../cli/clone.ts";
import type { WebhookTargets } from "../../core/webhook/target.ts";
import type { ServerHost } from "../../sdk/server/call.ts";
import type { DataFolder, Secrets } from "./data-folder.ts";
import type { Report } from "./report.ts";

export { HOST_NAMES, type HostName } from "../../cli/clone.ts";

/** Paths of PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** What a host needs to run a mesh. The folder is locked and belongs to this host. */
export interface HostContext {
  readonly folder: DataFolder;
  readonly secrets: Secrets;
  /** Whether no mesh has ever run in the folder. */
  readonly isNew: boolean;
  /** Address to listen on. */
  readonly listen: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls: TlsFiles | null;
  /** Folder of the built documentation, absolute; null for none. */
  readonly docs: string | null;
  /** Addresses or CIDR blocks of trusted proxies. */
  readonly trustProxy: readonly string[];
  /** Where webhooks may go. */
  readonly webhooks: WebhookTargets;
  readonly maxLinks: number;
  readonly report: Report;
}

/** How to reach a started mesh. */
export interface Started {
  /** The port of the public socket. */
  readonly port: number;
  /** Calls the mesh without the network. Default: the global `fetch`. */
  readonly fetch?: ServerHost["fetch"];
}

/** A mesh, from `start` to `stop`. */
export interface MeshProcess {
  /**
   * Resolves when the mesh answers.
   *
   * @throws {HostFailure} if it does not start
   */
  start(): Promise<Started>;
  /**
   * Resolves when the mesh was stopped.
   *
   * @throws {HostFailure} if it has ended by itself and is not restarted
   */
  watch(): Promise<void>;
  /** Whether `stop` or `kill` was called. */
  readonly stopping: boolean;
  /** Closes the links with `going_away`, then ends the mesh. */
  stop(): Promise<void>;
  /** Ends the mesh at once. Everything that it has answered is on disk. */
  kill(): void;
}

export interface MachineHost {
  readonly name: HostName;
  /** File descriptors of a link and its awake device. */
  readonly descriptorsPerLink: number;
  /** @throws {HostFailure} if the mesh cannot be run */
  prepare(context: HostContext): Promise<MeshProcess>;
}
