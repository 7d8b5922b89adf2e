/** Which host a data folder belongs to. The hosts store their data differently, and cannot read each other's. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writePrivateText } from "../../cli/files/private-file.ts";
import type { DataFolder } from "./data-folder.ts";
import { HostFailure } from "./failure.ts";
import { HOST_NAMES, type HostName } from "./host.ts";

/** The host whose data is in a folder; undefined if there is none yet. */
export function ownerOf(folder: DataFolder): HostName | undefined {
  if (existsSync(folder.owner)) {
    const text = readFileSync(folder.owner, "utf8").trim();
    const owner = HOST_NAMES.find((name) => name === text);
    if (owner === undefined) throw new HostFailure(`${folder.owner} names no host of this version`);
    return owner;
  }
  // The first release had one host, and did not write the file.
  const hasStorage = existsSync(folder.storage) && readdirSync(folder.storage).length > 0;
  return hasStorage ? "workerd" : undefined;
}

/**
 * Claims a folder for this host, or checks that it is claimed already. The caller holds the folder's lock.
 *
 * @throws {HostFailure} if it belongs to another host
 */
export function claimFolder(folder: DataFolder, host: HostName): void {
  const owner = ownerOf(folder);
  if (owner !== undefined && owner !== host)
    throw new HostFailure(
      `the data in ${folder.root} is of the host ${owner}: start with --host ${owner}, or move it with pushmesh export and import`,
    );
  // Written only once, so that a full disk cannot truncate it.
  if (!existsSync(folder.owner)) writePrivateText(folder.owner, `${host}\n`);
}
