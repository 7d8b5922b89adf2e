/**
 * A server that does nothing but answer, in a process of its own: what it takes longer for during an attack is what the machine, not the
 * mesh, is slower by.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const PER_SECOND = 20;
const KEEP_ALIVE_MS = 3_600_000;

export class Control {
  readonly #child: ChildProcess;
  readonly #url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
  }

  static async start(): Promise<Control> {
    const child = fork(new URL(import.meta.url), { stdio: "inherit" });
    const [port] = await once(child, "message");
    return new Control(child, `http://127.0.0.1:${port}/control`);
  }

  /** Asks it steadily for so long. @returns how long each answer took, from when it was due, milliseconds */
  async ask(ms: number): Promise<readonly number[]> {
    const tookMs: number[] = [];
    const asked: Promise<void>[] = [];
    const start = performance.now();
    for (let n = 0; n < (ms * PER_SECOND) / 1_000; n++) {
      const due = start + (n * 1_000) / PER_SECOND;
      await sleep(Math.max(0, due - performance.now()));
      const one = async (): Promise<void> => {
        await (await fetch(this.#url, { method: "POST", body: "x".repeat(256) })).text();
        tookMs.push(performance.now() - due);
      };
      asked.push(one());
    }
    await Promise.all(asked);
    return tookMs;
  }

  stop(): void {
    this.#child.kill();
  }
}

if (process.send !== undefined && import.meta.main) {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end("ok"));
  });
  // A connection that ends just as it is used again is no answer late.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
  process.on("disconnect", () => process.exit(0));
}
