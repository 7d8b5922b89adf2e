/** Reads the imports of the sources, types included, and tells which cross the layers the wrong way. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAst } from "vitest/node";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What each layer may import besides itself. hosts/, scripts/, bench/ and test/ may use anything, and are not here. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  schema: [],
  core: ["schema"],
  objects: ["core", "schema"],
  worker: ["objects", "core", "schema"],
  sdk: ["schema"],
  cli: ["sdk", "schema"],
};

/** The layers that know nothing of the host they run on. */
export const HOST_FREE = ["schema", "core", "objects"];
/** The Durable Object classes, which are of one host though they lie in a layer of all. */
const DURABLE = "objects/durable/";
export const isHostFree = (file: string): boolean =>
  HOST_FREE.includes(file.split("/")[0] ?? "") && !file.startsWith(DURABLE);
const HOST_MODULE = /^(node|cloudflare|bun|deno|jsr|https?):/;

/** Where the modules of Cloudflare's runtime may be imported: the Durable Object classes, and workerd's control entry. */
const CLOUDFLARE = [DURABLE, "hosts/workerd/entry/"];

/** What a file imports of Cloudflare's runtime, and may not: a line for each import. */
export function cloudflareImports(file: string, source: string): string[] {
  if (CLOUDFLARE.some((folder) => file.startsWith(folder))) return [];
  return importsOf(source)
    .filter((specifier) => specifier.startsWith("cloudflare:"))
    .map((specifier) => `${file} imports ${specifier}`);
}

/**
 * Every module a source names: imports, re-exports, dynamic imports and `import("…")` types.
 *
 * @param source TypeScript.
 */
export function importsOf(source: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      node.forEach(visit);
    } else if (typeof node === "object" && node !== null) {
      for (const [key, value] of Object.entries(node)) {
        if (key === "source" && typeof value?.value === "string") found.push(value.value);
        else visit(value);
      }
    }
  };
  visit(parseAst(source, { lang: "ts" }));
  return found;
}

/** The package of npm that a specifier names; undefined for a file, a module of a runtime, and our own package. */
export function packageOf(specifier: string): string | undefined {
  if (HOST_MODULE.test(specifier) || specifier.startsWith(".")) return undefined;
  const [name] = /^(@[^/]+\/)?[^/]+/.exec(specifier) ?? [];
  return name === "pushmesh" ? undefined : name;
}

/**
 * What is wrong with the imports of one file.
 *
 * @param file relative to the repository, with forward slashes.
 * @param source its text.
 * @returns a line for each forbidden import.
 */
export function violations(file: string, source: string): string[] {
  const [layer = ""] = file.split("/");
  const allowed = LAYERS[layer];
  if (allowed === undefined) return [];
  return importsOf(source).flatMap((specifier) => {
    if (!specifier.startsWith(".")) {
      const foreign = isHostFree(file) && HOST_MODULE.test(specifier);
      return foreign ? [`${file}: ${layer} is free of hosts, and imports ${specifier}`] : [];
    }
    const target = join(dirname(file), specifier).replaceAll("\\", "/");
    const [targetLayer = ""] = target.split("/");
    const fine = targetLayer === layer || allowed.includes(targetLayer);
    return fine ? [] : [`${file}: ${layer} may not import ${target}`];
  });
}

/** Names that a source declares and exports; what it passes on from another file is not its own. */
export function exportsOf(source: string): string[] {
  const declared = (declaration: unknown): string[] => {
    const { declarations, id } = declaration as {
      readonly declarations?: readonly unknown[];
      readonly id?: { readonly name?: string };
    };
    if (declarations !== undefined) return declarations.flatMap(declared);
    return id?.name === undefined ? [] : [id.name];
  };
  return parseAst(source, { lang: "ts" }).body.flatMap((statement) =>
    statement.type === "ExportNamedDeclaration" && statement.declaration !== null
      ? declared(statement.declaration)
      : [],
  );
}

/**
 * Names that two files declare and export, each for something of its own: whoever reads one has to find out which.
 *
 * @param sources text by file.
 * @returns a line for each such name.
 */
export function namesOfTwo(sources: ReadonlyMap<string, string>): string[] {
  const files = new Map<string, Set<string>>();
  for (const [file, source] of sources)
    for (const name of exportsOf(source))
      files.set(name, (files.get(name) ?? new Set<string>()).add(file));
  return [...files]
    .filter(([, { size }]) => size > 1)
    .map(([name, each]) => `${name}: ${[...each].sort().join(", ")}`)
    .sort();
}

/**
 * Folders side by side that import each other, directly or by way of others: neither can be read, or changed, without the other.
 * Files beside the folders belong to none of them.
 *
 * @param folder whose folders are looked at, those below them too.
 * @param sources text by file, relative to the repository.
 * @returns a line for each folder that comes back to itself.
 */
export function importCycles(folder: string, sources: ReadonlyMap<string, string>): string[] {
  /** By folder: those that it imports, each with a file that does. */
  const graph = new Map<string, Map<string, string>>();
  const below = new Set<string>();
  const childOf = (file: string): string | null => {
    const [first, ...rest] = relative(folder, file).replaceAll("\\", "/").split("/");
    return first === undefined || first === ".." || rest.length === 0 ? null : join(folder, first);
  };
  for (const [file, source] of sources) {
    const from = childOf(file);
    if (from === null) continue;
    below.add(from);
    for (const specifier of importsOf(source)) {
      const to = specifier.startsWith(".") ? childOf(join(dirname(file), specifier)) : null;
      if (to === null || to === from) continue;
      const targets = graph.get(from) ?? new Map<string, string>();
      graph.set(from, targets.has(to) ? targets : targets.set(to, file));
    }
  }
  const wayBack = (start: string): string[] | null => {
    const ways: string[][] = [[start]];
    const seen = new Set<string>();
    for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
      for (const next of graph.get(way.at(-1) ?? "")?.keys() ?? []) {
        if (next === start) return [...way, next];
        if (seen.has(next)) continue;
        seen.add(next);
        ways.push([...way, next]);
      }
    }
    return null;
  };
  const fileOf = (from: string, to: string) => graph.get(from)?.get(to);
  const own = [...below].sort().flatMap((start) => {
    const way = wayBack(start);
    if (way === null) return [];
    const steps = way.slice(1).map((to, at) => `${fileOf(way[at] ?? "", to)} imports ${to}`);
    return [`${start} comes back to itself: ${steps.join(", ")}`];
  });
  return [...own, ...[...below].flatMap((child) => importCycles(child, sources))];
}

/** The TypeScript files under a folder of the repository, relative to it; none where there is no such folder. */
export function sourcesOf(folder: string): string[] {
  let entries: ReturnType<typeof list>;
  try {
    entries = list(folder);
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
}

const list = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });

export const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
