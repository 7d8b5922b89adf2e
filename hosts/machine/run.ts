/**
 * Runs a mesh on one machine, on any host: checks the requirements, starts it, and stops it cleanly. This is `npm start`; options.ts has
 * its options.
 *
 * Exit codes: 0 after a clean stop, 1 if it could not start, 130 after a second signal.
 */
import { rememberMesh } from "../../cli/files/local-meshes.ts";
import { takeLock } from "../../cli/files/lock.ts";
import { isLoopback } from "../../worker/request/network.ts";
import { openAdminSocket } from "./admin-socket.ts";
import { builtDocs } from "./built-docs.ts";
import { endFirstStart, isNewFolder, openDataFolder, openSecrets } from "./data-folder.ts";
import { openDemo } from "./demo.ts";
import { HostFailure } from "./failure.ts";
import type { MachineHost } from "./host.ts";
import { descriptorLimit, linksFor } from "./limits.ts";
import { HELP, parseOptions, type ServeOptions } from "./options.ts";
import { claimFolder } from "./owner.ts";
import { authority } from "./port.ts";
import { type Report, reporter } from "./report.ts";
import { stopOnSignals } from "./signals.ts";

/** The address to reach a server at from the same machine. @param listen the address that it listens on */
function reachable(listen: string): string {
  if (listen === "0.0.0.0") return "127.0.0.1";
  return listen === "::" ? "::1" : listen;
}

/** Records the data folder, so that commands find the demo app. A user without a configuration folder has to name it. */
function remember(data: string, report: Report): void {
  try {
    rememberMesh(process.env, data);
  } catch (error) {
    report.problem(`commands will need --data-dir ${data}: ${(error as Error).message}`);
  }
}

async function run(host: MachineHost, options: ServeOptions, startedAt: number): Promise<void> {
  // No other user may read the files created from here on.
  process.umask(0o077);
  const { listen, port, tls, trustProxy, webhooks } = options;
  const report = reporter(options.json);
  const docs = builtDocs(options.docs);
  const maxLinks = linksFor(descriptorLimit(), host.descriptorsPerLink);
  const folder = openDataFolder(options.data);
  if (takeLock(folder.lock) === undefined)
    throw new HostFailure(`the data folder ${folder.root} is in use by another pushmesh`);
  const isNew = isNewFolder(folder);
  claimFolder(folder, host.name);
  const secrets = openSecrets(folder);
  const mesh = await host.prepare({
    folder,
    secrets,
    isNew,
    listen,
    port,
    tls,
    docs,
    trustProxy,
    webhooks,
    maxLinks,
    report,
  });
  const stopped = stopOnSignals(mesh, report);
  try {
    const started = await mesh.start();
    endFirstStart(folder);
    const scheme = tls === null ? "http" : "https";
    const url = `${scheme}://${authority(reachable(listen), started.port)}`;
    const call = started.fetch ?? fetch;
    const adminSocket = await openAdminSocket(folder, url, call);
    const { adminToken } = secrets;
    const isLocal = isLoopback(listen) || listen === "localhost";
    const demo = await openDemo(folder, { url, adminToken, adminSocket, fetch: call, isLocal });
    remember(folder.root, report);
    report.ready({
      host: host.name,
      url,
      listens: `${scheme}://${authority(listen, started.port)}`,
      data: folder.root,
      maxLinks,
      demoMade: demo.made,
      demoApp: demo.appId,
      hasDocs: docs !== null,
      isLocal,
      tookMs: Math.round(performance.timeOrigin + performance.now() - startedAt),
    });
    await Promise.race([mesh.watch(), stopped]);
  } catch (error) {
    // Stopped by a signal during the start: not a failure.
    if (!mesh.stopping) {
      mesh.kill();
      throw error;
    }
  }
  if (mesh.stopping) await stopped;
}

/** Whether an error comes from the operating system, such as a full disk: its message says everything, and a stack nothing. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}

/** Runs a mesh on this host with the process's arguments, and exits. */
export async function runHost(host: MachineHost): Promise<void> {
  try {
    const options = parseOptions(process.argv.slice(2), host.name);
    if (options.help) process.stdout.write(HELP);
    else await run(host, options, performance.timeOrigin);
    // Exits explicitly, here and below: a host in this process may have timers and open requests.
    process.exit(0);
  } catch (error) {
    if (!(error instanceof HostFailure) && !isOfSystem(error)) throw error;
    process.stderr.write(`pushmesh: ${error.message}\n`);
    process.exit(1);
  }
}
