/** Real processes for tests: started, read line by line, ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { onTestFinished } from "vitest";
import { ROOT } from "../../support/host.ts";

export { ROOT };

/** Text that a process wrote, as lines, to wait for. */
class Lines {
  readonly all: string[] = [];
  readonly #changed = new Set<() => void>();
  #ended = false;

  constructor(input: Readable) {
    const reader = createInterface({ input });
    reader.on("line", (line) => {
      this.all.push(line);
      this.#change();
    });
    reader.on("close", () => {
      this.#ended = true;
      this.#change();
    });
  }

  get text(): string {
    return this.all.join("\n");
  }

  /** The first line that matches, now or later. */
  async match(pattern: RegExp): Promise<string> {
    for (let read = 0; ; ) {
      for (; read < this.all.length; read++) {
        const line = this.all[read] ?? "";
        if (pattern.test(line)) return line;
      }
      if (this.#ended) throw new Error(`no line matches ${pattern}; there was:\n${this.text}`);
      await new Promise<void>((resolve) => this.#changed.add(resolve));
    }
  }

  #change(): void {
    for (const resolve of this.#changed) resolve();
    this.#changed.clear();
  }
}

export class Process {
  readonly stdout: Lines;
  readonly stderr: Lines;
  /** Exit code, or -1 where a signal ended it; after its output was read. */
  readonly exited: Promise<number>;
  readonly #child: ChildProcess;

  constructor(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    cwd: string,
  ) {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    this.stdout = new Lines(child.stdout);
    this.stderr = new Lines(child.stderr);
    this.exited = once(child, "close").then(([code]) => code ?? -1);
    child.stdin.end();
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error("not started");
    return pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** Has something done at the end of a test. */
export type AtEnd = (act: () => Promise<void> | void) => void;

/**
 * Starts a process that does not outlive its test.
 *
 * @param atEnd the test's own `onTestFinished`, which one that runs beside others has to give.
 * @param cwd its working directory, if not the repository
 */
export function start(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  atEnd: AtEnd = onTestFinished,
  cwd: string = ROOT,
): Process {
  const started = new Process(command, args, env, cwd);
  atEnd(async () => {
    started.kill("SIGTERM");
    await started.exited;
  });
  return started;
}

/** A folder that goes with its test; `atEnd` as of `start`. */
export function temporaryFolder(atEnd: AtEnd = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-test-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
