/** What docs/operations gives to be copied starts the mesh with options that it has. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseOptions } from "../../hosts/machine/options.ts";
import { ROOT, read } from "./imports.ts";

/** The arguments of a command line after its script, which is in the repository. */
function optionsIn(words: readonly string[]): readonly string[] {
  const script = words.findIndex((word) => word.endsWith(".ts"));
  expect(existsSync(join(ROOT, words[script] ?? "no script"))).toBe(true);
  return words.slice(script + 1);
}

test("the systemd unit", () => {
  const unit = read("docs/operations/pushmesh.service");
  const words = /^ExecStart=(.+)$/m.exec(unit)?.[1]?.split(" ") ?? [];
  const options = parseOptions(optionsIn(words), "deno");
  expect(options.data).toBe(`/var/lib/${/^StateDirectory=(.+)$/m.exec(unit)?.[1]}`);
});

test("the container", () => {
  const file = read("docs/operations/Containerfile");
  const words: string[] = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(file)?.[1] ?? "");
  const options = parseOptions(optionsIn(words), "deno");
  expect(options.data).toBe(/^VOLUME (.+)$/m.exec(file)?.[1]);
  expect(`${options.port}`).toBe(/^EXPOSE (.+)$/m.exec(file)?.[1]);
});
