/** Time in the tests' hands. */
import { vi } from "vitest";

/**
 * Fakes the time of day and timers, but not setImmediate: the database commits in it, for real. `vi.useRealTimers` ends it.
 *
 * @param now the time of day it begins with, milliseconds since 1970; the present one where there is none
 */
export function fakeTime(now: number = Date.now()): void {
  const toFake = ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] as const;
  vi.useFakeTimers({ toFake: [...toFake], now });
}
