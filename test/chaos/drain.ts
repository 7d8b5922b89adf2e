/** The end of a run: everything comes in, and everything is asked after. */
import { setTimeout as sleep } from "node:timers/promises";
import { type PushServer, PushServerError } from "../../sdk/server/mod.ts";
import type { Fleet } from "./fleet.ts";
import type { Ledger, Verdict } from "./ledger.ts";
import { until } from "./wait.ts";

/** A device that waits for its next attempt, or sits on a dead link, is back well within this (see fleet.ts). */
const GATHER_MS = 30_000;
const DRAIN_MS = 60_000;
const STATUS_MS = 20_000;
/** Status requests under way at a time. */
const ASKERS = 8;

/**
 * Brings all devices online, waits until all that was accepted was seen, asks after each message by its ID, and then
 * opens every device once more, to see that nothing comes again.
 */
export async function drain(fleet: Fleet, sender: PushServer, ledger: Ledger): Promise<Verdict> {
  await fleet.gather(GATHER_MS);
  try {
    await until("all accepted messages", () => ledger.missing === 0, DRAIN_MS);
  } catch {
    // The verdict names them.
  }
  const ids = ledger.ids();
  const ask = async (): Promise<void> => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      const status = await finalStatus(sender, id);
      if (status !== "delivered") ledger.denied(id, status);
    }
  };
  await Promise.all(Array.from({ length: ASKERS }, ask));
  await Promise.all(fleet.devices.map((device) => device.setOnline(false)));
  await fleet.gather(GATHER_MS);
  return ledger.verdict();
}

/** The status once it is not `queued`: an acknowledgement may still be on its way. */
async function finalStatus(sender: PushServer, id: string): Promise<string> {
  const end = Date.now() + STATUS_MS;
  for (;;) {
    const status = await statusOf(sender, id);
    if (status !== "queued" || Date.now() > end) return status;
    await sleep(50);
  }
}

async function statusOf(sender: PushServer, id: string): Promise<string> {
  try {
    return (await sender.status(id)).status;
  } catch (error) {
    if (error instanceof PushServerError && error.status !== undefined) return error.code;
    throw error;
  }
}
