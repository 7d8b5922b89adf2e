/**
 * The mesh on one machine: checks what it needs, starts workerd, keeps it running, and stops it cleanly.
 * `npm start` runs this; see options.ts for its options.
 *
 * Exit codes: 0 after a clean stop, 1 where it could not start or workerd kept ending.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { takeLock } from "../../cli/lock.ts";
import { type DataFolder, openDataFolder, openSecrets } from "../machine/data-folder.ts";
import { openDemo } from "../machine/demo.ts";
import { HostFailure } from "../machine/failure.ts";
import { HELP, parseOptions, type ServeOptions } from "../machine/options.ts";
import { authority, requireFree } from "../machine/port.ts";
import { reporter } from "../machine/report.ts";
import { bundleWorker } from "./bundle.ts";
import { readDefinition, workerdConfig } from "./config.ts";
import { descriptorLimit, linksFor } from "./limits.ts";
import { endOrphan } from "./orphan.ts";
import { stopOnSignals } from "./signals.ts";
import { Supervisor } from "./supervisor.ts";

const WRANGLER = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));
const BUNDLE = "worker.js";
/** A Unix socket's path has 108 bytes on Linux and 104 on macOS, with a zero at the end. */
const SOCKET_PATH_BYTES = 100;

/** Where one reaches a server that listens on this address from the same machine. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

function controlSocket(folder: DataFolder): string {
  const path = join(folder.run, "control.sock");
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES) return path;
  const temporary = mkdtempSync(join(tmpdir(), "pushmesh-"));
  process.once("exit", () => rmSync(temporary, { recursive: true, force: true }));
  return join(temporary, "control.sock");
}

async function serve({ host, port, data, json }: ServeOptions, startedAt: number): Promise<void> {
  // workerd makes its files by the umask it inherits: nobody else reads them.
  process.umask(0o077);
  const report = reporter(json);
  const maxLinks = linksFor(descriptorLimit());
  const definition = readDefinition(readFileSync(WRANGLER, "utf8"));
  const folder = openDataFolder(data);
  if (takeLock(folder.lock) === undefined)
    throw new HostFailure(`the data folder ${folder.root} is in use by another pushmesh`);
  const config = join(folder.run, "workerd.capnp");
  const pidFile = join(folder.run, "workerd.pid");
  await endOrphan(pidFile, config);
  await requireFree(host, port);
  const secrets = openSecrets(folder);
  await bundleWorker(join(folder.run, BUNDLE));

  const control = controlSocket(folder);
  const writeConfig = (listenPort: number) => {
    const text = workerdConfig(definition, {
      bundle: BUNDLE,
      storage: folder.storage,
      address: authority(host, listenPort),
      control,
      vars: { MAX_LINKS: `${maxLinks}` },
      fromEnvironment: ["MESH_KEYS", "ADMIN_TOKEN"],
    });
    writeFileSync(config, text, { mode: 0o600 });
  };
  writeConfig(port);
  const supervisor = new Supervisor({
    config,
    control,
    pidFile,
    env: { MESH_KEYS: secrets.meshKeys, ADMIN_TOKEN: secrets.adminToken },
    host: reachable(host),
    log: report.problem,
  });
  const stopped = stopOnSignals(supervisor, report);
  try {
    const actualPort = await supervisor.start();
    // A free port that the system chose stays the same over restarts.
    if (port === 0) writeConfig(actualPort);
    const url = `http://${authority(reachable(host), actualPort)}`;
    const { made } = await openDemo(folder, url, secrets.adminToken);
    report.ready({
      url,
      listens: authority(host, actualPort),
      data: relative(process.cwd(), folder.root) || ".",
      maxLinks,
      demoMade: made,
      tookMs: Math.round(performance.timeOrigin + performance.now() - startedAt),
    });
    await Promise.race([supervisor.watch(), stopped]);
  } catch (error) {
    // Ended by a signal while it started: that is no failure.
    if (!supervisor.stopping) {
      supervisor.kill();
      throw error;
    }
  }
  if (supervisor.stopping) await stopped;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else await serve(options, performance.timeOrigin);
} catch (error) {
  if (!(error instanceof HostFailure)) throw error;
  process.stderr.write(`pushmesh: ${error.message}\n`);
  process.exitCode = 1;
}
