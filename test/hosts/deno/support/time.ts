/** Time in the tests' hands. */
import { vi } from "vitest";

/**
 * Fakes the time of day and timers; the database commits for real, and `passTime` waits for it. `vi.useRealTimers` ends it.
 *
 * @param now the time of day it begins with, milliseconds since 1970; the present one where there is none
 * @param besides what else is faked: `performance`, by which waits end
 */
export function fakeTime(now: number = Date.now(), besides: readonly "performance"[] = []): void {
  const toFake = ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] as const;
  vi.useFakeTimers({ toFake: [...toFake, ...besides], now });
}
