/** An import that fails half-way, or was killed, on either host. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HOST_NAMES } from "../../../hosts/machine/host.ts";
import { BATCH_LINES } from "../../../hosts/move/batch.ts";
import { type ContentLine, readExport } from "../../../hosts/move/reader.ts";
import { ExportWriter } from "../../../hosts/move/writer.ts";
import { pushmesh, run, runJson } from "../support/command.ts";
import { temporaryFolder } from "../support/process.ts";

const secrets = {
  kind: "secrets",
  meshKeys: `1:${Buffer.alloc(32, 7).toString("base64url")}`,
  adminToken: "token-of-16-or-more",
} as const;

const nameOf = (n: number): string => {
  const id = Buffer.alloc(16);
  id.writeUInt32BE(n);
  return id.toString("base64url");
};

const device = (n: number) =>
  ({
    kind: "device",
    device: nameOf(n),
    account: { publicKey: "p", generation: 1, createdAt: 1 },
    link: null,
  }) as const;

function written(...lines: readonly ContentLine[]): string {
  const file = join(temporaryFolder(), "mesh.ndjson");
  const writer = new ExportWriter(file, 7);
  for (const line of lines) writer.write(line);
  writer.finish();
  return file;
}

/** The last of them is in another batch than what comes before them. */
const COUNT = BATCH_LINES + 1;

const userOf = (data: string) => ({ data, home: temporaryFolder() });

/** Runs an import that is refused; the code and what it said. */
async function refused(data: string, from: string, host: string) {
  const { code, stderr } = await run(
    userOf(data),
    ...["import", "--from", from, "--host", host, "--json"],
  );
  expect(code).toBe(1);
  return (JSON.parse(stderr) as { error: { code: string; message: string } }).error;
}

describe.each(HOST_NAMES)("an import for %s", (host) => {
  test("M3 that fails half-way leaves nothing behind", async () => {
    // Right by its checksum, and impossible all the same.
    const from = written(secrets, device(1), device(2), device(1));
    const there = temporaryFolder();
    const fresh = join(temporaryFolder(), "new");
    for (const data of [there, fresh])
      expect(await refused(data, from, host)).toEqual({
        code: "import_failed",
        message: expect.stringContaining("is there already"),
      });
    expect(readdirSync(there)).toEqual([]);
    expect(existsSync(fresh)).toBe(false);
  });

  test("M3 whose mesh keys are none is refused before anything is made", async () => {
    const data = join(temporaryFolder(), "new");
    const from = written({ ...secrets, meshKeys: "1:short" });
    expect(await refused(data, from, host)).toMatchObject({ code: "export_damaged" });
    expect(existsSync(data)).toBe(false);
  });

  test("M3 that is ended by Ctrl-C leaves nothing behind", async () => {
    const data = join(temporaryFolder(), "new");
    const from = written(secrets, ...Array.from({ length: 40_000 }, (_, n) => device(n)));
    const command = pushmesh(userOf(data), "import", "--from", from, "--host", host, "--json");
    // Its second reading has begun, and takes many batches.
    await expect.poll(() => existsSync(join(data, "import.part")), { timeout: 30_000 }).toBe(true);
    command.kill("SIGINT");
    expect(await command.exited).toBe(130);
    expect(existsSync(data)).toBe(false);
  });

  test("M3 that was killed is begun again on the same folder", async () => {
    const data = temporaryFolder();
    // What SIGKILL leaves, of either host.
    writeFileSync(join(data, "import.part-wal"), "half");
    writeFileSync(join(data, "lock"), "");
    mkdirSync(join(data, "import.part"));
    writeFileSync(join(data, "import.part", "half"), "half");
    mkdirSync(join(data, "run"));
    const from = written(secrets, device(1), device(2));
    const counts = { devices: 2, apps: 0 };
    expect(await runJson(userOf(data), "import", "--from", from, "--host", host)).toMatchObject([
      counts,
    ]);
    expect(readdirSync(data).filter((name) => name.startsWith("import.part"))).toEqual([]);
    const to = join(temporaryFolder(), "again.ndjson");
    expect(await runJson(userOf(data), "export", "--to", to)).toMatchObject([counts]);
  });

  test("M1 serves no broadcast before all of the mesh is there: whoever is still to come would be taken for gone", async () => {
    const node = `${"A".repeat(11)}.${"B".repeat(22)}.`;
    const last = device(COUNT);
    const member = { place: 0, device: last.device, joined: 0, since: 0, attached: true, epoch: 0 };
    const waiting: ContentLine = {
      kind: "broadcast",
      node,
      position: 1,
      seq: 4_096,
      key: new Uint8Array(9),
      cover: ["news"],
      condition: null,
      filter: null,
      lane: 2,
      contentType: 2,
      data: Uint8Array.of(1),
      expiresAt: Date.now() + 3_600_000,
      collapseKey: null,
      pace: null,
      signature: null,
      state: null,
    };
    const from = written(
      secrets,
      { kind: "node", node, tag: "news", born: 0, children: {}, live: "token" },
      { kind: "members", node, members: [member] },
      waiting,
      ...Array.from({ length: COUNT }, (_, n) => device(n)),
      last,
    );
    const data = join(temporaryFolder(), "new");
    await runJson(userOf(data), "import", "--from", from, "--host", host);
    const to = join(temporaryFolder(), "again.ndjson");
    await runJson(userOf(data), "export", "--to", to);
    const ofNode = async (file: string) => {
      const lines: ContentLine[] = [];
      for await (const line of readExport(file)) if ("node" in line) lines.push(line);
      return lines;
    };
    expect(await ofNode(to)).toEqual(await ofNode(from));
  });
});
