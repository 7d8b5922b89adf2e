/** What tests need of Debian: installed where that can be done unasked, else asked for in one line. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/**
 * Installs packages where they are missing and this is root's Debian.
 *
 * @param isThere whether all that is needed of them can be found.
 * @throws an error of one line that says what to install.
 */
export function requirePackages(packages: readonly string[], isThere: () => boolean): void {
  if (isThere()) return;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...packages]])
      spawnSync("apt-get", ["-qq", ...args], { env, stdio: ["ignore", "ignore", "inherit"] });
  }
  if (!isThere()) throw new Error(`these tests need Debian's ${packages.join(", ")}`);
}
