/** What `npm ci` installs is what the lock was written with, on every platform. */
import { expect, test } from "vitest";
import { read } from "./imports.ts";

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  /** A workspace, at its place in node_modules. */
  readonly link?: boolean;
}

const { packages } = JSON.parse(read("package-lock.json")) as {
  packages: Readonly<Record<string, Locked>>;
};
/** What comes from a registry: not this repository, nor its workspaces. */
const locked = Object.entries(packages).filter(
  ([path, { link }]) => path.includes("node_modules/") && link !== true,
);

test("P7.8 every package of the lock has its integrity", () => {
  expect(locked.length).toBeGreaterThan(100);
  // `node scripts/complete-lock.mjs` adds what npm left out.
  const without = locked.filter(
    ([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ""),
  );
  expect(without.map(([path]) => path)).toEqual([]);
});

test("P7.8 and none names a registry: each user's own serves it", () => {
  const named = locked.filter(([, { resolved }]) => resolved !== undefined);
  expect(named).toEqual([]);
});

test("the oldest Node that the package names is the one that its command asks for and is built for", () => {
  const { engines } = JSON.parse(read("package.json")) as { engines: { node: string } };
  const [, oldest = ""] = /^>=(\d+\.\d+)$/.exec(engines.node) ?? [];
  expect(read("bin/pushmesh.mjs")).toContain(`Node ${oldest} or newer is needed`);
  expect(read("scripts/build/cli.ts")).toContain(`target: "node${oldest}"`);
});
