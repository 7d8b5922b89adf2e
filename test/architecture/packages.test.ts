/** What is published, as packages/ describes it. test/runtimes/packed installs it. */
import { expect, test } from "vitest";
import { serve } from "../../cli/commands/serve.ts";
import { RUNTIMES } from "../../cli/mesh/package.ts";
import { projectFiles, WRANGLER_VERSION } from "../../cli/mesh/project.ts";
import { HELP } from "../../hosts/machine/options.ts";
import { read } from "./imports.ts";

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly dependencies?: object;
  readonly optionalDependencies?: object;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: object;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifest = (folder: string): Manifest => JSON.parse(read(`${folder}/package.json`));
const clone = manifest(".");
const client = manifest("packages/pushmesh");
const mesh = manifest("packages/mesh");

test("C1 both packages have the version of the repository, and its oldest Node", () => {
  for (const { version, engines } of [client, mesh])
    expect({ version, engines }).toEqual({ version: clone.version, engines: clone.engines });
});

test("C1 an install of the client brings no other package", () => {
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = client;
  expect([dependencies, optionalDependencies]).toEqual([undefined, undefined]);
  // Whoever imports pushmesh/react has it.
  expect(peerDependencies).toEqual({ react: ">=18" });
  expect(peerDependenciesMeta).toEqual({ react: { optional: true } });
});

test("C1 the mesh brings no other package, and runs on the Deno and the workerd that the tests run on", () => {
  const { dependencies, optionalDependencies, peerDependencies } = mesh;
  expect([dependencies, optionalDependencies]).toEqual([undefined, undefined]);
  const { deno, workerd } = clone.devDependencies ?? {};
  expect(peerDependencies).toEqual({ deno, workerd });
});

test("C3 the command gets the Deno and the workerd that the mesh names", () => {
  expect(RUNTIMES).toEqual(mesh.peerDependencies);
});

test("C3 serve has the options of npm start", () => {
  const names = serve().options.map(({ long }) => long);
  const told = [...HELP.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name]) => name);
  expect([...names, "--help"]).toEqual(told);
});

test("C4 a new project has the wrangler that the tests deploy with", () => {
  expect(WRANGLER_VERSION).toBe(clone.devDependencies?.["wrangler"]);
});

test("C4 comments of a new project name no file that it lacks", () => {
  const files = projectFiles("mine");
  const has = (path: string): boolean => files.some((file) => file.path.startsWith(path));
  for (const { path, text } of files) {
    const comments = text.split("\n").filter((line) => /^(#|\/\/) /.test(line));
    const named = comments.flatMap(
      (line) => line.match(/(?:[a-z]+\/)+(?:[a-z-]+\.[a-z]+)?/g) ?? [],
    );
    expect(
      named.filter((name) => !has(name)),
      path,
    ).toEqual([]);
  }
  expect(has("src/index.js")).toBe(true);
});
