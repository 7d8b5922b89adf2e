/** What becomes of an alarm whose work fails, in every object. */
import { expect, test } from "vitest";
import { AlarmRetry } from "../../../objects/alarm-retry.ts";
import type { AlarmPort } from "../../../objects/runtime.ts";

const NOW = 1_800_000_000_000;
const failure = new Error("the disk cannot be read");
const fails = async (): Promise<void> => {
  throw failure;
};

/** @param setError what setting an alarm fails with; null if it does not */
function retryOf(setError: Error | null = null) {
  const errors: unknown[] = [];
  const alarm: AlarmPort & { at: number | null } = {
    at: NOW,
    load: async () => {},
    set(at) {
      if (setError !== null) return Promise.reject(setError);
      this.at = at;
      return null;
    },
    fired() {
      this.at = null;
    },
    clear() {
      this.at = null;
    },
  };
  const reportError = (error: unknown) => errors.push(error);
  // In the middle of the upper half of each window.
  const runtime = { alarm, now: () => NOW, random: () => 0.5, reportError };
  return { retry: new AlarmRetry(runtime), alarm, errors };
}

test("B5 an alarm that fails is set again, later after each failure in a row", async () => {
  const { retry, alarm, errors } = retryOf();
  for (const waitMs of [750, 1_500, 3_000]) {
    await retry.ring(fails);
    expect(alarm.at).toBe(NOW + waitMs);
  }
  expect(errors).toEqual([failure, failure, failure]);
  await retry.ring(async () => {});
  expect(alarm.at).toBeNull();
  await retry.ring(fails);
  expect(alarm.at).toBe(NOW + 750);
});

test("B5 an alarm that cannot be set again fails, so that its platform retries it", async () => {
  const setError = new Error("disk is full");
  const { retry, errors } = retryOf(setError);
  await expect(retry.ring(fails)).rejects.toThrow(setError);
  expect(errors).toEqual([failure]);
});
