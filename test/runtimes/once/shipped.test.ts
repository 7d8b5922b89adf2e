/** The built SDKs as the people who install them see them: in a stack, in a debugger, in what Node prints at its end. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { ROOT, start } from "../../mesh/support/process.ts";

const sdk = inject("sdk");
const bin = (name: string): string => join(ROOT, "node_modules/.bin", name);

/** A program that ends by an error of each entry, and the functions that its stack must name. */
const PROGRAMS = [
  [
    "device-node.js",
    `connect({ url: "https://push.example.com/path", appId: "a" })`,
    // Bun leaves out who called last of all, as strict code lets it.
    ["toOrigin", "checkConnect", "connect"],
  ],
  [
    "server.js",
    `new PushServer({ url: "https://push.example.com", keyId: "a.k1", key: "x" }).send({ to: "r", data: "x" })`,
    ["importKey", "signerOf", "send"],
  ],
  ["live.js", `listenLive({ url: "https://push.example.com" })`, ["listenLive"]],
] as const;

const RUNTIMES = [
  ["Node", bin("node"), []],
  ["Deno", bin("deno"), ["run", "-A", "--no-prompt"]],
  ["Bun", bin("bun"), ["run"]],
] as const;

describe.each(RUNTIMES)("%s", (_, command, args) => {
  test.each(PROGRAMS)(
    "tells an uncaught error of %s by functions of ours and lines that one can read",
    async (entry, call, functions) => {
      const name = call.match(/connect|PushServer|listenLive/)?.[0];
      // Beside the SDK: Deno looks from there for the packages that it imports.
      const file = join(sdk, `program-${entry}`);
      writeFileSync(file, `import { ${name} } from "./${entry}";\nawait ${call};\n`);
      const { exited, stderr } = start(command, [...args, file]);
      expect(await exited).not.toBe(0);
      const longest = Math.max(...stderr.text.split("\n").map((line) => line.length));
      expect(longest, stderr.text.slice(0, 2_000)).toBeLessThan(500);
      expect(stderr.text).toMatch(/(?<![\w$])(PushError|PushServerError)\W/);
      for (const called of functions) expect(stderr.text).toContain(called);
    },
  );
});

test("each source map has the text of every source that it names", () => {
  const maps = readdirSync(sdk).filter((name) => name.endsWith(".map"));
  expect(maps.length).toBeGreaterThan(5);
  for (const name of maps) {
    const text = readFileSync(join(sdk, name.replace(/\.map$/, "")), "utf8");
    expect(text).toContain(`//# sourceMappingURL=${name}`);
    const { sources, sourcesContent } = JSON.parse(readFileSync(join(sdk, name), "utf8"));
    expect(sources).toContainEqual(expect.stringMatching(/\/sdk\/.*\.ts$/));
    expect(sourcesContent).toHaveLength(sources.length);
    expect(sourcesContent).not.toContain(null);
  }
});
