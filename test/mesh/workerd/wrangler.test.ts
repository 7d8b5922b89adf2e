/** The same wrangler.toml deploys to Cloudflare and starts workerd. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readDefinition, workerdConfig } from "../../../hosts/workerd/config.ts";
import { ROOT, start, temporaryFolder } from "../support/process.ts";

const TOML = readFileSync(join(ROOT, "wrangler.toml"), "utf8");

const CLASSES = [
  "DeviceObject",
  "AppObject",
  "AppDirectoryObject",
  "TagObject",
  "AliasObject",
  "TagDirectoryObject",
  "LiveObject",
];
const BINDINGS = [
  "DEVICES",
  "APPS",
  "APP_DIRECTORY",
  "TAGS",
  "ALIASES",
  "TAG_DIRECTORIES",
  "LIVE_NODES",
];

/** The free plan takes 3 MB after gzip; this, before gzip, is well below. */
const BUNDLE_BYTES_MAX = 2_000_000;

test("wrangler deploy --dry-run takes it, and the bundle is small enough for any plan", async () => {
  const out = temporaryFolder();
  const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
  const args = [wrangler, "deploy", "--dry-run", "--outdir", out];
  const deploy = start(process.execPath, args, { WRANGLER_SEND_METRICS: "false" });
  expect(await deploy.exited, deploy.stderr.text).toBe(0);
  for (const binding of BINDINGS) expect(deploy.stdout.text).toContain(`env.${binding} `);
  expect(statSync(join(out, "index.js")).size).toBeLessThan(BUNDLE_BYTES_MAX);
});

describe("hosts/workerd reads it", () => {
  const deployment = {
    bundle: "worker.js",
    storage: "/data/storage",
    address: "127.0.0.1:8787",
    control: "/data/run/control.sock",
    vars: { MAX_LINKS: "1" },
    fromEnvironment: ["MESH_KEYS"],
  };

  test("every object class is there, with a key that does not change", () => {
    const text = workerdConfig(readDefinition(TOML), deployment);
    // Another key is another folder: all devices and apps of every mesh on one machine would be lost.
    for (const name of CLASSES)
      expect(text).toContain(
        `(className = "${name}", uniqueKey = "pushmesh-${name}", enableSql = true)`,
      );
  });

  test("a path with quotes and backslashes stays one text; control characters are refused", () => {
    const definition = readDefinition(TOML);
    const text = workerdConfig(definition, { ...deployment, storage: 'a"b\\c' });
    expect(text).toContain('path = "a\\"b\\\\c"');
    expect(() => workerdConfig(definition, { ...deployment, storage: "a\nb" })).toThrow(
      /control character/,
    );
  });

  test("what speaks to Cloudflare alone is left aside", () => {
    const more = `
      [env.staging]
      name = "pushmesh-staging"
      [version_metadata]
      binding = "VERSION"
      [[ratelimits]]
      name = "LIMITER"
      namespace_id = "1"
      simple = { limit = 100, period = 60 }`;
    const text = workerdConfig(readDefinition(TOML + more), deployment);
    expect(text).toBe(workerdConfig(readDefinition(TOML), deployment));
    expect(TOML).toContain("invocation_logs = false");
  });

  test("a secret that this host does not have is refused by name", () => {
    const foreign = TOML.replace('"ADMIN_TOKEN"]', '"ADMIN_TOKEN", "OTHER"]');
    expect(() => readDefinition(foreign)).toThrow(/secrets\.required/);
  });

  test("what this host cannot honour is refused by name, not left out", () => {
    expect(() => readDefinition(`${TOML}\n[[queues.producers]]\nqueue = "q"`)).toThrow(/queues/);
    const foreign = TOML.replace(
      /new_sqlite_classes = \[.*\]/,
      'new_sqlite_classes = ["AppObject"]',
    );
    expect(() => readDefinition(foreign)).toThrow(/DeviceObject is in no new_sqlite_classes/);
    expect(() => readDefinition("name = 1")).toThrow(
      /wrangler.toml: name: .*; .*compatibility_date/,
    );
  });
});
