/** A project of a user, in a folder of its own outside the clone, with packages installed from their tarballs. */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inject } from "vitest";
import { npmCommand } from "../../../cli/mesh/npm.ts";
import { type AtEnd, temporaryFolder } from "../../mesh/support/process.ts";
import { NODE } from "../../support/built.ts";
import { ROOT } from "../../support/host.ts";

export { NODE };

export const NPM = npmCommand({
  platform: process.platform,
  env: process.env,
  execPath: process.execPath,
});
/** A tool of the clone, which a user has as well. */
export const tool = (name: string): string => join(ROOT, "node_modules/.bin", name);

/** Writes files below a folder. */
export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/**
 * Installs without a network: what needs another package of a registry fails.
 *
 * @returns the folder; it goes with what `atEnd` is of
 */
export function newProject(
  packages: readonly (keyof ReturnType<typeof tarballs>)[],
  atEnd?: AtEnd,
): string {
  const folder = temporaryFolder(atEnd);
  write(folder, { "package.json": '{ "name": "user", "private": true, "type": "module" }' });
  const paths = packages.map((name) => tarballs()[name]);
  const args = ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error", ...paths];
  execFileSync(NPM.file, [...NPM.args, ...args], { cwd: folder });
  return folder;
}

export const tarballs = () => inject("tarballs");

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export const runIn = (
  cwd: string,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> =>
  new Promise((done) => {
    const options = { cwd, env: { ...process.env, ...env }, encoding: "utf8" } as const;
    execFile(file, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      done({ code, stdout, stderr });
    });
  });
