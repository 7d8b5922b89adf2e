/** Deno on PATH, where nobody has installed the one of npm. */
import { spawnSync } from "node:child_process";

/** The oldest that has what the mesh uses. */
const OLDEST_DENO = [2, 9] as const;

/** @returns the command, if it is there and new enough */
export function denoOnPath(): string | undefined {
  const { stdout } = spawnSync("deno", ["--version"], { encoding: "utf8", windowsHide: true });
  const [, major = 0, minor = 0] = (/^deno (\d+)\.(\d+)/.exec(stdout ?? "") ?? []).map(Number);
  const [oldMajor, oldMinor] = OLDEST_DENO;
  return major > oldMajor || (major === oldMajor && minor >= oldMinor) ? "deno" : undefined;
}
