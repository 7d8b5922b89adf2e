/**
 * Builds the packages that are published, each in a folder from which `npm pack` takes everything:
 *
 *     node scripts/build/packages.ts [--pack] [FOLDER in place of dist/packages]
 *
 * `--pack` makes a tarball of each, beside the folders.
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { npmCommand } from "../../cli/mesh/npm.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const args = process.argv.slice(2);
const OUT = resolve(ROOT, args.find((arg) => arg !== "--pack") ?? "dist/packages");

interface Package {
  /** Of packages/. */
  readonly folder: string;
  /** Scripts of this folder, which build into its dist/. */
  readonly builds: readonly string[];
  /** Files of the repository that it has as well; in place of `: `, a path of their own. */
  readonly files: readonly (string | readonly [from: string, to: string])[];
}

const PACKAGES: readonly Package[] = [
  {
    folder: "pushmesh",
    builds: ["sdk", "cli"],
    files: [
      ["bin/pushmesh.mjs", "bin/pushmesh.mjs"],
      // What `pushmesh init` makes a project of.
      ["wrangler.toml", "dist/wrangler.toml"],
      "docs/api.md",
      "docs/errors.md",
      "docs/notifications.md",
      "docs/react.md",
      "docs/sdk.md",
      "docs/service.md",
      "docs/signing.md",
      "docs/spec.md",
      "docs/protocol.md",
      "docs/tabs.md",
      // What a client in another language is written and checked by.
      "schema/link.thrift",
      "schema/vectors",
      // What the tutorial ends with.
      "examples/chat",
    ],
  },
  {
    folder: "mesh",
    builds: ["mesh"],
    files: [],
  },
];
const SHARED = ["LICENSE", "CHANGELOG.md"];

/** A bundler names the file that each part of a bundle comes from. */
const BUNDLED = /^\/\/(?:#region)? .*?node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//gm;

/** The licences of what is in the bundles. */
function licences(folder: string): string {
  const names = new Set<string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".js")) continue;
    for (const [, found = ""] of readFileSync(join(folder, name), "utf8").matchAll(BUNDLED))
      names.add(found);
  }
  const texts = [...names].sort().map((name) => {
    const from = join(ROOT, "node_modules", name);
    const file = readdirSync(from).find((each) => /^licen[cs]e(\.\w+)?$/i.test(each));
    const { version, license } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
    const text = file === undefined ? license : readFileSync(join(from, file), "utf8").trim();
    return `${name} ${version}\n\n${text}\n`;
  });
  return `What is bundled here, and its licences.\n\n${texts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

function assemble({ folder, builds, files }: Package): string {
  const out = join(OUT, folder);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const source = join(ROOT, "packages", folder);
  for (const name of ["package.json", "README.md"]) cpSync(join(source, name), join(out, name));
  for (const build of builds)
    execFileSync(
      process.execPath,
      [join(ROOT, "scripts/build", `${build}.ts`), relative(ROOT, join(out, "dist"))],
      { cwd: ROOT, stdio: "inherit" },
    );
  for (const file of [...files, ...SHARED]) {
    const [from, to] = typeof file === "string" ? [file, file] : file;
    cpSync(join(ROOT, from), join(out, to), { recursive: true });
  }
  writeFileSync(join(out, "dist/LICENSES.txt"), licences(join(out, "dist")));
  for (const name of readdirSync(out, { recursive: true, encoding: "utf8" }))
    if (name.endsWith(".md")) plainLinks(join(out, name));
  return out;
}

/** Of a link to what only the repository has, a document of a package keeps the text. */
function plainLinks(path: string): void {
  const text = readFileSync(path, "utf8");
  const plain = text.replaceAll(
    /\[([^\]\n]+)\]\((?![a-z]+:|#)([^)#\s]+)(?:#[^)\s]*)?\)/g,
    (link, label: string, target: string) =>
      existsSync(join(dirname(path), target)) ? link : label,
  );
  if (plain !== text) writeFileSync(path, plain);
}

for (const each of PACKAGES) {
  const out = assemble(each);
  if (each.folder === "mesh") finishMesh(out);
  if (args.includes("--pack")) pack(out);
}

/** The parts of the package of the mesh that are no bundles. */
function finishMesh(out: string): void {
  const source = join(ROOT, "packages/mesh");
  cpSync(join(source, "bin"), join(out, "bin"), { recursive: true });
  cpSync(join(source, "Containerfile"), join(out, "Containerfile"));
  const definition = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
  const built = definition.replace('main = "worker/index.ts"', 'main = "dist/worker.js"');
  if (built === definition) throw new Error("wrangler.toml has another main module");
  writeFileSync(join(out, "wrangler.toml"), built);
}

function pack(folder: string): void {
  const { file, args: first } = npmCommand({
    platform: process.platform,
    env: process.env,
    execPath: process.execPath,
  });
  execFileSync(file, [...first, "pack", "--silent", "--pack-destination", OUT], {
    cwd: folder,
    stdio: "inherit",
  });
}
