/**
 * An app in a process of its own that is attached to a push service: `<runtime> service-app.ts '<job as JSON>'`. Prints a line of JSON for its regId
 * and for each message, state and error, until SIGTERM or SIGKILL.
 */
import process from "node:process";
import type { PushClient } from "../../../sdk/device/node.ts";

export interface AppJob {
  /** The SDK, as a URL to import. */
  readonly sdk: string;
  readonly url: string;
  readonly appId: string;
  /** Path of the socket. */
  readonly service: string;
  /** The app's storage. */
  readonly folder: string;
  /** How long the handler of each message takes, milliseconds. */
  readonly handlerMs?: number;
  /** A tag to join before it is ready. */
  readonly tag?: string;
  /** Whether it tries again if there is no service when it starts, as under a supervisor. */
  readonly insists?: boolean;
}

const job: AppJob = JSON.parse(process.argv[2] ?? "{}");
const { connect, fileStorage }: typeof import("../../../sdk/device/node.ts") = await import(
  job.sdk
);
const print = (line: object): void => {
  // At once: a kill must not take what was said.
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

const run = async (): Promise<void> => {
  const { url, appId, service, folder, handlerMs = 0, tag: ownTag } = job;
  const open = (): Promise<PushClient> =>
    connect({ url, appId, service, storage: fileStorage(folder) }).catch((error) => {
      if (job.insists && error.code === "service_unavailable") return open();
      throw error;
    });
  const client = await open();
  client.onState(({ state, error }) => print({ state, code: error?.code }));
  client.onError(({ code, message }) => print({ error: code, message }));
  client.onMessage(async ({ data, id, priority, tag }) => {
    print({ data, id, priority, tag });
    if (handlerMs > 0) await new Promise((resolve) => setTimeout(resolve, handlerMs));
  });
  process.on("SIGTERM", () => client.close());
  try {
    const ready = await client.register();
    if (ownTag !== undefined) await client.subscribe(ownTag);
    print({ ready });
  } catch (error) {
    await client.close();
    throw error;
  }
};

await run().catch((error) => {
  print({ failed: error.code ?? "none", message: error.message });
  process.exitCode = 1;
});
