/** Runs test/peers/python/device.py: commands in, events out. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Python } from "./python.ts";

const PATIENCE_MS = 20_000;

/** An event as device.py tells it. */
export type DeviceEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

export class PythonDevice {
  readonly #child: ChildProcess;
  readonly #events: DeviceEvent[] = [];
  #errors = "";
  #arrived: () => void = () => {};

  /** @param state file that the device keeps across restarts. */
  constructor(
    python: Python,
    options: {
      readonly mesh: string;
      readonly app: string;
      readonly state: string;
      readonly id: string;
    },
  ) {
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn(python.command, [python.source("device.py"), ...args], { env: python.env });
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#events.push(JSON.parse(line) as DeviceEvent);
      this.#arrived();
    });
    child.stderr.on("data", (text) => {
      this.#errors += text;
    });
    child.on("exit", () => this.#arrived());
  }

  do(name: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#child.stdin?.write(`${JSON.stringify({ do: name, ...fields })}\n`);
  }

  /** The next event, which has to be this one. */
  async expect(event: string): Promise<DeviceEvent> {
    const end = Date.now() + PATIENCE_MS;
    while (this.#events.length === 0) {
      if (this.#child.exitCode !== null || Date.now() > end)
        throw new Error(`no ${event} from the Python device: ${this.#errors}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const next = this.#events.shift();
    if (next?.event !== event)
      throw new Error(`instead of ${event}: ${JSON.stringify(next)} ${this.#errors}`);
    return next;
  }

  /** Commands it, and waits for what follows. */
  async after(command: string, event: string, fields?: Readonly<Record<string, unknown>>) {
    this.do(command, fields);
    return this.expect(event);
  }

  /** What was told and not yet expected. */
  get rest(): readonly DeviceEvent[] {
    return this.#events;
  }

  /** Ends the process; it fails the test where Python had something to complain of. */
  async end(): Promise<void> {
    if (this.#child.exitCode === null) {
      const gone = once(this.#child, "exit");
      this.#child.stdin?.end();
      await gone;
    }
    if (this.#errors !== "") throw new Error(this.#errors);
  }
}
