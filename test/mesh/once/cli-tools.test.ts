/** What the command `pushmesh` does for scripts and shells, and what depends on the platform. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { npmCommand, type Platform } from "../../../cli/mesh/npm.ts";
import { projectFiles } from "../../../cli/mesh/project.ts";
import { requireSockets } from "../../../cli/mesh/serve.ts";
import { requireSystemd } from "../../../cli/service/unit.ts";
import { read, sourcesOf } from "../../architecture/imports.ts";
import { run, type User } from "../support/command.ts";
import { temporaryFolder } from "../support/process.ts";

const nobody = (): User => ({ data: temporaryFolder(), home: temporaryFolder() });

test.each([
  [["send", "--nonsense", "--json"], "unknown option '--nonsense'", "See pushmesh send --help."],
  [["sned", "--json"], "unknown command 'sned' (Did you mean send?)", "See pushmesh --help."],
  [
    ["key", "crate", "--json"],
    "unknown command 'crate' (Did you mean create?)",
    "See pushmesh key --help.",
  ],
])("C6 with --json, a usage error is one JSON object: %j", async (args, message, advice) => {
  const { code, stdout, stderr } = await run(nobody(), ...args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(JSON.parse(stderr)).toEqual({ error: { code: "usage", message, advice } });
});

test("C6 --verbose says which mesh is called, and what named it", async () => {
  const send = ["send", "--to", "r", "--data", "x", "--key-id", "a.k1", "--key", "x", "--verbose"];
  const url = "http://127.0.0.1:2";
  const asText = await run(nobody(), ...send, "--url", url);
  expect(asText.stderr).toMatch(/^mesh http:\/\/127\.0\.0\.1:2 \(from --url\)\n/);
  const asJson = await run(nobody(), ...send, "--url", url, "--json");
  expect(JSON.parse(asJson.stderr.split("\n")[0] ?? "")).toEqual({ mesh: url, from: "--url" });
});

/** What bash would offer for the last word. */
function offered(script: string, ...words: readonly string[]): string[] {
  const line = ["pushmesh", ...words].map((word) => `'${word}'`).join(" ");
  const shell = `${script}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _pushmesh; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", shell], { encoding: "utf8" }).trim().split("\n");
}

test("C7 bash completes commands, their commands and their options", async () => {
  const { code, stdout } = await run(nobody(), "completion", "bash");
  expect(code).toBe(0);
  expect(offered(stdout, "br")).toEqual(["broadcast"]);
  expect(offered(stdout, "app", "sh")).toEqual(["show"]);
  expect(offered(stdout, "admin", "credential", "cr")).toEqual(["create"]);
  expect(offered(stdout, "send", "--pri")).toEqual(["--priority"]);
  // What stands after an option is no command.
  expect(offered(stdout, "send", "--data", "app", "--tt")).toEqual(["--ttl"]);
});

test("C7 zsh and fish complete the same", async () => {
  const zsh = await run(nobody(), "completion", "zsh");
  expect(zsh.stdout).toMatch(/^autoload -U \+X bashcompinit && bashcompinit\n/);
  const { stdout: fish } = await run(nobody(), "completion", "fish");
  expect(fish).toContain("-f -a broadcast -d ");
  expect(fish).toMatch(
    /^complete -c pushmesh -n '__fish_seen_subcommand_from app; and __fish_seen_subcommand_from show' -l json -d /m,
  );
  // An apostrophe does not end what is quoted.
  for (const line of fish.trim().split("\n").slice(1))
    expect(line).toMatch(/^complete -c pushmesh (-[nlafd] )*('([^'\\]|\\.)*'|[\w-]+| |-[nlafd])+$/);
  const other = await run(nobody(), "completion", "tcsh");
  expect(other.code).toBe(2);
});

/** Machines, by what they have and how npm is then run there. */
const MACHINES: readonly (readonly [string, Platform, string, readonly string[]])[] = [
  [
    "Windows with Node's installer",
    {
      platform: "win32",
      env: {},
      execPath: "C:\\Program Files\\nodejs\\node.exe",
      exists: (path) => path === "C:\\Program Files\\nodejs\\node_modules\\npm\\bin\\npm-cli.js",
    },
    "C:\\Program Files\\nodejs\\node.exe",
    ["C:\\Program Files\\nodejs\\node_modules\\npm\\bin\\npm-cli.js"],
  ],
  [
    "Windows without npm's script",
    {
      platform: "win32",
      env: { ComSpec: "C:\\Windows\\System32\\cmd.exe" },
      execPath: "C:\\node.exe",
      exists: () => false,
    },
    "C:\\Windows\\System32\\cmd.exe",
    ["/d", "/s", "/c", "npm"],
  ],
  [
    "macOS with a version manager",
    {
      platform: "darwin",
      env: {},
      execPath: "/Users/a/.nvm/versions/node/v24/bin/node",
      exists: (path) =>
        path === "/Users/a/.nvm/versions/node/v24/lib/node_modules/npm/bin/npm-cli.js",
    },
    "/Users/a/.nvm/versions/node/v24/bin/node",
    ["/Users/a/.nvm/versions/node/v24/lib/node_modules/npm/bin/npm-cli.js"],
  ],
  [
    "npm's own script, which runs this",
    {
      platform: "linux",
      env: { npm_execpath: "/opt/npm/bin/npm-cli.js" },
      execPath: "/usr/bin/node",
      exists: () => true,
    },
    "/usr/bin/node",
    ["/opt/npm/bin/npm-cli.js"],
  ],
  [
    "pnpm, which has other commands",
    {
      platform: "linux",
      env: { npm_execpath: "/opt/pnpm/bin/pnpm.cjs" },
      execPath: "/usr/bin/node",
      exists: () => false,
    },
    "npm",
    [],
  ],
];

test.each(MACHINES)(
  "C8 npm is run without a shell where that can be: %s",
  (_, machine, file, args) => {
    expect(npmCommand(machine)).toEqual({ file, args });
  },
);

test("C8 a mesh is refused where its socket would not be its user's alone, with advice", () => {
  for (const platform of ["linux", "darwin", "freebsd"] as const) requireSockets(platform);
  expect(() => requireSockets("win32")).toThrow(
    expect.objectContaining({ code: "platform_unsupported", advice: expect.stringMatching(/WSL/) }),
  );
});

test.each(["darwin", "win32"] as const)(
  "C8 where there is no systemd, the command to run is told: %s",
  (platform) => {
    const command = ["node", "pushmesh.mjs", "service", "--url", "https://push.example.com"];
    requireSystemd(command, "linux");
    expect(() => requireSystemd(command, platform)).toThrow(
      expect.objectContaining({
        code: "platform_unsupported",
        message: expect.stringContaining(platform),
        advice: expect.stringContaining(command.join(" ")),
      }),
    );
  },
);

test("C8 a project is the same on every platform: relative paths with slashes, and no script that a shell would read", () => {
  const files = new Map(projectFiles("mesh").map(({ path, text }) => [path, text]));
  for (const path of files.keys()) expect(path).toMatch(/^[\w.-]+(\/[\w.-]+)*$/);
  const { scripts } = JSON.parse(files.get("package.json") ?? "{}") as { scripts: object };
  // Programs and their options: cmd.exe and sh read them alike.
  for (const script of Object.values(scripts)) expect(script).toMatch(/^[a-z]+( [\w.-]+)*$/);
});

test.each([
  ["service", "install", "--url", "https://push.example.com"],
  ["service", "--url", "https://push.example.com"],
  ["init", "/proc/none/project"],
  ["listen", "--url", "http://127.0.0.1:9", "--app", "x", "--state", "/proc/none/device"],
])("C8 where no folder can be made, a command fails at once, as on /proc: %s", async (...args) => {
  const user: User = { data: temporaryFolder(), home: "/proc/none" };
  const { code, stderr } = await run(user, ...args);
  expect(code).toBe(2);
  expect(stderr).toContain("/proc/none");
});

test("C8 no source of the command starts a program by a shell", () => {
  const files = ["cli", "sdk", "packages"].flatMap(sourcesOf);
  expect(files.length).toBeGreaterThan(100);
  const shells = files.filter((file) =>
    /\/bin\/sh|shell: true|\bexecSync\(|\.cmd"/.test(read(file)),
  );
  expect(shells).toEqual([]);
});
