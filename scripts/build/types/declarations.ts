/** Declarations of the entries, with what they name of other files, and no package imported. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeBodies } from "./bodies.ts";

const COMMENT = /\/\*[\s\S]*?\*\//g;
/** The module of an import or export. Names only: in declarations, every one of them is at the start of a line or in a type. */
const SPECIFIER = /((?:\bfrom |\bimport |\bimport\()")([^"]+)(")/g;

/** Of the entry for React alone: whoever uses that has it. */
const PEER = "react";

/**
 * @param root the repository
 * @param sources of the entries, such as `sdk/device/mod.ts`
 * @param out the folder to write to: `sdk/device/mod.d.ts` and what it imports
 */
export function writeDeclarations(root: string, sources: readonly string[], out: string): void {
  // Below the repository: what it imports of node_modules is found from there.
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "pushmesh-types-"));
  try {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const options = ["--declaration", "--emitDeclarationOnly", "--noEmit", "false"];
    execFileSync(
      process.execPath,
      [tsc, "-p", "sdk", ...options, "--stripInternal", "--rootDir", ".", "--outDir", folder],
      { cwd: root, stdio: "inherit" },
    );
    writeBodies(folder);
    copyReachable(folder, sources.map(declarationOf), out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const declarationOf = (source: string): string => source.replace(/\.ts$/, ".d.ts");

/** @throws Error if a declaration imports a package: who installs ours gets no other. */
function copyReachable(folder: string, files: readonly string[], out: string): void {
  const waiting = [...files];
  const known = new Set(waiting);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const text = readFileSync(join(folder, file), "utf8");
    for (const [, , specifier = ""] of text.replaceAll(COMMENT, "").matchAll(SPECIFIER)) {
      if (specifier.startsWith("node:") || specifier === PEER) continue;
      if (!specifier.startsWith(".")) throw new Error(`${file} imports ${specifier}`);
      const imported = join(dirname(file), declarationOf(specifier));
      if (!known.has(imported)) waiting.push(imported);
      known.add(imported);
    }
    const path = join(out, file);
    mkdirSync(dirname(path), { recursive: true });
    // As every resolver finds them.
    const published = text.replaceAll(SPECIFIER, (whole, before, specifier, after) =>
      specifier.startsWith(".") ? `${before}${specifier.replace(/\.ts$/, ".js")}${after}` : whole,
    );
    writeFileSync(path, published);
  }
}
