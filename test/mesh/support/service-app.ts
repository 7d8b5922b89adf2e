/**
 * An app in a process of its own that is attached to a push service: `<runtime> service-app.ts '<job as JSON>'`. Prints a line of JSON for its regId
 * and for each message, state and error, until SIGTERM or SIGKILL.
 */
import process from "node:process";

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
  const { url, appId, service, folder, handlerMs = 0 } = job;
  const client = await connect({ url, appId, service, storage: fileStorage(folder) });
  client.onState(({ state, error }) => print({ state, code: error?.code }));
  client.onError(({ code, message }) => print({ error: code, message }));
  client.onMessage(async ({ data, id, priority }) => {
    print({ data, id, priority });
    if (handlerMs > 0) await new Promise((resolve) => setTimeout(resolve, handlerMs));
  });
  process.on("SIGTERM", () => client.close());
  try {
    print({ ready: await client.register() });
  } catch (error) {
    await client.close();
    throw error;
  }
};

await run().catch((error) => {
  print({ failed: error.code ?? "none", message: error.message });
  process.exitCode = 1;
});
