/** The push service and the apps of a campaign, as processes that may be killed at any moment. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../support/host.ts";
import { until } from "../wait.ts";

const NODE = join(ROOT, "node_modules/.bin/node");
const APP = join(ROOT, "test/mesh/support/service-app.ts");
const COMMAND = join(ROOT, "cli/main.ts");
const SDK = pathToFileURL(join(ROOT, "sdk/device/node.ts")).href;
/** Compiles the sources once, not at each start. */
const ENV = { ...process.env, NODE_COMPILE_CACHE: join(ROOT, "node_modules/.cache/node-compile") };
/** A start takes a second, and on a busy machine many. */
const START_MS = 60_000;

type Line = Readonly<Record<string, unknown>>;

/** A process that is started again and again. */
export class Restarted {
  readonly #args: readonly string[];
  readonly #onLine: (line: Line) => void;
  #child: ChildProcess | undefined;
  #isReady = false;
  /** Of the last lives, for a message of failure. */
  readonly errors: string[] = [];

  /** @param onLine takes each line of JSON that it prints; the one with `ready` says that it has started */
  constructor(args: readonly string[], onLine: (line: Line) => void = () => {}) {
    this.#args = args;
    this.#onLine = onLine;
  }

  get runs(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    if (this.#child !== undefined) return;
    this.#isReady = false;
    const child = spawn(NODE, this.#args, {
      cwd: ROOT,
      env: ENV,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (text) => {
      // A kill may cut the last line.
      if (!text.endsWith("}")) return;
      const line: Line = JSON.parse(text);
      if (child === this.#child && "ready" in line) this.#isReady = true;
      this.#onLine(line);
    });
    createInterface({ input: child.stderr }).on("line", (text) => this.errors.push(text));
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  async ready(): Promise<void> {
    const [, name] = this.#args;
    const said = () => `the start of ${name}:\n${this.errors.join("\n")}`;
    await until(said, () => this.#isReady, START_MS);
  }

  /** Ends it, and resolves when all that it printed was read. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#isReady = false;
    const closed = once(child, "close");
    child.kill(signal);
    await closed;
    if (this.#child === child) this.#child = undefined;
  }
}

/** @param folder of the service, which has its socket as well */
export const serviceProcess = (url: string, folder: string): Restarted =>
  new Restarted([COMMAND, "service", "--json", "--url", url, "--folder", folder]);

export const socketOf = (folder: string): string => join(folder, "service.sock");

export function appProcess(
  job: { readonly url: string; readonly appId: string; readonly service: string } & {
    readonly folder: string;
    readonly handlerMs: number;
    readonly tag: string;
  },
  onLine: (line: Line) => void,
): Restarted {
  return new Restarted([APP, JSON.stringify({ sdk: SDK, insists: true, ...job })], onLine);
}
