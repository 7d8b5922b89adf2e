/** Where the socket of a user's push service is, and whether it can be trusted: only its user may reach it. */
import { Buffer } from "node:buffer";
import { readFileSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { configHome } from "../../config-folder.ts";
import { PushError, type PushErrorData } from "../errors.ts";
import { SOCKET_PATH_BYTES } from "./constants.ts";
import { unavailable } from "./greeting.ts";

/** The folder of the user's push service. */
export const serviceFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  join(configHome(env), "pushmesh", "service");

/** Not in $XDG_RUNTIME_DIR, which a service, a session and a cron job of one user do not all have. */
export const socketIn = (folder: string): string => join(folder, "service.sock");

/** Where apps look for it: `PUSHMESH_SERVICE`, or in the user's folder. */
export const defaultSocket = (env: Readonly<Record<string, string | undefined>>): string =>
  env["PUSHMESH_SERVICE"] || socketIn(serviceFolder(env));

const denied = (message: string): PushErrorData => ({
  code: "service_denied",
  message,
  retry: "never",
});

/** This user; undefined on Windows, which has no numbers for users. */
const userId = (): number | undefined => process.geteuid?.();

/** Bits of a mode: the group or others may do something. */
const NOT_PRIVATE = 0o077;

/** @throws PushError `option_invalid` if no socket can have this path */
export function checkLength(path: string): void {
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES) return;
  const message = `The path of a socket has at most ${SOCKET_PATH_BYTES} bytes: ${path} is longer.`;
  throw new PushError({ code: "option_invalid", message, retry: "never" });
}

/** @throws PushError `service_denied` if others reach what is in the folder, or could put something else there */
export function checkFolder(path: string): void {
  const folder = dirname(path);
  const stats = statSync(folder);
  const uid = userId();
  if (uid === undefined) return;
  if (stats.uid !== uid)
    throw new PushError(denied(`The folder ${folder} belongs to another user.`));
  if ((stats.mode & NOT_PRIVATE) !== 0)
    throw new PushError(denied(`Others can open the folder ${folder}: chmod 700 it.`));
}

/**
 * What to connect to.
 *
 * On Windows, the file at the path has the name of a pipe, a random one: another user could take a name that is known before the service does.
 *
 * @throws PushError `service_unavailable` if nothing is there, `service_denied` if it is not of this user, `option_invalid`
 */
export function findSocket(path: string, platform: string = process.platform): string {
  checkLength(path);
  let stats: Stats;
  try {
    stats = statSync(path);
    checkFolder(path);
    if (platform === "win32") return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (error instanceof PushError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new PushError(
      code === "EACCES" || code === "EPERM"
        ? denied(`This user may not open ${path}.`)
        : unavailable(path, error),
    );
  }
  if (!stats.isSocket()) throw new PushError(denied(`${path} is no socket.`));
  if (stats.uid !== userId()) throw new PushError(denied(`${path} belongs to another user.`));
  return path;
}
