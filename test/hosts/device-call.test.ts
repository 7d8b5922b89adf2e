/** Calls that a device asks for, of objects that do not answer. */
import { expect, test } from "vitest";
import { type CallPorts, resultOf } from "../../objects/device/device-call.ts";
import type { Scheduler } from "../../objects/runtime.ts";
import { LIMITS } from "../../schema/limits.ts";

const hangs = () => new Promise<never>(() => {});
const ports = {
  peers: { node: () => ({ leave: hangs }), alias: () => ({ set: hangs, firstAck: hangs }) },
  admit: () => null,
} as unknown as CallPorts;
const about = { app: "a", alias: "me", holder: { device: "d", generation: 1 } };

test.each([
  { kind: "tag", call: { method: "leave", request: { device: "d", epoch: 1 } } },
  { kind: "alias", call: { method: "set", request: { ...about, shared: false } } },
  { kind: "alias", call: { method: "firstAck", request: { ...about, key: new Uint8Array(9) } } },
] as const)(
  "P8.1 T1 A1 A3 a call that hangs ends as one that failed: $call.method",
  async (what) => {
    const timers: { readonly ms: number; readonly onEnd: () => void }[] = [];
    const reported: unknown[] = [];
    const scheduler = {
      timer(ms: number, onEnd: () => void) {
        timers.push({ ms, onEnd });
        return { cancel() {} };
      },
    } as unknown as Scheduler;
    const reportError = (error: unknown) => void reported.push(error);
    const result = resultOf({ scheduler, reportError }, ports, { token: 1, name: "n", ...what });
    await expect.poll(() => timers.length).toBe(1);
    expect(timers[0]?.ms).toBe(LIMITS.DEVICE_CALL_MS);
    timers[0]?.onEnd();
    expect(await result).toEqual({ ok: false });
    expect(reported).toMatchObject([{ name: "TimeoutError" }]);
  },
);
