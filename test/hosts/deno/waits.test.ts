import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Waits } from "../../../hosts/deno/objects/waits.ts";

describe("waits of sends", () => {
  const ended: string[] = [];
  const reported: unknown[] = [];
  let waits: Waits;
  beforeEach(() => {
    vi.useFakeTimers();
    ended.length = 0;
    reported.length = 0;
    waits = new Waits((error) => reported.push(error));
  });
  afterEach(() => {
    waits.stop();
    vi.useRealTimers();
  });
  const begin = (name: string, ms: number) => waits.begin(ms, () => ended.push(name));

  it("P4.9 end no later than they should, and at most 100 ms earlier, whenever they begin", () => {
    vi.advanceTimersByTime(30);
    begin("b", 1_000);
    begin("a", 350);
    begin("c", 1_000);
    vi.advanceTimersByTime(250);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(ended).toEqual(["a"]);
    vi.advanceTimersByTime(550);
    expect(ended).toEqual(["a"]);
    vi.advanceTimersByTime(100);
    expect(ended).toEqual(["a", "b", "c"]);
  });

  it("that are cancelled do not end, and leave no timer behind", () => {
    waits.cancel(begin("a", 100));
    const late = begin("b", 100);
    vi.advanceTimersByTime(300);
    expect(ended).toEqual(["b"]);
    waits.cancel(late);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("end all the same where one before them fails, which is reported", () => {
    const failure = new Error("no");
    waits.begin(100, () => {
      throw failure;
    });
    begin("b", 100);
    vi.advanceTimersByTime(300);
    expect(ended).toEqual(["b"]);
    expect(reported).toEqual([failure]);
  });
});
