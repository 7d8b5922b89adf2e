/** Calls that a device asks for, of objects that do not answer. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type CallEnv, resultOf } from "../../objects/device-calls.ts";
import { LIMITS } from "../../schema/limits.ts";

const hangs = () => new Promise<never>(() => {});
const env = {
  TAGS: { getByName: () => ({ leave: hangs }) },
  ALIASES: { getByName: () => ({ set: hangs, firstAck: hangs }) },
} as unknown as CallEnv;
const about = { app: "a", alias: "me", holder: { device: "d", generation: 1 } };

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test.each([
  { kind: "tag", call: { method: "leave", request: { device: "d", epoch: 1 } } },
  { kind: "alias", call: { method: "set", request: { ...about, shared: false } } },
  { kind: "alias", call: { method: "firstAck", request: { ...about, key: new Uint8Array(9) } } },
] as const)(
  "P8.1 T1 A1 A3 a call that hangs ends as one that failed: $call.method",
  async (what) => {
    let result: unknown = "none";
    void resultOf(env, { token: 1, name: "n", ...what }).then((given) => {
      result = given;
    });
    await vi.advanceTimersByTimeAsync(LIMITS.DEVICE_CALL_MS - 1);
    expect(result).toBe("none");
    await vi.advanceTimersByTimeAsync(1);
    expect(result).toEqual({ ok: false });
  },
);
