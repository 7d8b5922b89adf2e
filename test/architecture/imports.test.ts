/** Imports point one way: schema <- core <- objects <- worker; schema <- sdk <- cli. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  cloudflareImports,
  exportsOf,
  HOST_FREE,
  importCycles,
  isHostFree,
  LAYERS,
  namesOfTwo,
  ROOT,
  read,
  sourcesOf,
  violations,
} from "./imports.ts";

describe("layers", () => {
  test.each(Object.keys(LAYERS))("%s imports only what is below it", (layer) => {
    expect(sourcesOf(layer).flatMap((file) => violations(file, read(file)))).toEqual([]);
  });

  test("there are sources to look at", () => {
    expect(sourcesOf("schema")).toContain("schema/errors.ts");
    expect(sourcesOf("core").length).toBeGreaterThan(0);
  });

  test.each([
    ["core/a.ts", 'import { x } from "../worker/env.ts";'],
    ["core/a.ts", 'import type { X } from "../objects/device.ts";'],
    ["core/device/a.ts", 'export * from "../../objects/device/device-shell.ts";'],
    ["core/a.ts", 'let x: import("../sdk/device/mod.ts").X;'],
    ["schema/a.ts", 'await import("../core/a.ts");'],
    ["schema/a.ts", 'import fs from "node:fs";'],
    ["core/a.ts", 'import { DurableObject } from "cloudflare:workers";'],
    ["objects/tag/a.ts", 'import { DurableObject } from "cloudflare:workers";'],
    ["objects/tag/a.ts", 'import { setTimeout } from "node:timers";'],
    ["sdk/a.ts", 'import { x } from "../core/a.ts";'],
    ["cli/a.ts", 'import { x } from "../hosts/workerd/serve.ts";'],
  ])("a wrong import of %s is found: %s", (file, source) => {
    expect(violations(file, source)).toHaveLength(1);
  });

  test.each([
    ["core/a.ts", 'import { x } from "../schema/errors.ts"; import { y } from "./b.ts";'],
    ["objects/durable/a.ts", 'import { DurableObject } from "cloudflare:workers";'],
    ["hosts/workerd/a.ts", 'import { x } from "../../cli/demo.ts";'],
  ])("a right import of %s passes: %s", (file, source) => {
    expect(violations(file, source)).toEqual([]);
  });
});

describe("modules of Cloudflare's runtime", () => {
  const MESH = [...Object.keys(LAYERS), "hosts"];

  test("are imported by the Durable Object classes and workerd's control entry alone", () => {
    const files = MESH.flatMap(sourcesOf);
    expect(files).toContain("objects/durable/object.ts");
    expect(files.flatMap((file) => cloudflareImports(file, read(file)))).toEqual([]);
  });

  test.each(["objects/device/a.ts", "worker/index.ts", "hosts/deno/a.ts", "hosts/workerd/a.ts"])(
    "an import in %s is found, also of types and at run time",
    (file) => {
      const source =
        'import type { Ai } from "cloudflare:workers"; const { connect } = await import("cloudflare:sockets");';
      expect(cloudflareImports(file, source)).toEqual([
        `${file} imports cloudflare:workers`,
        `${file} imports cloudflare:sockets`,
      ]);
    },
  );
});

describe("folders of a layer", () => {
  const cyclesOf = (sources: Readonly<Record<string, string>>) =>
    importCycles("core", new Map(Object.entries(sources)));

  test.each([
    ["schema", 30],
    ["core", 100],
    ["objects", 50],
  ] as const)("of %s do not import each other", (layer, count) => {
    const sources = new Map(sourcesOf(layer).map((file) => [file, read(file)]));
    expect(sources.size).toBeGreaterThan(count);
    expect(importCycles(layer, sources)).toEqual([]);
  });

  test("two that do are found", () => {
    expect(
      cyclesOf({
        "core/tag/name.ts": 'import type { A } from "../device/a.ts";',
        "core/device/a.ts": 'export * from "../tag/name.ts";',
      }),
    ).toEqual([
      "core/device comes back to itself: core/device/a.ts imports core/tag, core/tag/name.ts imports core/device",
      "core/tag comes back to itself: core/tag/name.ts imports core/device, core/device/a.ts imports core/tag",
    ]);
  });

  test("three that do so in a ring are found, deep down too", () => {
    const ring = {
      "core/tag/log/a.ts": 'import "../tree/b.ts";',
      "core/tag/tree/b.ts": 'import "../members/deep/c.ts";',
      "core/tag/members/deep/c.ts": 'import "../../log/a.ts";',
    };
    expect(cyclesOf(ring)).toHaveLength(3);
  });

  test("one way, by files beside them and by tests is right", () => {
    const sources = {
      "core/tag/log/a.ts": 'import "../types.ts"; import "../../message/b.ts";',
      "core/tag/types.ts": 'import "./log/a.ts";',
      "core/message/b.ts": 'import "../../schema/limits.ts"; import "./c.ts";',
    };
    expect(cyclesOf(sources)).toEqual([]);
  });
});

describe("exported names of the mesh", () => {
  /** The SDK and the command are packages of their own, with readers of their own. */
  const MESH = ["schema", "core", "objects", "worker", "hosts"];
  const isGenerated = (file: string) => file.includes("/generated/");

  test("mean one thing each", { timeout: 30_000 }, () => {
    const files = MESH.flatMap(sourcesOf).filter((file) => !isGenerated(file));
    expect(namesOfTwo(new Map(files.map((file) => [file, read(file)])))).toEqual([]);
  });

  test("one that means two things is found", () => {
    const sources = new Map([
      ["core/a.ts", "export class Window {} export const one = 1, two = 2;"],
      ["hosts/b.ts", "export interface Window {} export type One = 1;"],
      ["hosts/c.ts", 'export { Window } from "./b.ts"; const two = 2;'],
    ]);
    expect(namesOfTwo(sources)).toEqual(["Window: core/a.ts, hosts/b.ts"]);
  });

  test("of every kind are seen, and of one that is overloaded once", () => {
    const source =
      "export function f(): void; export function f(x?: 1): void {} export async function* g() {} export enum E {} export abstract class C {}";
    expect(new Set(exportsOf(source))).toEqual(new Set(["f", "g", "E", "C"]));
  });
});

describe("layers without a host", () => {
  test.each(HOST_FREE)(
    "%s compiles without the types of any host",
    // Seconds on an idle machine, and most of a minute where other tests compile too.
    { timeout: 120_000 },
    (layer) => {
      const { compilerOptions, exclude = [] } = JSON.parse(read(`${layer}/tsconfig.json`));
      expect(compilerOptions).toBeUndefined();
      expect(exclude).toEqual(layer === "objects" ? ["./durable"] : []);
      // A reference in a file would bring host types in behind the configuration's back.
      const sources = sourcesOf(layer).filter(isHostFree);
      expect(sources.filter((file) => /^\/\/\/ *<reference/m.test(read(file)))).toEqual([]);
      const tsc = join(ROOT, "node_modules", "typescript", "lib", "tsc.js");
      // Throws, with what tsc printed, where it does not compile.
      expect(
        execFileSync(process.execPath, [tsc, "-p", layer], { cwd: ROOT, encoding: "utf8" }),
      ).toBe("");
    },
  );
});
