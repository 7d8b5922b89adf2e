/** Links between our documents resolve, and decisions have one numbering. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT, read } from "./imports.ts";

const documents = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path.endsWith(".md") && existsSync(join(ROOT, path)));

/** The text without code, where `](` is no link. */
const prose = (path: string): string =>
  read(path)
    .replaceAll(/^```[\s\S]*?^```/gm, "")
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, " "));

/** The anchors that GitHub gives the headings of a document. */
function anchorsOf(path: string): string[] {
  const text = read(path).replaceAll(/^```[\s\S]*?^```/gm, "");
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** What is wrong with a link of the document; undefined where it resolves. */
function brokenLink(path: string, target: string): string | undefined {
  const [file = "", anchor] = target.split("#");
  const to = file === "" ? path : normalize(join(dirname(path), decodeURI(file)));
  if (!existsSync(join(ROOT, to))) return `${path}: ${target} does not exist`;
  if (anchor !== undefined && to.endsWith(".md") && !anchorsOf(to).includes(anchor)) {
    return `${path}: ${target} names no heading`;
  }
  return undefined;
}

test.each(documents)("relative links of %s resolve", (path) => {
  const targets = [...prose(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const relative = targets.filter((target) => !/^[a-z]+:/.test(target));
  expect(relative.flatMap((target) => brokenLink(path, target) ?? [])).toEqual([]);
});

/** What looks like a path of a source or a folder of the repository, in code. */
const PATH = /`((?:[a-z.-]+\/)+(?:[a-z-]+(?:\.test)?\.(?:ts|mjs|json|thrift|md))?)`/g;

/** Paths in code of a text that are not there; those below a folder of the table of ports may name one of its files alone. */
const missingPaths = (text: string): string[] =>
  [...text.matchAll(PATH)]
    .map(([, path = ""]) => path)
    .filter((path) => !existsSync(join(ROOT, path)) && !existsSync(join(ROOT, "docs", path)));

describe("docs/architecture.md", () => {
  const text = read("docs/architecture.md");
  const inFolders = new Set([
    "deno/",
    "workerd/",
    "machine/",
    "move/",
    "device/",
    "device/live/",
    "server/",
  ]);

  test("names no file or folder that is not there", () => {
    expect(missingPaths(text).filter((path) => !inFolders.has(path))).toEqual([]);
    expect(missingPaths("`core/device/gone.ts` and `objects/tag/tag-shell.ts`")).toEqual([
      "core/device/gone.ts",
    ]);
  });

  test("names every folder of sources", () => {
    for (const folder of [
      "schema",
      "core",
      "objects",
      "objects/durable",
      "worker",
      "hosts",
      "sdk",
      "cli",
    ]) {
      expect(text).toContain(`| \`${folder}/\` |`);
    }
  });
});

describe("decisions", () => {
  const files = readdirSync(join(ROOT, "docs/decisions"))
    .filter((name) => name !== "README.md")
    .sort();

  test("are numbered from 0001 without a gap, in their file names and titles", () => {
    files.forEach((name, index) => {
      const number = `${index + 1}`.padStart(4, "0");
      expect(name).toMatch(new RegExp(`^${number}-[a-z-]+\\.md$`));
      expect(read(`docs/decisions/${name}`)).toMatch(new RegExp(`^# ${number} \\S`));
    });
  });

  test("are listed in the index by number and title", () => {
    const index = read("docs/decisions/README.md");
    for (const name of files) {
      const [, number, title] = /^# (\d{4}) (.+)\n/.exec(read(`docs/decisions/${name}`)) ?? [];
      expect(index).toContain(`| [${number}](./${name}) | ${title} |`);
    }
  });
});
