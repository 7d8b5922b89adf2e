/** The progress of a broadcast. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BroadcastStatusBody } from "../schema/http.ts";
import type { PushServer } from "../sdk/server/push-server.ts";
import type { Output } from "./output.ts";

/** Between two reads of the status: as often as a person looks. */
const LOOK_MS = 500;

/** When a message will be sent, as text behind others; empty for one that does not wait for its time. */
export const dueText = (sendAt: number | undefined): string =>
  sendAt === undefined ? "" : `  to be sent ${new Date(sendAt).toISOString()}`;

/** Its counts as text: the main ones as soon as there are any, and of the others those that are not 0. */
export function progressText(status: BroadcastStatusBody): string {
  const { members, attached, delivered, acknowledged, rate } = status;
  const rest = [
    ...(["filtered", "expired", "collapsed", "deferred", "offline", "failed"] as const),
    ...(["remaining", "owed", "unreached", "listeners"] as const),
  ] as const;
  const always: [string, number][] = [
    ["members", members],
    ["called", attached],
    ["delivered", delivered],
    ["acknowledged", acknowledged],
  ];
  const counts: [string, number | string][] = [
    ...(members > 0 || status.status === "sent" ? always : []),
    ...rest.flatMap((name): [string, number][] => (status[name] > 0 ? [[name, status[name]]] : [])),
    ...(rate > 0 ? ([["rate", `${rate}/s`]] as [string, string][]) : []),
  ];
  const { recalledAt, sendAt } = status;
  const recalled =
    recalledAt === undefined ? "" : `  recalled ${new Date(recalledAt).toISOString()}`;
  const texts = [status.status, ...counts.map(([name, count]) => `${name} ${count}`)];
  return `${texts.join("  ")}${recalled}${dueText(sendAt)}`;
}

/**
 * Prints each change until the broadcast is sent.
 *
 * @throws PushServerError; the signal's reason if it fired.
 */
export async function watchBroadcast(
  push: PushServer,
  id: string,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  for (let shown = ""; ; ) {
    const status = await push.status(id, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
    if (!("members" in status)) return;
    const text = progressText(status);
    if (text !== shown) output.result(status, text);
    shown = text;
    if (status.status === "sent") return;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
