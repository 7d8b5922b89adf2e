/** What docs/operations gives to be copied starts the mesh with options that it has. */
import { expect, test } from "vitest";
import { HELP, parseOptions } from "../../hosts/machine/options.ts";
import { DEFAULT_HOST, DENO_MEMORY, denoPermissions } from "../../scripts/hosts.mjs";
import { WITH_LIMIT } from "../support/host.ts";
import { read } from "./imports.ts";

/** What a command line gives the mesh, which it runs as npm start does, in the home of its user. */
function optionsIn(
  [command = "", ...words]: readonly string[],
  home: string,
  tls: readonly string[] = [],
): ReturnType<typeof parseOptions> {
  expect(command).toMatch(/(^|\/)deno$/);
  const at = words.indexOf("hosts/deno/serve.ts");
  const options = parseOptions(words.slice(at + 1), "deno");
  const { data, listen, port, webhooks } = options;
  const allowed = denoPermissions({
    data,
    listen,
    port: `${port}`,
    webhooks,
    config: `${home}/.config/pushmesh`,
    tls,
  });
  expect(words.slice(0, at)).toEqual(["run", "--quiet", DENO_MEMORY, ...allowed]);
  return options;
}

/** Lines that end in a backslash go on. */
const joined = (file: string): string => read(file).replaceAll(/\\\n\s*/g, "");

test("S62 the systemd unit gives Deno the permissions of npm start, and tells it the limit of open files", () => {
  const unit = joined("docs/operations/pushmesh.service");
  const words = /^ExecStart=(.+)$/m.exec(unit)?.[1]?.split(" ") ?? [];
  const options = optionsIn(words, /^Environment=HOME=(.+)$/m.exec(unit)?.[1] ?? "");
  expect(options.data).toBe(`/var/lib/${/^StateDirectory=(.+)$/m.exec(unit)?.[1]}`);
  const limit = /^LimitNOFILE=(.+)$/m.exec(unit)?.[1];
  expect(/^Environment=PUSHMESH_OPEN_FILES=(.+)$/m.exec(unit)?.[1]).toBe(limit);
});

test("S62 the container gives Deno the permissions of npm start, and tells it the limit of open files", () => {
  const file = joined("docs/operations/Containerfile");
  const [shell, , script, ...words]: string[] = JSON.parse(
    /^ENTRYPOINT (.+)$/m.exec(file)?.[1] ?? "",
  );
  expect([shell, script]).toEqual([WITH_LIMIT[0], WITH_LIMIT[2]]);
  const options = optionsIn(words, / HOME=(\S+)$/m.exec(file)?.[1] ?? "", ["/certs"]);
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
