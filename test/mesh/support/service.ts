/** The push service of a user, as a process, and apps of theirs. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";
import {
  connect,
  fileStorage,
  type PushClient,
  type StateChange,
} from "../../../sdk/device/node.ts";
import { NODE } from "../../support/built.ts";
import { pushmesh, type User } from "./command.ts";
import { type Process, ROOT, start } from "./process.ts";
import type { AppJob } from "./service-app.ts";

export interface RunningService {
  readonly process: Process;
  readonly socket: string;
  readonly folder: string;
}

/** Starts it in the folder `service` of the user's home, and waits until apps can attach. */
export async function startService(
  user: User,
  url: string,
  ...args: readonly string[]
): Promise<RunningService> {
  const folder = join(user.home, "service");
  const started = pushmesh(user, "service", "--json", "--url", url, "--folder", folder, ...args);
  const { socket } = JSON.parse(await started.stdout.match(/"ready"/));
  return { process: started, socket, folder };
}

/** An app in this process, and what it has seen. */
export interface SeenApp {
  readonly client: PushClient;
  readonly seen: unknown[];
  readonly states: StateChange[];
  readonly errors: string[];
}

export async function openApp(options: {
  readonly url: string;
  readonly appId: string;
  readonly socket: string;
  readonly folder: string;
}): Promise<SeenApp> {
  const { url, appId, socket, folder } = options;
  const storage = fileStorage(folder);
  const client = await connect({ url, appId, service: socket, storage });
  onTestFinished(() => client.close());
  const app: SeenApp = { client, seen: [], states: [], errors: [] };
  client.onMessage(({ data }) => {
    app.seen.push(data);
  });
  client.onState((change) => app.states.push(change));
  client.onError(({ code }) => app.errors.push(code));
  return app;
}

const APP = join(ROOT, "test/mesh/support/service-app.ts");
const SOURCES = pathToFileURL(join(ROOT, "sdk/device/node.ts")).href;

/** An app in a process of its own. */
export class AppProcess {
  readonly process: Process;

  constructor(job: Omit<AppJob, "sdk"> & { readonly sdk?: string }, ...runtime: readonly string[]) {
    const [command = NODE, ...args] = runtime;
    const said = JSON.stringify({ sdk: SOURCES, ...job });
    this.process = start(command, [...args, APP, said]);
  }

  /** Its regId, once it is registered. @throws what it failed with */
  async ready(): Promise<string> {
    const line = await this.process.stdout.match(/^\{"(ready|failed)"/);
    const { ready, failed } = JSON.parse(line);
    if (ready === undefined) throw new Error(`the app failed: ${line}`, { cause: failed });
    return ready;
  }

  get lines(): Record<string, unknown>[] {
    return this.process.stdout.all.map((line) => JSON.parse(line));
  }

  /** The data of the messages, in order. */
  get seen(): unknown[] {
    return this.lines.flatMap((line) => ("data" in line ? [line["data"]] : []));
  }
}
