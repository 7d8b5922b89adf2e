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

/** Tests that start real processes: one file after another, and with time for a process to come up. */
const withProcesses = (name: string, groupOrder: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { groupOrder },
  },
});

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
      withProcesses("mesh", 2),
      withProcesses("runtimes", 3),
      withProcesses("peers", 4),
      withProcesses("chaos", 5),
    ],
  },
});
