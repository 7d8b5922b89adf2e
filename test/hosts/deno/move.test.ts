/** What an import leaves in the shared database beside the rows it was given. */
import { expect, test } from "vitest";
import { denoSource, denoTarget } from "../../../hosts/deno/move.ts";
import { SharedDeviceStore } from "../../../hosts/deno/store/device-store.ts";
import type { DataLine, MailLine } from "../../../schema/export.ts";
import { databasePath, openDatabase, openMesh, testKeyring } from "./support/mesh.ts";

const device = Buffer.alloc(16, 1).toString("base64url");
const account = { publicKey: "p", generation: 1, createdAt: 1 };
const app = "AAAAAAAAAAA";
const HOUR_MS = 3_600_000;

const HEAD: readonly DataLine[] = [
  { kind: "device", device, account, link: null },
  {
    kind: "registration",
    device,
    slot: 1,
    app,
    createdAt: 1,
    endedAt: null,
    generation: 1,
    outcomes: null,
    attributes: null,
  },
];

const mail = (seq: number, expiresAt: number): MailLine => ({
  kind: "mail",
  device,
  seq,
  slot: 1,
  lane: 2,
  key: `key-${seq}`,
  expiresAt,
  collapseKey: null,
  contentType: 2,
  data: Uint8Array.of(seq),
  firstAckAlias: null,
  fingerprint: null,
  options: null,
  hold: null,
});

test("M1 an alarm stands for the first expiry, in whichever batch it came; a device without mail has none", async () => {
  const path = databasePath();
  const target = denoTarget(path, testKeyring);
  await target.write(HEAD);
  const read = () => new SharedDeviceStore(openDatabase(path), device).alarmAt;
  expect(read()).toBeNull();
  const now = Date.now();
  await target.write([mail(2, now + 3 * HOUR_MS), mail(4, now + 2 * HOUR_MS)]);
  expect(read()).toBe(now + 2 * HOUR_MS);
  await target.write([mail(6, now + 4 * HOUR_MS)]);
  expect(read()).toBe(now + 2 * HOUR_MS);
  await target.write([mail(8, now + HOUR_MS)]);
  expect(read()).toBe(now + HOUR_MS);
  await target.close();
});

test("M1 what expired on the way ends at the start of the mesh, and what did not stays", async () => {
  const path = databasePath();
  const target = denoTarget(path, testKeyring);
  const kept = mail(4, Date.now() + HOUR_MS);
  await target.write([...HEAD, mail(2, Date.now() - 1), kept]);
  await target.close();
  const { db } = openMesh(path);
  const store = new SharedDeviceStore(db, device);
  await expect.poll(() => store.listMail().map(({ seq }) => seq)).toEqual([4]);
  expect(store.readOutcomes(1)).toContain("expired");
  await db.committed();
  const source = denoSource(path, testKeyring);
  expect([...source.lines(() => {})].filter(({ kind }) => kind === "mail")).toEqual([kept]);
  source.close();
});

test("M1 A3 holders that could not be told of a first acknowledgement are told after an import", async () => {
  const path = databasePath();
  const target = denoTarget(path, testKeyring);
  const untold = [{ key: "AAAAAAAAAAAA", alias: "me", expiresAt: Date.now() + HOUR_MS }];
  const outcomes = JSON.stringify({ forgotten: 0, entries: [], untold });
  const parts = HEAD.map((line) => (line.kind === "registration" ? { ...line, outcomes } : line));
  await target.write(parts);
  await target.close();
  const { db } = openMesh(path);
  const store = new SharedDeviceStore(db, device);
  await expect.poll(() => store.readOutcomes(1)).not.toContain("untold");
});
