import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { keepBundle, takeBundle } from "../../../hosts/workerd/kept-bundle.ts";
import { ROOT } from "../../support/host.ts";

test("a bundle is taken again until one of its sources has changed, and one is kept for each entry", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-bundle-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const cache = join(folder, "cache");
  const [one, two] = [file("one.ts", "1"), file("two.ts", "2")];
  const sources = [one, two].map((path) => relative(ROOT, path));
  const out = join(folder, "out.js");
  const taken = async () =>
    (await takeBundle(one, out, cache)) ? readFileSync(out, "utf8") : null;

  expect(await taken()).toBeNull();
  await keepBundle(one, file("first.js", "first"), sources, cache);
  expect(await taken()).toBe("first");
  writeFileSync(two, "3");
  expect(await taken()).toBeNull();
  await keepBundle(one, file("second.js", "second"), sources, cache);
  expect(await taken()).toBe("second");
  expect(readdirSync(cache)).toHaveLength(2);
  await keepBundle(two, file("other.js", "other"), sources, cache);
  expect(await taken()).toBe("second");
  rmSync(two);
  expect(await taken()).toBeNull();
});

test("a cache that cannot be written to is no fault", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-bundle-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "file");
  writeFileSync(path, "");
  await keepBundle(path, path, [relative(ROOT, path)], join(path, "cache"));
  expect(await takeBundle(path, join(folder, "out.js"), join(path, "cache"))).toBe(false);
});
