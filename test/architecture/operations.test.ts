/** What docs/operations gives to be copied starts the mesh with options that it has. */
import { expect, test } from "vitest";
import { HELP, parseOptions } from "../../hosts/machine/options.ts";
import { DEFAULT_HOST, HOSTS } from "../../scripts/hosts.mjs";
import { read } from "./imports.ts";

/** What a command line gives the mesh, which it runs as npm start does. */
function optionsIn([command = "", ...words]: readonly string[]): readonly string[] {
  expect(command).toMatch(/(^|\/)deno$/);
  const args = HOSTS.deno.args;
  expect(words.slice(0, args.length)).toEqual(args);
  return words.slice(args.length);
}

/** Lines that end in a backslash go on. */
const joined = (file: string): string => read(file).replaceAll(/\\\n\s*/g, "");

test("the task of deno.json", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  expect(tasks.serve.command).toContain(` ${HOSTS.deno.args.slice(1).join(" ")}`);
});

test("the systemd unit", () => {
  const unit = joined("docs/operations/pushmesh.service");
  const words = /^ExecStart=(.+)$/m.exec(unit)?.[1]?.split(" ") ?? [];
  const options = parseOptions(optionsIn(words), "deno");
  expect(options.data).toBe(`/var/lib/${/^StateDirectory=(.+)$/m.exec(unit)?.[1]}`);
});

test("the container", () => {
  const file = joined("docs/operations/Containerfile");
  const words: string[] = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(file)?.[1] ?? "");
  const options = parseOptions(optionsIn(words), "deno");
  expect(options.data).toBe(/^VOLUME (.+)$/m.exec(file)?.[1]);
  expect(`${options.port}`).toBe(/^EXPOSE (.+)$/m.exec(file)?.[1]);
});

test("the container has the packages that Deno is to find", () => {
  const [, copied = ""] =
    /cp -R --parents (.+) \S+\/node_modules$/m.exec(joined("docs/operations/Containerfile")) ?? [];
  const { imports } = JSON.parse(read("deno.json"));
  const mapped = Object.keys(imports).filter((name) => !/\/$|^pushmesh\//.test(name));
  expect(copied.split(" ")).toEqual(mapped);
});

test("the help and the documents name the host of a new folder", () => {
  expect(HELP).toContain(`or ${DEFAULT_HOST})`);
  expect(read("docs/operations/README.md")).toContain(`, or \`${DEFAULT_HOST}\` |`);
});
