import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TimerWheel } from "../../../../hosts/deno/objects/timer-wheel.ts";

describe("timers of all objects", () => {
  const ended: string[] = [];
  const reported: unknown[] = [];
  let wheel: TimerWheel;
  beforeEach(() => {
    vi.useFakeTimers();
    ended.length = 0;
    reported.length = 0;
    wheel = new TimerWheel((error) => reported.push(error));
  });
  afterEach(() => {
    wheel.stop();
    vi.useRealTimers();
  });
  const begin = (name: string, ms: number) => wheel.start(ms, () => ended.push(name));

  it("P4.9 fire no later than they should, and at most 100 ms earlier, whenever they begin", () => {
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

  it("that are cancelled do not fire, and leave no timer behind", () => {
    wheel.cancel(begin("a", 100));
    const late = begin("b", 100);
    vi.advanceTimersByTime(300);
    expect(ended).toEqual(["b"]);
    wheel.cancel(late);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("fire even if one before them throws, which is reported", () => {
    const failure = new Error("no");
    wheel.start(100, () => {
      throw failure;
    });
    begin("b", 100);
    vi.advanceTimersByTime(300);
    expect(ended).toEqual(["b"]);
    expect(reported).toEqual([failure]);
  });
});
