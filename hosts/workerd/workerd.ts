/** A process of workerd: starts it, waits until it is ready, drains and ends it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import workerd from "workerd";
import { HostFailure } from "../machine/failure.ts";
import { callSocket } from "./call-socket.ts";
import { guard } from "./guard.ts";

/** From the start to an answer of /healthz, which takes about 0.2 s. */
const READY_MS = 20_000;
/** Descriptor of the pipe on which workerd reports the ports that it listens on. */
const CONTROL_FD = 3;
/** How long workerd has to end after SIGTERM. */
const EXIT_MS = 500;

export interface WorkerdOptions {
  /** Path of the configuration. */
  readonly config: string;
  /** Path of the control socket that the configuration names. */
  readonly control: string;
  /** The whole environment, with the secrets: only the same user can read it. */
  readonly env: Readonly<Record<string, string>>;
}

/** A line of JSON on workerd's control pipe. */
interface ControlEvent {
  readonly event: string;
  readonly socket?: string;
  readonly port?: number;
}

export class Workerd {
  /** Resolves when the process has ended, with the reason: "exit code 1" or "signal SIGKILL". */
  readonly ended: Promise<string>;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #control: string;

  private constructor(child: ChildProcess, pid: number, control: string) {
    this.#child = child;
    this.#control = control;
    this.pid = pid;
    const callOff = guard(pid);
    this.ended = once(child, "exit").then(([code, signal]) => {
      callOff();
      return signal === null ? `exit code ${code}` : `signal ${signal}`;
    });
  }

  /**
   * Starts the process in a session of its own: Ctrl-C in a terminal must reach only the supervisor, which drains first.
   *
   * @throws {HostFailure} if the binary cannot be run
   */
  static start({ config, control, env }: WorkerdOptions): Workerd {
    rmSync(control, { force: true });
    const args = ["serve", config, "config", `--control-fd=${CONTROL_FD}`];
    // The worker logs to our stderr, because stdout has the output of --json.
    const child = spawn(workerd.default, args, {
      env: { ...env },
      stdio: ["ignore", 2, 2, "pipe"],
      detached: true,
    });
    child.on("error", () => {}); // Reported by the missing pid.
    if (child.pid === undefined) throw new HostFailure(`${workerd.default} cannot be run`);
    return new Workerd(child, child.pid, control);
  }

  /**
   * Waits until the TCP socket for requests answers.
   *
   * @param host address to reach it at
   * @returns the port that it listens on
   * @throws {HostFailure} if the process ends before, or takes too long
   */
  async ready(host: string): Promise<number> {
    return this.#started(async () => {
      const port = await this.#listening("http");
      await this.#healthy(host, port);
      return port;
    });
  }

  /**
   * Waits until the Unix socket for requests answers.
   *
   * @throws {HostFailure} if the process ends before, or takes too long
   */
  async readyAt(socketPath: string): Promise<void> {
    await this.#started(async () => {
      await this.#listening("http");
      await callSocket({ socketPath, path: "/healthz", headers: { host: "localhost" } });
    });
  }

  /**
   * Waits until the control socket answers, for a mesh without a socket for requests.
   *
   * @throws {HostFailure} if the process ends before, or takes too long
   */
  async controllable(): Promise<void> {
    await this.#started(() => this.#listening("control"));
  }

  async #started<T>(coming: () => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), READY_MS);
    const late = once(abort.signal, "abort").then(() => {
      throw new HostFailure(`workerd was not ready within ${READY_MS / 1000} s`);
    });
    const died = this.ended.then((how) => {
      throw new HostFailure(`workerd ended while it started (${how}); see above`);
    });
    try {
      return await Promise.race([coming(), late, died]);
    } finally {
      clearTimeout(timer);
      // The losers of the race must not cause unhandled rejections.
      late.catch(() => {});
      died.catch(() => {});
    }
  }

  /** Resolves with the port when workerd listens; never settles if the process ends before. */
  #listening(wanted: "http" | "control"): Promise<number> {
    return new Promise((found) => {
      // Read to the end: workerd fails if nobody reads the pipe.
      const lines = createInterface({ input: this.#child.stdio[CONTROL_FD] as Readable });
      lines.on("line", (line) => {
        const { event, socket, port } = JSON.parse(line) as ControlEvent;
        if (event === "listen" && socket === wanted && port !== undefined) found(port);
      });
    });
  }

  async #healthy(host: string, port: number): Promise<void> {
    const authority = host.includes(":") ? `[${host}]` : host;
    const answer = await fetch(`http://${authority}:${port}/healthz`);
    const body = await answer.text();
    if (!answer.ok) throw new HostFailure(`the mesh does not work: ${body}`);
  }

  /**
   * Closes the links with `going_away`, then ends the process.
   *
   * @param drainMs time to close the links; the rest end with the process
   */
  async stop(drainMs: number): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    try {
      await this.#drain(drainMs);
    } catch (error) {
      process.stderr.write(`pushmesh: not all links were closed: ${(error as Error).message}\n`);
    }
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), EXIT_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends the process at once. Everything that it has answered is on disk. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #drain(ms: number): Promise<void> {
    await this.ask(`/drain?ms=${ms}`, "", ms + 500);
  }

  /**
   * Calls the control entrypoint (entry/control.ts).
   *
   * @throws Error if it does not answer in time, or has failed
   */
  ask(path: string, body: string, timeoutMs: number): Promise<void> {
    const socketPath = this.#control;
    return callSocket({ socketPath, method: "POST", path, timeout: timeoutMs }, body);
  }
}
