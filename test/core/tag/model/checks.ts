/** What the tags tell at the end, compared with what was sent and shown. */
import { LIMITS } from "../../../../schema/limits.ts";
import type { World } from "../support/world.ts";
import { type Sent, Violation } from "./ledger.ts";
import type { Tag } from "./steps.ts";

export async function checkStatus(
  world: World,
  { taken, key, request, expiresAt, recall }: Sent,
): Promise<void> {
  if (taken === null) return;
  const { now } = world.clock;
  const status = await world.status(request.key, taken.tag);
  if (status === null && expiresAt + LIMITS.TAG_STATUS_MS < now) return;
  if (status === null) throw new Violation(`B15 nobody knows ${key}`);
  const { attached, delivered, filtered, deferred, offline, failed, expired, collapsed } = status;
  const ends = delivered + filtered + deferred + offline + failed + expired + collapsed;
  const devices = [...world.devices.values()];
  const shown = devices.flatMap(({ keys }) => [...keys.values()]).filter((of) => of.includes(key));
  const isLasting = expiresAt > now;
  const wrong = {
    "is not final": status.status !== "sent" || status.remaining > 0 || status.owed > 0,
    "counts ends that no member came to": attached !== ends,
    // A device that has the recall cannot tell whether it had the broadcast before.
    "counts more than were shown it": recall === null && delivered > shown.length,
    "gave up a member": isLasting && failed > 0,
    "gave up a node or a tag": isLasting && status.unreached > 0,
  };
  for (const [what, isWrong] of Object.entries(wrong)) {
    if (!isWrong) continue;
    const told = JSON.stringify({ ...status, shown: shown.length });
    throw new Violation(`B15 ${key} ${what}: ${told}`);
  }
}

export async function checkMembers(
  world: World,
  allSent: readonly Sent[],
  tag: Tag,
): Promise<void> {
  const members = world.members(tag);
  for (const device of world.devices.values()) {
    const nodes = members.get(device.name) ?? [];
    if (nodes.length !== Number(device.tags.has(tag)))
      throw new Violation(`T1 ${device.name} is in ${nodes.length} nodes of ${tag}`);
  }
  const info = await world.root(tag).info();
  if ((info?.members ?? 0) !== members.size)
    throw new Violation(`T1 ${tag} counts ${info?.members} of ${members.size}`);
  const keys = world.logOf(tag).map(({ key }) => key);
  if (new Set(keys).size !== keys.length) throw new Violation(`B4 ${tag} has one broadcast twice`);
  for (const { key, taken, request } of allSent) {
    if (taken === null || !request.cover.includes(tag)) continue;
    const entry = world.logOf(tag).find((each) => each.key === key);
    if (entry !== undefined && entry.seq !== taken.seq)
      throw new Violation(`B4 ${key} is another broadcast at ${tag} than at ${taken.tag}`);
  }
}
