/**
 * One project per kind of runtime; `vitest run --project core` runs one of them.
 * Groups run one after another: first what computes, as many files at a time as there are cores; then what starts processes
 * and mostly waits, more of them; last, one at a time, what compares times.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { HOSTS } from "./scripts/hosts.mjs";
import type { EngineKind } from "./test/sdk/device/fake/shared.ts";
import { SOON } from "./test/support/soon.ts";

/** Keys for tests only: one mesh key of known bytes, so that vectors made from it stay the same. */
const TEST_BINDINGS = {
  MESH_KEYS: `1:${Buffer.alloc(32, 7).toString("base64url")}`,
  ADMIN_TOKEN: "test-admin-token-of-known-bytes",
};

/** Of projects whose tests call a mesh. */
const CHECKED = { setupFiles: ["./test/support/contract-setup.ts"] };

/** Of a group: projects of one group have the same `maxWorkers`. Vitest's own would be one on a machine of two cores. */
const COMPUTING = {
  maxWorkers: 2,
  sequence: { groupOrder: 0 },
  /** Ends what hangs. Vitest's own of 5 s ended what a busy machine took longer for. */
  testTimeout: 30_000,
};
/** Ends what hangs. What takes 20 s alone takes a minute beside three others, and more on a machine that is busy with other things. */
const HANGS_MS = 240_000;
const WAITING = { maxWorkers: 4, maxConcurrency: 3, sequence: { groupOrder: 1 } };
const ALONE = { maxWorkers: 1, sequence: { groupOrder: 2 } };

type NodeOptions = typeof SHARED &
  typeof CHECKED & { readonly include: string[]; readonly env: Readonly<Record<string, string>> };

/** Tests that run in Node with nothing outside the process. */
const inNode = (name: string, options: Partial<NodeOptions> = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    pool: "threads" as const,
    ...COMPUTING,
    ...options,
  },
});

/**
 * One context for many files, where what is tested keeps nothing outside its objects: loading the modules anew for each file took
 * a third of the time of the projects in Node, and three fifths in workerd. Of tests that start processes, which are what they test,
 * a file took 0.6 s of a core before it began, and takes 0.1 where the one before it was of the same project.
 */
const SHARED = { isolate: false } as const;

/** Tests of the device SDK's clients, with their engine elsewhere: see test/sdk/device/fake/shared.ts. */
const sharedClients = (engine: EngineKind, files: readonly string[]) =>
  inNode(`sdk-${engine}`, {
    ...CHECKED,
    include: files.map((file) => `test/sdk/device/${file}.test.ts`),
    env: { PUSHMESH_TEST_ENGINE: engine },
  });

/** Of both kinds of engine that tabs share. */
const SHARED_ENGINE = ["{broadcasts,commands,protocol-errors,rotation}", "sealing/!(two-links)"];

/** Files that take 20 s and more, in the order they are begun in: begun last, one of them would keep a core idle at the end. */
const LONGEST = [
  ...[
    "broadcast",
    "cli-groups",
    "move-tags",
    "live",
    "cli",
    "bench",
    "cli-usage",
    "start",
    "import",
  ],
  ...[
    "supervisor",
    "strangers",
    "handshakes",
    "edge",
    "edges",
    "broadcasts",
    "device-tags",
    "sends",
  ],
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project, moduleId }: TestSpecification): number => {
      const { groupOrder } = project.config.sequence;
      const place = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return groupOrder * (LONGEST.length + 1) + (place < 0 ? LONGEST.length : place);
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** What the tests of a folder of projects have built before: as users install it. */
const BUILT: Readonly<Record<string, string>> = {
  mesh: "./test/mesh/support/built-cli.ts",
  runtimes: "./test/runtimes/built-sdk.ts",
  packed: "./test/packed/support/setup.ts",
};
const folderOf = (project: string): string => project.replace(/-(workerd|deno)$/, "");

const PROCESS_ENV = {
  /** No test writes to the configuration of the user who runs it. */
  XDG_CONFIG_HOME: join(tmpdir(), "pushmesh-test-config"),
  /** A command of ours compiles its hundred sources once, not at each start: 0.2 s of a core instead of 0.5. */
  NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/node-compile"),
};

/**
 * Tests that start real processes, with time for a process to come up.
 *
 * @param env of the tests: PUSHMESH_TEST_HOST is read by test/support/host.ts.
 */
const withProcesses = (
  name: string,
  files: { readonly include: string[]; readonly exclude?: string[] },
  env: Readonly<Record<string, string>> = {},
  group: typeof WAITING | typeof ALONE = WAITING,
) => ({
  test: {
    name,
    ...files,
    globalSetup: BUILT[folderOf(name)] ?? [],
    env: { ...PROCESS_ENV, ...env },
    ...CHECKED,
    testTimeout: HANGS_MS,
    hookTimeout: HANGS_MS,
    ...SHARED,
    ...group,
  },
});

const HOST_NAMES = Object.keys(HOSTS);

/**
 * A folder of the black-box suite, which sees nothing but HTTP, WebSockets and processes, on every host. What is in
 * a folder of it that is named for a host is about that host alone, and says why; "once" is for what chooses its hosts itself.
 */
const onEveryHost = (folder: string, group?: typeof ALONE) =>
  HOST_NAMES.map((host) =>
    withProcesses(
      `${folder}-${host}`,
      {
        include: [`test/${folder}/**/*.test.ts`],
        exclude: ["once", ...HOST_NAMES.filter((other) => other !== host)].map(
          (other) => `test/${folder}/${other}/**`,
        ),
      },
      { PUSHMESH_TEST_HOST: host },
      group,
    ),
  );

export default defineConfig({
  test: {
    // A folder whose tests are still to come is no failure.
    passWithNoTests: true,
    sequence: { sequencer: LongestFirst },
    // Ends a wait in vain, and is none of the promise.
    expect: { poll: SOON },
    projects: [
      inNode("architecture", SHARED),
      inNode("schema", SHARED),
      inNode("core", SHARED),
      inNode("sdk", CHECKED),
      // The same clients, with an engine that tabs share: in the tab that leads, or in a worker, which ends with its last client. Not what tests links that
      // replace each other on one storage (`sign-out` and its model, `sealing/two-links`), nor `storage`, whose files no browser has.
      sharedClients("tab", ["client/*", ...SHARED_ENGINE]),
      // Nor in how few frames a burst is acknowledged: the worker hears of each handler in a turn of its own.
      sharedClients("worker", ["client/!(bursts)", ...SHARED_ENGINE]),
      // And with the push service of each client behind a socket: not what a client does whose own link has ended for good.
      sharedClients("service", [
        "client/{bursts,duplicates,expiry,grants,loops,messages,removed,schema,several-handlers}",
        "{broadcasts,commands,protocol-errors,rotation,sign-out-model,storage}",
        "sealing/*",
      ]),
      inNode("hosts", { ...SHARED, ...CHECKED }),
      inNode("fuzz", SHARED),
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
          ...SHARED,
          ...CHECKED,
          ...COMPUTING,
        },
      },
      // These choose their hosts themselves.
      withProcesses("edges", { include: ["test/edges/*.test.ts"] }),
      withProcesses("mesh", { include: ["test/mesh/once/*.test.ts"] }),
      withProcesses("runtimes", { include: ["test/runtimes/once/*.test.ts"] }),
      withProcesses("packed", { include: ["test/packed/*.test.ts"] }),
      ...onEveryHost("mesh"),
      ...onEveryHost("runtimes"),
      ...onEveryHost("peers"),
      ...onEveryHost("chaos"),
      ...onEveryHost("alone", ALONE),
    ],
  },
});
