/** `pushmesh service`: one device and one link for the apps of all processes of a user. */
import { join } from "node:path";
import { serveSocket } from "../../sdk/device/daemon/server.ts";
import { PushError, type PushErrorData } from "../../sdk/device/errors.ts";
import { defaultHost, fileStorage, startService } from "../../sdk/device/node.ts";
import type { Output } from "../output.ts";
import { interrupted } from "../signals.ts";
import { claimPlace, type Place } from "./folder.ts";

const STOPPED: PushErrorData = {
  code: "service_unavailable",
  message: "The push service was stopped.",
  retry: "later",
};

/** Runs until Ctrl-C. @throws CliFailure, PushError if it cannot run, or the mesh has closed its link for good */
export async function runService(place: Place, url: string, output: Output): Promise<void> {
  const release = claimPlace(place);
  const stopped = interrupted();
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<PushErrorData>();
  try {
    const report = (error: unknown) => output.note(`error: ${(error as Error).message}`);
    const host = { ...defaultHost(), report };
    const storage = fileStorage(join(place.folder, "device"));
    const service = await startService({ url, storage, host });
    try {
      const path = place.socket;
      const socket = await serveSocket(service, { path, endpoints: [url], onClosed });
      const { pid } = socket.status;
      output.result(
        { ready: true, url, socket: path, pid },
        `push service of ${url} at ${path}, process ID ${pid}`,
      );
      output.note("waiting for apps; Ctrl-C ends");
      const error = await Promise.race([closed, stopped]);
      await socket.close(error ?? STOPPED);
      if (error !== undefined) throw new PushError(error);
    } finally {
      service.close();
    }
  } finally {
    release();
  }
}
