/** What is refused of a file that is not as pushmesh export wrote it. */
import { createHash } from "node:crypto";
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ContentLine, readExport } from "../../../hosts/move/reader.ts";
import { ExportWriter } from "../../../hosts/move/writer.ts";
import { EXPORT_LINE_BYTES, EXPORT_VERSION, formatExportLine } from "../../../schema/export.ts";
import { KEY_SCOPES } from "../../../schema/http/enums.ts";
import { account, device, LINES, node } from "../support/export-lines.ts";

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "pushmesh-test-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

/** Writes an export as the command does. */
function written(lines: readonly ContentLine[] = LINES): string {
  const file = join(folder(), "export.ndjson");
  const writer = new ExportWriter(file, 7);
  for (const line of lines) writer.write(line);
  expect(writer.finish()).toBe(statSync(file).size);
  return file;
}

async function read(file: string): Promise<ContentLine[]> {
  const lines: ContentLine[] = [];
  for await (const line of readExport(file)) lines.push(line);
  return lines;
}

const refused = (file: string, code = "export_damaged") =>
  expect(read(file)).rejects.toMatchObject({ code, exitCode: 1 });

describe("an export", () => {
  test("M1 M2 reads as it was written, and is the user's alone", async () => {
    const file = written();
    expect(await read(file)).toEqual(LINES);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("is not written over another, and an abandoned one leaves nothing", () => {
    const file = written();
    expect(() => new ExportWriter(file, 7)).toThrow("is there already");
    const other = `${file}.2`;
    new ExportWriter(other, 7).abandon();
    expect(() => statSync(other)).toThrow("ENOENT");
    expect(() => statSync(`${other}.${process.pid}.part`)).toThrow("ENOENT");
  });

  // Thousands of lengths, which take seconds together: a busy machine is to get through each of these.
  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    "M3 that was cut off anywhere is refused, each eighth length from %i",
    async (first) => {
      const file = written();
      const lengths = Array.from({ length: statSync(file).size }, (_, length) => length);
      for (const length of lengths.filter((each) => each % 8 === first).reverse()) {
        truncateSync(file, length);
        await refused(file);
      }
    },
  );

  test("M3 of which one byte was changed is refused", async () => {
    const file = written();
    const whole = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const changed = Buffer.from(whole);
          changed[at] = (whole[at] ?? 0) ^ flip;
          writeFileSync(file, changed);
          await expect(read(file)).rejects.toMatchObject({ exitCode: 1 });
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([
    ['"kind":"end"', '"kind":"end","lines":0'],
    ['{"kind":"end"', '{ "kind":"end"'],
  ])("M3 whose last line says the same in another way is refused: %s, %s", async (own, other) => {
    const file = written();
    writeFileSync(file, readFileSync(file, "utf8").replace(own, other));
    await refused(file);
  });

  test("M3 with a line too many, or one at its end, is refused", async () => {
    const file = written();
    const lines = readFileSync(file, "utf8").split("\n");
    writeFileSync(file, [...lines.slice(0, 3), lines[2], ...lines.slice(3)].join("\n"));
    await refused(file);
    writeFileSync(file, lines.join("\n"));
    appendFileSync(file, lines[2] ?? "");
    await refused(file);
  });

  test("P8 whose line has no end is refused without reading it all", async () => {
    const file = join(folder(), "export.ndjson");
    writeFileSync(file, "x".repeat(EXPORT_LINE_BYTES * 8));
    await refused(file);
  });

  test("that a newer pushmesh wrote says so, and what is no export says that", async () => {
    const file = written();
    const whole = readFileSync(file, "utf8");
    writeFileSync(
      file,
      whole.replace(`"version":${EXPORT_VERSION}`, `"version":${EXPORT_VERSION + 1}`),
    );
    await refused(file, "export_too_new");
    writeFileSync(file, '{"some":"json"}\n');
    await expect(read(file)).rejects.toThrow("is no export of a mesh");
    await refused(`${file}.none`, "file_unreadable");
    await refused(folder(), "file_unreadable");
  });

  test("of the version before, which knew no tags, is read", async () => {
    const key = { n: 1, algorithm: "ed25519", material: "AP8", createdAt: 1 };
    const lines = [
      { kind: "header", format: "pushmesh-export", version: 1, exportedAt: 7 },
      { kind: "secrets", meshKeys: "1:key", adminToken: "token-of-16-or-more" },
      { kind: "app", appId: "app", name: "Shop", createdAt: 1, keysMade: 1, keys: [key] },
      { kind: "device", device, account, link: null },
      {
        kind: "registration",
        device,
        slot: 1,
        app: "a",
        createdAt: 1,
        endedAt: null,
        outcomes: null,
      },
      {
        kind: "mail",
        device,
        seq: 4,
        slot: 1,
        lane: 2,
        key: "k",
        expiresAt: 5,
        collapseKey: null,
        contentType: 3,
        data: "AP8",
      },
    ];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const sha256 = createHash("sha256").update(text).digest("hex");
    const file = join(folder(), "export.ndjson");
    const last = { kind: "end", lines: lines.length, sha256 };
    writeFileSync(file, `${text}${JSON.stringify(last)}\n`);
    expect(await read(file)).toMatchObject([
      { kind: "secrets" },
      {
        kind: "app",
        liveKey: null,
        keys: [{ scopes: KEY_SCOPES, expiresAt: null, lastUsedAt: null }],
      },
      { kind: "device", link: null },
      { kind: "registration", attributes: null },
      { kind: "mail", data: Uint8Array.of(0, 255), firstAckAlias: null, fingerprint: null },
    ]);
  });

  const of = (kind: ContentLine["kind"]): ContentLine => {
    const line = LINES.find((one) => one.kind === kind);
    if (line === undefined) throw new Error(`no line ${kind}`);
    return line;
  };
  const secrets = of("secrets");
  const app = of("app");
  const own = of("device");
  const registration = of("registration");
  const mail = of("mail");
  const foreign = { ...registration, device: "another" } as ContentLine;
  const foreignMembers = { ...of("members"), node: `${node}a` } as ContentLine;
  const header = { kind: "header", format: "pushmesh-export", version: 2, exportedAt: 1 } as const;
  test.each<[string, ContentLine[]]>([
    ["no secrets", []],
    ["an app before the secrets", [app, secrets]],
    ["secrets twice", [secrets, secrets]],
    ["an app after a device", [secrets, own, app]],
    ["a registration of no device", [secrets, registration]],
    ["mail of no device", [secrets, app, mail]],
    ["a registration of another device", [secrets, own, foreign]],
    ["an alias after a tag", [secrets, of("tag"), of("alias")]],
    ["a node after a device", [secrets, own, of("node")]],
    ["members of no node", [secrets, of("members")]],
    ["members of another node", [secrets, of("node"), foreignMembers]],
    ["a broadcast of no node", [secrets, of("tag"), of("broadcast")]],
    ["a subscription of no device", [secrets, of("node"), of("subscription")]],
    [
      "a holding of another device",
      [secrets, { ...own, device: "d" } as ContentLine, of("holding")],
    ],
    ["a second header", [secrets, header as unknown as ContentLine]],
  ])("with %s is refused, though its checksum is right", async (_, lines) => {
    await refused(written(lines));
  });

  test("with a field that this version does not know is refused rather than half read", async () => {
    // Written past the schema, as a later version of the same format might.
    const text = formatExportLine(own).replace("}\n", ',"mood":"good"}\n');
    const file = written([secrets]);
    const [first, second] = readFileSync(file, "utf8").split("\n");
    writeFileSync(file, `${first}\n${second}\n${text}`);
    await refused(file);
  });
});
