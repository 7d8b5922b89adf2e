/** How npm is run: Windows has it as a batch file, which no program can start without a shell, whose quoting nobody gets right. */
import { existsSync } from "node:fs";
import { posix, win32 } from "node:path";

export interface Platform {
  /** As `process.platform`. */
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of the Node that runs this. */
  readonly execPath: string;
  /** Whether there is a file. */
  readonly exists?: (path: string) => boolean;
}

/** A program with its first arguments. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * npm by its script, which Node runs: the one that runs this, or else the one that was installed with Node. Only where neither is known, as on
 * systems that package npm by itself, the program of that name on PATH.
 */
export function npmCommand({ platform, env, execPath, exists = existsSync }: Platform): Program {
  const { dirname, join } = platform === "win32" ? win32 : posix;
  const folder = dirname(execPath);
  const scripts = [
    // Also of pnpm and Yarn, which have other commands.
    ...(/npm-cli\.js$/.test(env["npm_execpath"] ?? "") ? [env["npm_execpath"] ?? ""] : []),
    join(folder, "node_modules/npm/bin/npm-cli.js"),
    join(folder, "../lib/node_modules/npm/bin/npm-cli.js"),
  ];
  const script = scripts.find(exists);
  if (script !== undefined) return { file: execPath, args: [script] };
  // A shell finds npm.cmd. It is given no argument that it could read otherwise: see the callers.
  return platform === "win32"
    ? { file: env["ComSpec"] ?? "cmd.exe", args: ["/d", "/s", "/c", "npm"] }
    : { file: "npm", args: [] };
}
