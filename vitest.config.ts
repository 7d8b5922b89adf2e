/**
 * One project per kind of runtime; `vitest run --project core` runs one of them.
 * The order of groups keeps the projects that start processes away from each other and from the rest:
 * two cores are soon full of workerd, and a test that waits for a deadline would then measure the queue.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Keys for tests only: one mesh key of known bytes, so that vectors made from it stay the same. */
const TEST_BINDINGS = {
  MESH_KEYS: `1:${Buffer.alloc(32, 7).toString("base64url")}`,
  ADMIN_TOKEN: "test-admin-token-of-known-bytes",
};

/** Tests that run in Node with nothing outside the process. */
const inNode = (name: string) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], sequence: { groupOrder: 0 } },
});

/** No test writes to the configuration of the user who runs it. */
const XDG_CONFIG_HOME = join(tmpdir(), "pushmesh-test-config");

/**
 * Tests that start real processes, with time for a process to come up: most of theirs is waiting, so two files at a time
 * take two cores.
 *
 * @param env of the tests: PUSHMESH_TEST_HOST is read by test/support/host.ts.
 */
const withProcesses = (
  name: string,
  include: readonly string[],
  env: Readonly<Record<string, string>> = {},
) => ({
  test: {
    name,
    include: [...include],
    env: { XDG_CONFIG_HOME, ...env },
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { groupOrder: 2 },
  },
});

/**
 * A folder of the black-box suite, which sees nothing but HTTP, WebSockets and processes, on every host. What is in
 * a folder of it that is named for a host is about that host alone, and says why.
 */
const onEveryHost = (folder: string) =>
  ["workerd", "deno"].map((host) =>
    withProcesses(
      `${folder}-${host}`,
      [`test/${folder}/*.test.ts`, `test/${folder}/${host}/*.test.ts`],
      { PUSHMESH_TEST_HOST: host },
    ),
  );

export default defineConfig({
  test: {
    // A folder whose tests are still to come is no failure.
    passWithNoTests: true,
    projects: [
      inNode("architecture"),
      inNode("schema"),
      inNode("core"),
      inNode("sdk"),
      inNode("hosts"),
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: TEST_BINDINGS },
          }),
        ],
        test: {
          name: "workerd",
          include: ["test/worker/**/*.test.ts", "test/objects/**/*.test.ts"],
          sequence: { groupOrder: 1 },
        },
      },
      // These choose their hosts themselves.
      withProcesses("edges", ["test/edges/*.test.ts"]),
      withProcesses("mesh", ["test/mesh/once/*.test.ts"]),
      ...onEveryHost("mesh"),
      ...onEveryHost("runtimes"),
      ...onEveryHost("peers"),
      ...onEveryHost("chaos"),
    ],
  },
});
