/** The folder of a push service: its device, its socket, its lock, and the process that has it. */
import { readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { defaultSocket, serviceFolder, socketIn } from "../../sdk/device/daemon/address.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { takeLock } from "../files/lock.ts";
import { makePrivateFolder, writePrivateText } from "../files/private-file.ts";

/** The options of every command of a push service. */
export interface PlaceOptions {
  readonly folder?: string;
  readonly socket?: string;
}

export interface Place {
  readonly folder: string;
  readonly socket: string;
}

export function placeOf({ folder, socket }: PlaceOptions, env: NodeJS.ProcessEnv): Place {
  const own = resolve(folder ?? serviceFolder(env));
  const usual = folder === undefined ? defaultSocket(env) : socketIn(own);
  return { folder: own, socket: resolve(socket ?? usual) };
}

/**
 * Makes the folders, and takes the lock of the first: another process with its device would keep taking the link.
 *
 * @returns what gives it back
 * @throws CliFailure if another process has it
 */
export function claimPlace({ folder, socket }: Place): () => void {
  const pidFile = join(folder, "pid");
  try {
    makePrivateFolder(folder);
    makePrivateFolder(dirname(socket));
    const lock = takeLock(join(folder, "lock"));
    if (lock !== undefined) {
      writePrivateText(pidFile, `${process.pid}\n`);
      return () => {
        rmSync(pidFile, { force: true });
        lock.release();
      };
    }
  } catch (error) {
    throw usageFailure(`the folder ${folder} cannot be written: ${(error as Error).message}`);
  }
  throw new CliFailure(
    1,
    "service_running",
    `a push service uses ${folder} already, with process ID ${readPid(pidFile)}`,
    "See pushmesh service status. End it, or give this one another --folder.",
  );
}

function readPid(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "unknown";
  }
}
