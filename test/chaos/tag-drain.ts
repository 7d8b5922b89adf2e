/** The end of a run with tags: everything comes in, everything is asked after, and everybody is counted. */
import type { BroadcastStatusBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { type PushServer, PushServerError } from "../../sdk/server/mod.ts";
import type { Fleet } from "./fleet.ts";
import type { TagLedger, TagVerdict } from "./tag-ledger.ts";
import { changeByServer, TAGS } from "./tag-load.ts";
import { until } from "./wait.ts";

/** A device that waits for its next attempt, or sits on a dead link, is back well within this (see fleet.ts). */
const GATHER_MS = 30_000;
const DRAIN_MS = 60_000;
/** Paced ones may wait for each other. */
const STATUS_MS = 60_000;
/** Status requests under way at a time. */
const ASKERS = 8;
/** A count rises a level of the tree in this time; 60 devices, 4 a node, are 4 levels at the most. */
const COUNT_MS = 5 * LIMITS.COUNT_DELAY_MS;

/**
 * Makes certain who is in, brings all devices online, waits until everything owed was seen, and asks after each broadcast and
 * count. Then it opens every device once more, to see that nothing comes again, behind which a last broadcast comes to each.
 */
export async function drainTags(
  fleet: Fleet,
  sender: PushServer,
  ledger: TagLedger,
): Promise<TagVerdict> {
  await makeCertain(fleet, sender, ledger);
  await fleet.gather(GATHER_MS);
  await seen(ledger);
  await askAfter(sender, ledger);
  await countAll(fleet, sender, ledger);
  await lastBroadcasts(sender, ledger);
  await Promise.all(fleet.devices.map((device) => device.setOnline(false)));
  await fleet.gather(GATHER_MS);
  // What came again would come before these: order holds within a tag.
  await lastBroadcasts(sender, ledger);
  return ledger.verdict();
}

async function seen(ledger: TagLedger): Promise<void> {
  try {
    await until("all that is owed", () => ledger.missing === 0, DRAIN_MS);
  } catch {
    // The verdict names them.
  }
}

/** Every other one of those nobody knows of is let in, the rest are let out. */
async function makeCertain(fleet: Fleet, sender: PushServer, ledger: TagLedger): Promise<void> {
  for (const tag of TAGS) {
    const unknown = fleet.devices
      .map(({ regId }) => regId)
      .filter((regId) => ledger.standing(regId, tag) === "unknown");
    for (const [index, how] of (["join", "leave"] as const).entries()) {
      const some = unknown.filter((_, i) => i % 2 === index);
      if (some.length === 0) continue;
      for (const regId of some) ledger.changing(how, regId, tag);
      const done = await changeByServer(sender, how, tag, some);
      for (const regId of done) ledger.changed(how, regId, tag);
      if (done.length < some.length)
        ledger.denied(`${how} of ${tag} failed for ${some.length - done.length} of ${some.length}`);
    }
  }
}

async function askAfter(sender: PushServer, ledger: TagLedger): Promise<void> {
  const ids = ledger.ids();
  const ask = async (): Promise<void> => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      const status = await finalStatus(sender, id);
      if (!addsUp(status)) ledger.denied(`${id} is ${JSON.stringify(status)}`);
    }
  };
  await Promise.all(Array.from({ length: ASKERS }, ask));
}

/** The status once it is final; the last one where it does not become so. */
async function finalStatus(sender: PushServer, id: string): Promise<BroadcastStatusBody> {
  let status: BroadcastStatusBody | undefined;
  const isSent = async (): Promise<boolean> => {
    const answer = await sender.status(id);
    if (!("attached" in answer)) throw new Error(`${id} is no broadcast`);
    status = answer;
    return answer.status === "sent";
  };
  try {
    await until(`the end of ${id}`, isSent, STATUS_MS);
  } catch (error) {
    if (status === undefined || error instanceof PushServerError) throw error;
  }
  if (status === undefined) throw new Error(`no status of ${id}`);
  return status;
}

function addsUp(of: BroadcastStatusBody): boolean {
  const { attached, delivered, acknowledged, filtered, deferred, offline, failed } = of;
  const { expired, collapsed } = of;
  return (
    of.status === "sent" &&
    attached === delivered + filtered + deferred + offline + failed + expired + collapsed &&
    acknowledged <= delivered &&
    of.remaining === 0
  );
}

/** What each registration, each tag's root and the directory say has to be what the ledger knows. */
async function countAll(fleet: Fleet, sender: PushServer, ledger: TagLedger): Promise<void> {
  for (const { regId } of fleet.devices) {
    const { tags } = await sender.registration(regId);
    const due = TAGS.filter((tag) => ledger.standing(regId, tag) === "in");
    if ([...tags].sort().join() !== due.join())
      ledger.denied(`${regId.slice(-8)} is in ${tags}, not in ${due}`);
  }
  for (const tag of TAGS) {
    const due = ledger.members(tag).length;
    let found = "";
    const isDue = async (): Promise<boolean> => {
      const { members, nodes, depth } = await sender.tags.get(tag);
      found = `${members} members in ${nodes} nodes, ${depth} deep`;
      return members === due;
    };
    await until("the count", isDue, COUNT_MS).catch((error: unknown) => {
      if (error instanceof PushServerError) throw error;
      ledger.denied(`${tag} has ${found}, not ${due} members`);
    });
  }
  const everyone = async (): Promise<boolean> => {
    const { tags } = await sender.tags.page({ limit: 1 });
    return tags[0]?.tag === "" && tags[0].members === fleet.devices.length;
  };
  await until("the count of all", everyone, COUNT_MS).catch((error: unknown) => {
    if (error instanceof PushServerError) throw error;
    ledger.denied("the tag of all devices has not all of them");
  });
  for (const { regId } of fleet.devices) {
    ledger.changing("join", regId, "");
    ledger.changed("join", regId, "");
  }
}

/** One to each tag and one to all. */
async function lastBroadcasts(sender: PushServer, ledger: TagLedger): Promise<void> {
  for (const tag of TAGS) {
    const sent = ledger.open([tag]);
    ledger.accepted(
      sent,
      (await sender.broadcast({ to: { tag }, data: { number: sent.number } })).id,
    );
  }
  const sent = ledger.open([""]);
  ledger.accepted(
    sent,
    (await sender.broadcast({ to: { everyone: true }, data: { number: sent.number } })).id,
  );
  await seen(ledger);
}
