/** deno.json gives a Deno user what package.json gives to others: the same entries, and the same versions. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importsOf, packageOf, ROOT, read, sourcesOf } from "./imports.ts";

interface PackageJson {
  readonly devDependencies: Readonly<Record<string, string>>;
}
interface PublishedJson {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
}
interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
}
interface NpmLock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
}

const deno = JSON.parse(read("deno.json")) as { imports: Readonly<Record<string, string>> };
const npm = JSON.parse(read("package.json")) as PackageJson;
const published = JSON.parse(read("packages/pushmesh/package.json")) as PublishedJson;

test("the entries of the package are in the import map, and lead to what they are built from", () => {
  const own = Object.entries(deno.imports).filter(([name]) =>
    name.startsWith(`${published.name}/`),
  );
  const entries = Object.entries(published.exports).flatMap(([path, target]) => {
    if (typeof target === "string") return [];
    const source = target.types.replace("./dist/types/", "./").replace(/\.d\.ts$/, ".ts");
    return [[path.replace(".", published.name), source]];
  });
  expect(entries.length).toBeGreaterThan(0);
  expect(own).toEqual(entries);
  for (const [, source] of own)
    expect([source, existsSync(join(ROOT, source))]).toEqual([source, true]);
});

/** What the mesh and the command run with, in the version of package.json. */
const PINNED = (() => {
  const versions = npm.devDependencies;
  const sources = [
    "cli",
    "core",
    "hosts/deno",
    "hosts/machine",
    "hosts/move",
    "objects",
    "schema",
    "sdk",
    "worker",
  ];
  // An app brings the React of pushmesh/react.
  const files = sources.flatMap(sourcesOf).filter((file) => !file.startsWith("sdk/react/"));
  const imported = files.flatMap((file) => importsOf(read(file)));
  const packages = new Set(imported.flatMap((specifier) => packageOf(specifier) ?? []));
  return [...packages].map((name) => `${name}@${versions[name]}`);
})();

test("what the mesh and the command import is in the import map, in the versions of npm", () => {
  const mapped = Object.values(deno.imports).flatMap(
    (target) => /^npm:\/?(.+?)\/?$/.exec(target)?.[1] ?? [],
  );
  expect(new Set(mapped)).toEqual(new Set(PINNED));
  for (const [name, target] of Object.entries(deno.imports)) {
    if (target.startsWith("npm:"))
      expect(target).toMatch(new RegExp(`^npm:/?${name.replace(/\/$/, "")}@`));
  }
});

test("both locks hold the same packages", () => {
  const lock = JSON.parse(read("deno.lock")) as Lock;
  const npmLock = JSON.parse(read("package-lock.json")) as NpmLock;
  const known = new Set(Object.values(npmLock.packages).map(({ integrity }) => integrity));
  for (const [name, { integrity }] of Object.entries(lock.npm))
    expect([name, known.has(integrity)]).toEqual([name, true]);
  const locked = Object.keys(lock.specifiers).map((specifier) => specifier.replace("npm:", ""));
  expect(locked.sort()).toEqual(PINNED.toSorted());
});
