/** What the package lacks: the hosts of the mesh, whose data some commands read and write. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CliFailure } from "./failure.ts";
import { installedMesh, MESH_PACKAGE } from "./mesh/package.ts";
import { version } from "./mesh/version.ts";

/** Counts of what was moved. */
export interface MovedCounts {
  readonly apps: number;
  readonly devices: number;
  /** Including ended ones. */
  readonly registrations: number;
  /** Waiting messages. */
  readonly messages: number;
  /** Aliases that were ever set. */
  readonly aliases: number;
  /** Tags of registrations: a registration in three tags counts three times. */
  readonly subscriptions: number;
  /** Broadcasts in the logs of tags. */
  readonly broadcasts: number;
}

interface ExportedFile {
  readonly file: string;
  readonly bytes: number;
  /** Secrets that no mesh key opens, and that the file lacks; `keyId` is null for a live key. Absent for none. */
  readonly lost?: readonly { readonly appId: string; readonly keyId: string | null }[];
}

/** Implements these commands, in hosts/move/mod.ts. Each throws CliFailure, or the signal's reason. */
export interface Moves {
  backup(options: {
    readonly data: string;
    readonly to: string;
    readonly withSecrets: boolean;
  }): Promise<{ readonly folder: string; readonly bytes: number; readonly tookMs: number }>;
  export(options: {
    readonly data: string;
    readonly to: string;
    readonly signal: AbortSignal;
  }): Promise<MovedCounts & ExportedFile>;
  import(options: {
    readonly data: string;
    readonly from: string;
    readonly host: HostName;
    readonly signal: AbortSignal;
  }): Promise<MovedCounts & { readonly data: string; readonly host: string }>;
}

/** The values of `npm start -- --host`. */
export const HOST_NAMES = ["deno", "workerd"] as const;
export type HostName = (typeof HOST_NAMES)[number];

/**
 * Loads it by its URL, because hosts/ imports cli/, and cli/ must not import hosts/: from the clone, or from the package of the mesh.
 *
 * @throws CliFailure if the command was installed without the mesh
 */
export async function loadMoves(): Promise<Moves> {
  const source = new URL("../hosts/move/mod.ts", import.meta.url);
  const mesh = existsSync(source) ? undefined : installedMesh();
  const found = mesh === undefined ? source : pathToFileURL(join(mesh, "dist/hosts/move.js"));
  if (!existsSync(found))
    throw new CliFailure(
      1,
      "no_mesh",
      "the mesh itself is not in this package",
      `Run npm install ${MESH_PACKAGE}@${version()} here, or run this command in the clone that the mesh is started in.`,
    );
  const { moves } = (await import(found.href)) as { readonly moves: Moves };
  return moves;
}

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** The counts, for a person. */
export const countsText = (counts: MovedCounts): string =>
  [
    counted(counts.apps, "app"),
    counted(counts.devices, "device"),
    counted(counts.registrations, "registration"),
    counted(counts.messages, "waiting message"),
    counted(counts.aliases, "alias", "aliases"),
    counted(counts.subscriptions, "subscription"),
    counted(counts.broadcasts, "broadcast"),
  ].join(", ");
