/**
 * One project per kind of runtime; `vitest run --project core` runs one of them.
 * The order of groups keeps the projects that start processes away from each other and from the rest:
 * two cores are soon full of workerd, and a test that waits for a deadline would then measure the queue.
 */
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

/** The hosts of one machine: the black-box suite sees nothing but HTTP, WebSockets and processes, and runs on each. */
const HOSTS = ["workerd", "deno"] as const;

/**
 * Tests that start real processes: one file after another, and with time for a process to come up.
 *
 * @param include tests of this folder, by glob; all of them where it is not given.
 */
const withProcesses = (
  name: string,
  groupOrder: number,
  { folder = name, include = ["**"], host = "" }: Partial<ProcessTests> = {},
) => ({
  test: {
    name,
    include: include.map((glob) => `test/${folder}/${glob}/*.test.ts`),
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { groupOrder },
    // test/support/host.ts reads it.
    ...(host === "" ? {} : { env: { PUSHMESH_TEST_HOST: host } }),
  },
});

interface ProcessTests {
  readonly folder: string;
  readonly include: readonly string[];
  readonly host: string;
}

/**
 * The suite of one folder on every host. What is in a folder named for a host is about that host alone, and what is
 * in `once/` chooses its hosts itself.
 */
const onEveryHost = (folder: string, groupOrder: number) =>
  HOSTS.map((host, i) =>
    withProcesses(`${folder}-${host}`, groupOrder + i, { folder, include: [".", host], host }),
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
      withProcesses("mesh", 2, { include: ["once"] }),
      ...onEveryHost("mesh", 3),
      ...onEveryHost("runtimes", 5),
      ...onEveryHost("peers", 7),
      ...onEveryHost("chaos", 9),
    ],
  },
});
