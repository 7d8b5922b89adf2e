// @ts-check
/** A Chromium for the browser tests: the machine's own, or Debian's package. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** @returns {string | undefined} the first of these on PATH. */
export function findChromium() {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of NAMES) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}

/**
 * Installs it if that can be done unasked; otherwise says what to install. The browser tests then fail.
 *
 * @returns {Promise<void>}
 */
export async function ensureChromium() {
  if (findChromium() !== undefined) return;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    process.stdout.write("installing chromium for the browser tests\n");
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    for (const args of [["update"], ["install", "-y", "--no-install-recommends", "chromium"]])
      await once(
        spawn("apt-get", ["-qq", ...args], { env, stdio: ["ignore", "ignore", "inherit"] }),
        "close",
      );
  }
  if (findChromium() === undefined)
    process.stdout.write(
      `the browser tests will fail: no ${NAMES.join(", ")} on PATH; install Chromium\n`,
    );
}
