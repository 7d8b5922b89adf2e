/** The first minute of somebody who has no clone: a mesh, a device and a send, and a project for Cloudflare. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Process, start, temporaryFolder } from "../mesh/support/process.ts";
import { ROOT } from "../support/host.ts";
import { NODE, newProject, runIn, tarballs, tool, write } from "./support/project.ts";

/** Where Deno is on PATH, as it is of somebody who has installed it. */
const PATH = `${dirname(NODE)}:${join(ROOT, "node_modules/.bin")}:${process.env["PATH"]}`;

const COMMAND = "node_modules/pushmesh/bin/pushmesh.mjs";

interface User {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}
const userOf = (...packages: Parameters<typeof newProject>[0]): User => ({
  folder: newProject(packages),
  env: { PATH, XDG_CONFIG_HOME: temporaryFolder() },
});
const pushmesh = ({ folder, env }: User, ...args: string[]): Process =>
  start(NODE, [COMMAND, ...args], env, onTestFinished, folder);

async function firstPush(user: User): Promise<void> {
  const listener = pushmesh(user, "listen", "--json");
  const { regId } = JSON.parse(await listener.stdout.match(/regId/));
  const sent = pushmesh(user, "send", "--to", regId, "--data", '{"hello":"world"}', "--json");
  expect(await sent.exited, sent.stderr.text).toBe(0);
  expect(JSON.parse(sent.stdout.text)).toMatchObject({ status: "delivered" });
  expect(await listener.stdout.match(/"hello":"world"/)).toContain(JSON.parse(sent.stdout.text).id);
}

test("C3 serve runs the mesh that is installed beside the command, and a push is delivered", async () => {
  const user = userOf("client", "mesh");
  const mesh = pushmesh(user, "serve", "--port", "0", "--json");
  const ready = JSON.parse(await mesh.stdout.match(/"ready"/));
  expect(ready).toMatchObject({ host: "deno", data: join(user.folder, ".pushmesh") });
  await firstPush(user);
  mesh.kill("SIGTERM");
  expect(await mesh.exited).toBe(0);
  // What was said to a person went to stderr, and there was nothing to say.
  expect(mesh.stderr.text).toBe("");
});

/** A registry that has the mesh alone. */
async function registry(): Promise<string> {
  const bytes = readFileSync(tarballs().mesh);
  const manifest = JSON.parse(readFileSync(join(ROOT, "packages/mesh/package.json"), "utf8"));
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    const origin = `http://127.0.0.1:${port}`;
    if (request.url === "/mesh.tgz") return void response.end(bytes);
    if (decodeURIComponent(request.url ?? "") !== "/@pushmesh/mesh")
      return void response.writeHead(404).end();
    const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
    const { name, version } = manifest;
    const dist = { tarball: `${origin}/mesh.tgz`, integrity };
    const body = {
      name,
      "dist-tags": { latest: version },
      versions: { [version]: { ...manifest, dist } },
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("C3 without the mesh, serve gets it by npm exec in its own version, and says so", async () => {
  const { folder, env } = userOf("client");
  const user = {
    folder,
    env: { ...env, npm_config_registry: await registry(), npm_config_cache: temporaryFolder() },
  };
  const mesh = pushmesh(user, "serve", "--port", "0", "--json");
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  await mesh.stderr.match(new RegExp(`^pushmesh: running @pushmesh/mesh@${version} by npm exec`));
  await mesh.stdout.match(/"ready"/);
  await firstPush(user);
});

test("C4 init makes a project that wrangler deploys, with secrets for its owner alone", async () => {
  const { folder, env } = userOf("client", "mesh");
  const made = await runIn(folder, NODE, [COMMAND, "init", "My Mesh", "--json"], env);
  const { name, files } = JSON.parse(made.stdout);
  expect([made.code, name]).toEqual([0, "my-mesh"]);
  const project = join(folder, "My Mesh");
  expect(files).toContain("wrangler.toml");
  for (const secret of ["secrets.json", ".dev.vars"])
    expect(statSync(join(project, secret)).mode & 0o777).toBe(0o600);
  // npm install would get what is installed above it.
  const { dependencies } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(dependencies).toEqual({ "@pushmesh/mesh": version });
  const home = temporaryFolder();
  const dryRun = ["deploy", "--dry-run", "--secrets-file", "secrets.json"];
  const deployed = await runIn(project, tool("wrangler"), dryRun, {
    ...env,
    HOME: home,
    WRANGLER_SEND_METRICS: "false",
  });
  expect(deployed.code, deployed.stderr).toBe(0);
  for (const binding of ["DEVICES", "TAG_DIRECTORIES", "LINKS_RATE", "MESH_KEYS"])
    expect(deployed.stdout).toContain(`env.${binding} `);
});

test("C4 init writes over nothing", async () => {
  const { folder, env } = userOf("client");
  mkdirSync(join(folder, "full"));
  write(folder, { "full/README.md": "mine" });
  const { code, stderr } = await runIn(folder, NODE, [COMMAND, "init", "full"], env);
  expect([code, stderr]).toEqual([2, expect.stringContaining("is not empty")]);
  expect(readFileSync(join(folder, "full/README.md"), "utf8")).toBe("mine");
});
