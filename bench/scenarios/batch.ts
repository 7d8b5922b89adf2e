/**
 * Batches of 500 messages to as many connected devices. `batch` compares a message of a batch with a message sent by itself, to the same mesh in
 * turns: in its rows the single sends are in the control's place. `batch-raw` compares it with the control, which gets as many bytes, calls as many
 * objects and puts their share onto each socket.
 */
import { SIDES } from "../client/device.ts";
import type { Slice } from "../client/pace.ts";
import { loadRows } from "../report.ts";
import { SLICES } from "../rig.ts";
import { inTurns } from "./in-turns.ts";
import type { Scenario } from "./scenario.ts";

/** Batches under way: one is being read while another waits for its devices. */
const BATCHES_AT_ONCE = 4;

/** Counts messages, where the sender counted batches. */
const inMessages = (slice: Slice, messages: number): Slice => ({
  ...slice,
  count: slice.count * messages,
});

export const batch: Scenario = {
  name: "batch",
  async run(rig) {
    const { fleet, sender } = rig;
    await fleet.call("connect", "mesh", "bare");
    await sender.call("fill", "mesh", 1, "send");
    return inTurns(rig, "batch", async (kind, ms) => {
      if (kind === "second") return sender.call("run", "mesh", ms, "send");
      const { slice, messages } = await sender.call("runBatches", "mesh", ms, BATCHES_AT_ONCE);
      return inMessages(slice, messages);
    });
  },
};

export const batchRaw: Scenario = {
  name: "batch-raw",
  async run(rig) {
    const { fleet, sender, options } = rig;
    for (const side of SIDES) {
      await fleet.call("connect", side, "bare");
      await sender.call("fill", side, 1, "send");
    }
    const ms = (options.seconds * 1_000) / SLICES;
    const pairs = await rig.interleave(async (side) => {
      const { slice, messages } = await sender.call("runBatches", side, ms, BATCHES_AT_ONCE);
      return inMessages(slice, messages);
    });
    return loadRows("batch-raw", "message", pairs);
  },
};
