/**
 * A wall clock that a test sets, for a process that it starts: Debian's libfaketime stands between the process and
 * the system. Timers, which run by the time that passes, are not touched.
 */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirePackages } from "../support/debian.ts";

function library(): string | undefined {
  // A folder for each architecture.
  return readdirSync("/usr/lib")
    .map((name) => join("/usr/lib", name, "faketime/libfaketimeMT.so.1"))
    .find((path) => existsSync(path));
}

export class FakeClock {
  readonly #folder = mkdtempSync(join(tmpdir(), "pushmesh-clock-"));
  readonly #file = join(this.#folder, "offset");
  #offsetMs = 0;
  /** For the process whose clock it is to be. */
  readonly env: Readonly<Record<string, string>>;

  /** @throws an error of one line where libfaketime is neither there nor to be had. */
  constructor() {
    requirePackages(["libfaketime"], () => library() !== undefined);
    this.set(0);
    this.env = {
      LD_PRELOAD: library() ?? "",
      FAKETIME_TIMESTAMP_FILE: this.#file,
      // It is looked at each time somebody asks for the time: a jump is there at once.
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** What the process takes for now, in milliseconds since 1970. */
  readonly now = (): number => Date.now() + this.#offsetMs;

  /** Lets the clock jump to this many seconds from the right time. */
  set(seconds: number): void {
    this.#offsetMs = seconds * 1_000;
    // In one step: it may be read at any moment.
    const next = join(this.#folder, "next");
    writeFileSync(next, `${seconds < 0 ? "" : "+"}${seconds}\n`);
    renameSync(next, this.#file);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
