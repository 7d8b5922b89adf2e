/** When the Deno host collects what devices left behind. */
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { Mesh } from "../../../hosts/deno/objects/mesh.ts";
import { Database } from "../../../hosts/deno/store/database.ts";
import { databasePath, testKeyring } from "./support/mesh.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

it("P6 collects once many devices have gone to sleep, and never while one is awake", async () => {
  const collect = vi.fn();
  const report = (error: unknown) => {
    throw error;
  };
  const db = new Database(databasePath());
  const mesh = new Mesh({ db, keyring: testKeyring, report, collect });
  onTestFinished(() => mesh.close());
  const question = { app: "a", generation: 1, seq: 1, key: new Uint8Array(9) };
  const wake = async (count: number) => {
    for (let i = 0; i < count; i++) await mesh.device(`${i}`).status(question);
  };

  await wake(499);
  vi.advanceTimersByTime(60_000);
  expect(mesh.counts.awake).toBe(0);
  expect(collect).not.toHaveBeenCalled();

  await wake(2);
  vi.advanceTimersByTime(10_000);
  await mesh.device("busy").status(question);
  vi.advanceTimersByTime(5_000);
  expect(mesh.counts.awake).toBe(1);
  expect(collect).not.toHaveBeenCalled();

  vi.advanceTimersByTime(60_000);
  expect(collect).toHaveBeenCalledTimes(1);
});
