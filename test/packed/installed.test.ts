/** What an install of the client is, and where its entries can be imported. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { importsOf, packageOf } from "../architecture/imports.ts";
import { shared } from "../mesh/support/shared-mesh.ts";
import { NODE, newProject, runIn, tool, write } from "./support/project.ts";

/** What an installed client may take: 5.0 MB when this was written, half of it source maps, with the documents that its own ones link to. */
const INSTALLED_BYTES_MAX = 5_300_000;

const ENTRIES = ["device", "device/node", "encryption", "live", "server"] as const;
const NAMES = ["connect", "connect", "webPushEncryption", "listenLive", "PushServer"] as const;
const SEEN = `${NAMES.map(() => "function").join(" ")}\n`;

const ESM = `${ENTRIES.map((entry, at) => `import * as e${at} from "pushmesh/${entry}";`).join("\n")}
console.log(${NAMES.map((name, at) => `typeof e${at}.${name}`).join(", ")});
`;
const CJS = `console.log(${ENTRIES.map((entry, at) => `typeof require("pushmesh/${entry}").${NAMES[at]}`).join(", ")});
`;
/** Rendering on a server imports what a page imports, and finds no window. */
const SSR = `import { connect } from "pushmesh/device";
import { listenLive } from "pushmesh/live";
if (typeof window !== "undefined") throw new Error("a window");
console.log(typeof connect, typeof listenLive);
`;

const project = shared(async (atEnd) => {
  const folder = newProject(["client"], atEnd);
  write(folder, { "entries.mjs": ESM, "entries.cjs": CJS, "page.mjs": SSR });
  return folder;
});

const both = shared(async (atEnd) => newProject(["client", "mesh"], atEnd));

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

test("C1 an install has one package, and none of its files imports another", () => {
  const installed = readdirSync(join(project(), "node_modules")).filter(
    (name) => !name.startsWith("."),
  );
  expect(installed).toEqual(["pushmesh"]);
  const shipped = filesOf(join(project(), "node_modules/pushmesh"));
  const bytes = shipped.reduce((sum, path) => sum + statSync(path).size, 0);
  expect(bytes).toBeLessThan(INSTALLED_BYTES_MAX);
  const code = shipped.filter((path) => /\.(m?js|d\.ts)$/.test(path));
  expect(code.length).toBeGreaterThan(20);
  const imported = code
    .flatMap((path) => importsOf(readFileSync(path, "utf8")))
    .flatMap((specifier) => packageOf(specifier) ?? []);
  // Of pushmesh/react alone: whoever imports it has React.
  expect(new Set(imported)).toEqual(new Set(["react"]));
});

test.each(["pushmesh", "@pushmesh/mesh"])("C1 no link of the documents in %s is dead", (name) => {
  const folder = join(both(), "node_modules", name);
  const documents = filesOf(folder).filter((path) => path.endsWith(".md"));
  expect(documents.length).toBeGreaterThan(1);
  const dead = documents.flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)(?:#[^)\s]*)?\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !existsSync(join(dirname(path), target)))
      .map((target) => `${relative(folder, path)}: ${target}`),
  );
  expect(dead).toEqual([]);
});

test("C1 the licences of what is bundled are there", () => {
  for (const name of ["commander", "http-message-sig"]) {
    const text = readFileSync(join(project(), "node_modules/pushmesh/dist/LICENSES.txt"), "utf8");
    expect(text).toMatch(new RegExp(`^${name} \\d`, "m"));
  }
  expect(existsSync(join(project(), "node_modules/pushmesh/LICENSE"))).toBe(true);
});

describe.each([
  ["Node, by import", NODE, ["entries.mjs"], SEEN],
  ["Node, by require", NODE, ["entries.cjs"], SEEN],
  ["Node, rendering on a server", NODE, ["page.mjs"], "function function\n"],
  [
    "Deno",
    tool("deno"),
    ["run", "--no-prompt", "--allow-env", "--allow-read=.", "--allow-sys", "entries.mjs"],
    SEEN,
  ],
  ["Bun", tool("bun"), ["run", "entries.mjs"], SEEN],
])("%s", (_, file, args, seen) => {
  test("C2 all entries can be imported", async () => {
    expect(await runIn(project(), file, args)).toEqual({ code: 0, stdout: seen, stderr: "" });
  });
});
