/** What the `pushmesh` command says where there is no mesh, or none is asked. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Command, CommanderError } from "commander";
import { describe, expect, onTestFinished, test } from "vitest";
import { commandLine } from "../../../cli/command-line.ts";
import { commanderExit } from "../../../cli/sdk-failures.ts";
import { ERRORS } from "../../../schema/errors.ts";
import { pushmesh, run, type User } from "../support/command.ts";
import { temporaryFolder } from "../support/process.ts";

const SECRET = "A".repeat(43);

test("a listener without a network waits for one, and Ctrl-C ends it all the same", async () => {
  const user: User = { data: temporaryFolder(), home: temporaryFolder() };
  const listener = pushmesh(user, "listen", "--url", "http://127.0.0.1:9", "--app", "nonsense");
  await listener.stderr.match(/^not connected: .* Next try in \d+\.\d s\.$/);
  listener.kill("SIGINT");
  expect(await listener.exited).toBe(0);
});

test("P4.4 commands that the error table advises are there", async () => {
  const advised = Object.values(ERRORS).flatMap(({ advice }) =>
    [...advice.matchAll(/`pushmesh ([a-z ]+?)(?: --|`)/g)].map(([, words = ""]) => words),
  );
  expect(advised.length).toBeGreaterThan(4);
  const nobody: User = { data: temporaryFolder(), home: temporaryFolder() };
  for (const words of new Set(advised)) {
    const { code, stdout } = await run(nobody, ...words.split(" "), "--help");
    expect([words, code]).toEqual([words, 0]);
    expect(stdout).toContain(`Usage: pushmesh ${words} `);
  }
});

test("every group without a command, or with one that is not there, fails with advice", async () => {
  const groups: string[] = [];
  const waiting: string[][] = [[]];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const command = groupAt(commandLine({}), path);
    if (command.commands.length === 0) continue;
    groups.push(path.join(" "));
    const usage = ["pushmesh", ...path].join(" ");
    // Without a command, `grant` makes a grant, and `service` runs.
    const bare = ["grant", "service"].includes(path.join(" ")) ? [] : [[]];
    for (const args of [...bare, ["nonsense"], ["--nonsense"], ["help", "nonsense"]]) {
      const said = await failing([...path, ...args]);
      expect(said).toContain(args.length === 0 ? `Usage: ${usage} ` : `See ${usage} --help.`);
    }
    const names = command.commands.map((each) => each.name());
    for (const name of names) if (name !== "help") waiting.push([...path, name]);
  }
  const named = [
    "admin",
    "admin credential",
    "alias",
    "app",
    "grant",
    "key",
    "message",
    "registration",
    "service",
    "tag",
    "webhook",
  ];
  expect(groups.sort()).toEqual(["", ...named]);
});

const groupAt = (program: Command, path: readonly string[]): Command =>
  path.reduce(
    (at, name) => at.commands.find((each) => each.name() === name) ?? expect.fail(name),
    program,
  );

test("a command of a group that runs by itself gets the options that both have", async () => {
  for (const words of [
    ["grant", "revoke", "x"],
    ["service", "status"],
  ]) {
    const program = commandLine({});
    const command = groupAt(program, words.slice(0, 2)).action(() => {});
    await program.parseAsync([...words, "--json"], { from: "user" });
    expect([words, command.opts()]).toEqual([words, { json: true }]);
  }
});

/** What a command prints that must be a usage error. */
async function failing(args: readonly string[]): Promise<string> {
  const program = commandLine({});
  const said: string[] = [];
  const silent = (command: Command): void => {
    command.configureOutput({ writeErr: (text) => said.push(text) });
    command.commands.forEach(silent);
  };
  silent(program);
  const ended = await program.parseAsync(args, { from: "user" }).catch((error: unknown) => error);
  expect(ended).toBeInstanceOf(CommanderError);
  expect([args, commanderExit(ended as CommanderError)]).toEqual([args, 2]);
  return said.join("");
}

describe("exit codes", () => {
  const key = ["--key-id", "a.k1", "--key", SECRET];
  // Nobody listens on a port below the first that was ever given out; those of old services fetch refuses by itself.
  const nowhere = ["--url", "http://127.0.0.1:2"];

  const silence =
    /^cannot reach http:\/\/127\.0\.0\.1:2 \(connection refused\); retrying for up to 30 s, Ctrl-C stops\npushmesh: .* failed \(connection refused\)\. Check the URL, and that the mesh runs\. \(network_failed\)\n +No mesh is running there/;

  // Side by side: the first three try for 30 s to reach a mesh, and say so.
  test.concurrent.for<[number, string[], RegExp]>([
    [4, ["broadcast", "--everyone", "--data", "x", ...nowhere, ...key], silence],
    [4, ["send", "--to", "r", "--data", "x", ...nowhere, ...key], silence],
    [4, ["status", "x", ...nowhere, ...key], silence],
    [0, ["--help"], /^$/],
    [0, ["send", "--help"], /^$/],
    [0, ["--version"], /^$/],
    [2, [], /Usage/],
    [2, ["sned"], /unknown command 'sned'\n.*Did you mean send.*\n+See pushmesh --help/],
    [
      2,
      ["app", "polcy"],
      /unknown command 'polcy'\n.*Did you mean policy.*\n+See pushmesh app --help/,
    ],
    [2, ["app", "policy", "--hlp"], /'--hlp'\n.*--help.*\n+See pushmesh app policy --help/],
    [2, ["admin", "credential", "mak"], /'mak'\n+See pushmesh admin credential --help/],
    [2, ["help", "app", "polcy"], /unknown command 'polcy'\n+See pushmesh app --help/],
    [2, ["key", "help", "lst"], /unknown command 'lst'\n+See pushmesh key --help/],
    [2, ["registration", "ban", "r"], /required option '--for <duration>'/],
    [2, ["registration", "ban", "r", "--for", "soon"], /Give a duration such as 30m/],
    [2, ["registration", "ban", "r", "--for", "366d", ...nowhere, ...key], /at most 365d/],
    [0, ["help", "registration", "ban"], /^$/],
    [2, ["key", "create", "--scope", "root"], /Allowed choices are send, manage, read, grant/],
    [2, ["key", "create", "--algorithm", "rsa"], /Allowed choices are hmac-sha256, ed25519/],
    [2, ["key", "create", "--expires", "soon"], /Give a duration such as 90d/],
    [2, ["key", "create", "--expires", "0d"], /Give a duration such as 90d/],
    [2, ["key", "create", "--expires", "2027-13-01"], /Give a duration such as 90d/],
    [2, ["send", "--data", "x"], /exactly one of --to, --alias, --to-file and --alias-file/],
    [2, ["send", "--to", "r", ...nowhere, ...key], /exactly one of --data/],
    [
      2,
      ["send", "--stdin", "--to", "r", ...nowhere, ...key],
      /--to does not go with --stdin: each line has its target/,
    ],
    [2, ["send", "--stdin", "--trace", ...nowhere, ...key], /--trace does not go with --stdin/],
    [
      2,
      ["send", "--stdin", "--idempotency-key", "k"],
      /--idempotency-key does not go with --stdin/,
    ],
    [2, ["send", "--to", "r", "--data", "x", "--ttl", "1.5"], /whole number/],
    [2, ["send", "--to", "r", "--data", "x", "--priority", "urgent"], /Allowed choices/],
    [
      2,
      ["send", "--to", "r", "--data", "x", "--async", "--wait", "1", ...nowhere, ...key],
      /not both/,
    ],
    [2, ["send", "--to", "r", "--data", "x", ...nowhere, "--key", SECRET], /--key-id/],
    [
      2,
      ["send", "--to", "r", "--data", "x", ...nowhere, "--key-id", "a.k1", "--key", "short"],
      /32 bytes/,
    ],
    [
      2,
      ["send", "--to", "r", "--data", "x"],
      /no mesh is named: give --url, or run npx pushmesh serve/,
    ],
    [2, ["listen", "--url", "ftp://x"], /--url: ftp:\/\/x must be an origin/],
    [2, ["status", "x", "--url", "http://me:secret@h", ...key], /^(?!.*secret).*must be an origin/],
    [2, ["status", "x", "--url", "http:me:secret@h", ...key], /^(?!.*secret).*must be an origin/],
    [2, ["status", "x", "--url", "http://h/mesh", ...key], /must be an origin without path/],
    [2, ["serve", "--port", "70000"], /'--port <n>' .*from 0 to 65535/],
    [2, ["serve", "--port", "http"], /'--port <n>' .*from 0 to 65535/],
    [2, ["send", "--ttl", "2419201"], /'--ttl <seconds>' .*from 0 to 2419200/],
    [2, ["send", "--wait", "21"], /'--wait <seconds>' .*from 0 to 20/],
    [2, ["broadcast", "--pace", "0"], /'--pace <n>' .*from 1 to 1000000/],
    [2, ["grant", "--expires-in", "2592001"], /'--expires-in <seconds>' .*from 1 to 2592000/],
    [2, ["admin", "credential", "create", "x", "--days", "1e9"], /'--days <n>' .*from 1 to 36500/],
    [2, ["app", "quota", "--per-second", "0"], /'--per-second <n>' .*from 0.00001 to 1000000/],
    [2, ["app", "quota", "--burst", "0.5"], /'--burst <n>' .*from 1 to 1000000/],
    [2, ["directory", "--limit", "0", ...nowhere, ...key], /1 or more/],
    [2, ["listen", "--live"], /--live needs a --tag/],
    [2, ["listen", "--live", "--tag", "t", "--alias", "a"], /for devices, not --live/],
    [2, ["listen", "--token", "t"], /--token goes with --live/],
    [2, ["listen", "--attributes", '{"platform":1}'], /texts as platform/],
    [
      2,
      ["send", "--to", "r", "--alias", "a", "--data", "x"],
      /exactly one of --to, --alias, --to-file and --alias-file/,
    ],
    [2, ["send", "--to", "r", "--first-ack-wins", "--data", "x"], /goes with --alias/],
    [2, ["broadcast", "--data", "x"], /exactly one of --tag, --condition and --everyone/],
    [2, ["broadcast", "--tag", "t", "--everyone", "--data", "x"], /exactly one of --tag/],
    [2, ["broadcast", "--condition", "tag", "--data", "x"], /Give a JSON object/],
    [2, ["broadcast", "--tag", "t", ...nowhere, ...key], /exactly one of --data/],
    [2, ["tag", "add", "t"], /required option '--to <regId...>'/],
    [2, ["tag", "show", "..", ...nowhere, ...key], /fits in no path/],
    [
      2,
      ["tag", "live", "t", "ajar", ...nowhere, ...key],
      /Allowed choices are closed, token, open/,
    ],
  ])("%i for %j", async ([expected, args, stderr], { expect, onTestFinished: atEnd }) => {
    const user: User = { data: temporaryFolder(atEnd), home: temporaryFolder(atEnd), atEnd };
    const { code, stderr: said } = await run(user, ...args);
    expect(code).toBe(expected);
    expect(said).toMatch(stderr);
    expect(said).not.toMatch(/\n {4}at /);
  });

  test("130 for Ctrl-C while the mesh of a broadcast that is watched is gone, at once", async () => {
    const mesh = createServer((request, response) => {
      if (request.method === "POST") response.end('{"id":"a.b","status":"accepted","tookMs":1}');
      else request.socket.destroy();
    });
    mesh.listen(0, "127.0.0.1");
    await once(mesh, "listening");
    onTestFinished(() => void mesh.close());
    const url = `http://127.0.0.1:${(mesh.address() as AddressInfo).port}`;
    const user: User = { data: temporaryFolder(), home: temporaryFolder() };
    const args = ["--everyone", "--data", "x", "--watch", "--url", url, ...key];
    const command = pushmesh(user, "broadcast", ...args);
    await command.stderr.match(/^cannot reach .*Ctrl-C stops$/);
    const start = performance.now();
    command.kill("SIGINT");
    expect(await command.exited).toBe(130);
    // It would be asked for half a minute.
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
