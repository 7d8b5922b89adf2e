/** The mesh as a user runs it: the processes of a host, on a data folder that outlives them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MeshAdmin, PushServer } from "../../sdk/server/mod.ts";
import { HOST, type HostName, ROOT, serveCommand } from "../support/host.ts";
import { freePort } from "../support/port.ts";
import { until } from "./wait.ts";

/** A start takes about a second, and on a busy machine a few. */
const READY_MS = 30_000;
const GONE_MS = 10_000;
const OUTPUT_LINES = 200;

/** What a `kill -9` takes away. */
export type Victim =
  /** The worker's process alone: the supervisor starts it again. */
  | "workerd"
  /** The supervisor alone: its workerd lives on until the next start ends it. */
  | "supervisor"
  /** All there is, as when the machine goes down. */
  | "machine";

/** One process is all that Deno has. */
const VICTIMS: Readonly<Record<HostName, readonly [Victim, ...Victim[]]>> = {
  deno: ["machine"],
  workerd: ["machine", "supervisor", "workerd", "workerd"],
};

export interface App {
  readonly appId: string;
  readonly keyId: string;
  readonly secret: string;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Of the environment: see `FAULTY_CALLS`. */
const CALLS = "CHAOS_CALLS";
/** Breaks calls between the objects of the host `deno`, relative to ROOT. */
const FAULTY_CALLS = "test/chaos/deno/calls.ts";

/**
 * What has some calls between objects fail, hang or come late: the host `deno` alone has them in one process that a test can get at.
 *
 * @param share of all calls, from 0 to 1
 */
export function brokenCalls(host: HostName, share: number): Environment {
  if (share === 0) return {};
  if (host !== "deno")
    throw new Error("calls between objects can be broken on the host deno alone");
  return { [CALLS]: `${share}` };
}

type Environment = Readonly<Record<string, string>>;

export class Mesh {
  readonly url: string;
  readonly host: HostName;
  readonly #port: number;
  readonly #args: readonly string[];
  #env: Environment;
  /** The data folder. */
  readonly folder = mkdtempSync(join(tmpdir(), "pushmesh-chaos-"));
  readonly #output: string[] = [];
  /** The only one, or the supervisor of the other. */
  #process: ChildProcess | undefined;

  private constructor(host: HostName, port: number, env: Environment, args: readonly string[]) {
    this.host = host;
    this.#port = port;
    this.#env = env;
    this.#args = args;
    this.url = `http://127.0.0.1:${port}`;
  }

  /**
   * Starts a mesh on a new folder and a free port.
   *
   * @param env for its process, besides our own; workerd itself is given none of it.
   * @param args further options of `npm start`.
   */
  static async start(
    host: HostName = HOST,
    env: Environment = {},
    args: readonly string[] = [],
  ): Promise<Mesh> {
    const mesh = new Mesh(host, await freePort(), env, args);
    await mesh.start();
    return mesh;
  }

  /** Starts it again on the same folder and port. Resolves when it answers. */
  async start(): Promise<void> {
    const its = ["--port", `${this.#port}`, "--data-dir", this.folder, "--json", ...this.#args];
    const [command, ...args] = serveCommand(
      this.host,
      its,
      CALLS in this.#env ? [FAULTY_CALLS] : [],
    );
    const env = { ...process.env, ...this.#env };
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    const ready = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        this.#keep(line);
        if (line.includes('"event":"ready"')) resolve();
      });
    });
    createInterface({ input: child.stderr }).on("line", (line) => this.#keep(line));
    const died = once(child, "exit").then(([code, signal]) => {
      throw new Error(`the mesh ended while it started (${code ?? signal}):\n${this.output}`);
    });
    // Afterwards an end is what the test itself brings about.
    died.catch(() => {});
    await Promise.race([ready, died]);
  }

  /** The last lines of what it printed. */
  get output(): string {
    return this.#output.join("\n");
  }

  /** Process ID of what holds the sockets and the storage. */
  get pid(): number {
    if (this.host !== "workerd") return this.#process?.pid ?? 0;
    const file = join(this.folder, "run", "workerd.pid");
    return existsSync(file) ? Number.parseInt(readFileSync(file, "utf8"), 10) : 0;
  }

  /** Process ID of what started all processes of the mesh. */
  get rootPid(): number {
    return this.#process?.pid ?? 0;
  }

  /** What may be killed of this host; what is there twice is worth it. */
  get victims(): readonly [Victim, ...Victim[]] {
    return VICTIMS[this.host];
  }

  /** `kill -9`, and starts again whatever does not start itself. Resolves when the mesh answers again. */
  async kill(victim: Victim): Promise<void> {
    const { pid } = this;
    const outer = this.#process;
    if (outer?.pid === undefined) throw new Error("the mesh is not running");
    if (outer.exitCode !== null || outer.signalCode !== null)
      throw new Error(`the mesh has ended by itself (${outer.exitCode ?? outer.signalCode})`);
    if (victim !== "workerd") {
      const gone = once(outer, "exit");
      process.kill(outer.pid, "SIGKILL");
      await gone;
    }
    if (victim !== "supervisor" && pid !== outer.pid) {
      process.kill(pid, "SIGKILL");
      await until("the end of workerd", () => !isAlive(pid), GONE_MS);
    }
    if (victim !== "workerd") await this.start();
    else
      await until(
        () => `another workerd:\n${this.output}`,
        () => this.#answers(),
        READY_MS,
      );
  }

  /** Nothing breaks calls between its objects from now on: kills it, and starts it without. */
  async mend(): Promise<void> {
    const { [CALLS]: broken, ...env } = this.#env;
    if (broken === undefined) return;
    this.#env = env;
    await this.kill("machine");
  }

  /** Stops it cleanly and deletes its folder. */
  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Stops it cleanly; `start` goes on. */
  async halt(): Promise<void> {
    const child = this.#process;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
    }
  }

  admin(): MeshAdmin {
    const { adminToken } = JSON.parse(readFileSync(join(this.folder, "secrets.json"), "utf8"));
    return new MeshAdmin({ url: this.url, token: adminToken });
  }

  /** A new app with an HMAC key. */
  async app(name = "chaos", policy: "open" | "granted" = "open"): Promise<App> {
    const admin = this.admin();
    const { appId } = await admin.createApp(name, policy === "open" ? { policy } : {});
    const { keyId, secret = "" } = await admin.createKey(appId);
    return { appId, keyId, secret };
  }

  /**
   * A sender for an app; it retries nothing by itself.
   *
   * @param now its clock.
   */
  sender({ keyId, secret }: App, now: () => number = Date.now): PushServer {
    return new PushServer({ url: this.url, keyId, key: secret, attempts: 1, host: { now } });
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/healthz`)).ok;
    } catch {
      return false;
    }
  }

  #keep(line: string): void {
    this.#output.push(line);
    if (this.#output.length > OUTPUT_LINES) this.#output.shift();
  }
}
