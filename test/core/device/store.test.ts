/** The tests' own store, held to the suite that the real one is held to (test/objects). */
import { describe, test } from "vitest";
import { DEVICE_STORE_CASES } from "../../objects/support/device-store-suite.ts";
import { MemoryStore } from "./support/memory-store.ts";

describe("device store in memory", () => {
  test.each(DEVICE_STORE_CASES)("$name", ({ run }) => run(new MemoryStore()));
});
