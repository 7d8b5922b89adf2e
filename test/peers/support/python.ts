/** Python with what the peers need, and Apache's compiler run over our IDL. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { requirePackages } from "../../support/debian.ts";

/** Debian's own: its packages are not in the reach of another Python that may be first on PATH. */
const PYTHON = "/usr/bin/python3";
const PACKAGES = [
  "thrift-compiler",
  "python3-thrift",
  "python3-websockets",
  "python3-cryptography",
];
const IDL = fileURLToPath(new URL("../../../schema/link.thrift", import.meta.url));
const SOURCES = fileURLToPath(new URL("../python", import.meta.url));

function isComplete(): boolean {
  const imports = spawnSync(PYTHON, ["-c", "import thrift, websockets, cryptography"]);
  return imports.status === 0 && spawnSync("thrift", ["--version"]).status === 0;
}

/** A Python that can run the peers. */
export interface Python {
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of a peer's source. */
  source(name: string): string;
}

/**
 * Installs what is missing where that can be done unasked, and compiles the IDL.
 *
 * @param folder for the code that the compiler makes.
 * @throws an error of one line that says what to install.
 */
export function preparePython(folder: string): Python {
  requirePackages(PACKAGES, isComplete);
  execFileSync("thrift", ["--strict", "--gen", "py", "-out", folder, IDL]);
  return {
    command: PYTHON,
    env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1" },
    source: (name) => join(SOURCES, name),
  };
}
