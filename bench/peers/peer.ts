/** Another server under the same workload. */
import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../client/http.ts";
import type { Slice } from "../client/pace.ts";

export type Protocol = "mqtt" | "nats";

/** Topic, or subject, of broadcasts. */
export const EVERYBODY = "everybody";

export interface Peer {
  readonly name: string;
  readonly pid: number;
  /** Connects every device. */
  connect(): Promise<void>;
  /**
   * Sends to devices that are connected; each is answered when the peer's way of acknowledging says so.
   *
   * @param connections that share what is under way. Default: one for each
   */
  send(ms: number, inFlight: number, connections?: number): Promise<Slice>;
  /** Sends what is to be kept for devices that are not. */
  store(ms: number, inFlight: number, connections?: number): Promise<Slice>;
  /** Connections opened, made ready to receive, and closed. */
  storm(ms: number, inFlight: number): Promise<Slice>;
  /** Kills it right after `count` messages to be kept were acknowledged, starts it again, and counts what is left. */
  lostOnKill(count: number): Promise<number>;
  /** Where its subscribers find it, and what they speak. */
  readonly address: Address;
  readonly protocol: Protocol;
  /** To all subscribers of `EVERYBODY`. */
  publishAll(): Promise<void>;
  end(): void;
}

/** A message of the size that the mesh's sender sends. */
export const MESSAGE = JSON.stringify({ n: 1_000_000, text: "x".repeat(128) });

const START_MS = 10_000;

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A broker's process, once it takes connections. @throws Error where it is not installed, saying how it would be. */
export class Broker {
  readonly address: Address;
  readonly #command: readonly [string, ...string[]];
  #child: ChildProcess | undefined;

  constructor(address: Address, command: readonly [string, ...string[]]) {
    this.address = address;
    this.#command = command;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.#command[0]} does not run`);
    return pid;
  }

  async start(): Promise<void> {
    const [file, ...args] = this.#command;
    const child = spawn(file, args, { stdio: "ignore" });
    this.#child = child;
    let missing = false;
    child.on("error", () => {
      missing = true;
    });
    for (const until = Date.now() + START_MS; !(await this.#accepts()); await sleep(20)) {
      if (missing)
        throw new Error(`${file} is not installed: apt-get install mosquitto nats-server`);
      if (Date.now() > until || child.exitCode !== null) throw new Error(`${file} does not start`);
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  #accepts(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.address);
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
  }
}
