/** Which host a data folder is of. The hosts keep their data in different forms, and one cannot read the other's. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writePrivateText } from "../../cli/files/private-file.ts";
import type { DataFolder } from "./data-folder.ts";
import { HostFailure } from "./failure.ts";
import { HOST_NAMES, type HostName } from "./host.ts";

/** The host whose data is in a folder; undefined where there is none yet. */
export function ownerOf(folder: DataFolder): HostName | undefined {
  if (existsSync(folder.owner)) {
    const text = readFileSync(folder.owner, "utf8").trim();
    const owner = HOST_NAMES.find((name) => name === text);
    if (owner === undefined) throw new HostFailure(`${folder.owner} names no host of this version`);
    return owner;
  }
  // The first release had one host, and no such file.
  const hasStorage = existsSync(folder.storage) && readdirSync(folder.storage).length > 0;
  return hasStorage ? "workerd" : undefined;
}

/**
 * Makes a folder this host's, or sees that it is. To be called with the folder's lock held.
 *
 * @throws {HostFailure} where it is another's.
 */
export function claimFolder(folder: DataFolder, host: HostName): void {
  const owner = ownerOf(folder);
  if (owner !== undefined && owner !== host)
    throw new HostFailure(
      `the data in ${folder.root} is of the host ${owner}: start with --host ${owner}, or move it with pushmesh export and import`,
    );
  // Only once: a full disk must not take what is there.
  if (!existsSync(folder.owner)) writePrivateText(folder.owner, `${host}\n`);
}
