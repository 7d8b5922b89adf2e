/** A hostile registered device: it holds an appId, accounts, and a valid grant of its own, and does with its links what it likes. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  CHANNEL_ECHO,
  CHANNEL_PUSH,
  encodeEcho,
  encodeEnvelope,
  type WritablePushUp,
} from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { hello, push, RawAccount } from "../../mesh/support/raw-device.ts";
import { clientFrame } from "../../mesh/support/raw-socket.ts";
import type { Random } from "../random.ts";
import {
  ANSWER_MS,
  type Attack,
  dial,
  hold,
  junk,
  junkToken,
  type Loot,
  offerOf,
} from "./attack.ts";
import { outcomeOf, readFrame, type Wire } from "./wire.ts";

/** What its grant allows it: names of its own. */
export const OWN = "own/";

const FLOOD_FRAMES = 2_000;
const REFUSED_MS = 500;
const echo = (random: Random, bytes = 0): Uint8Array => {
  const data = bytes === 0 ? {} : { data: junk(random, bytes) };
  return encodeEnvelope({ channel: CHANNEL_ECHO, body: encodeEcho({ nonce: 1, ...data }) });
};

/** One device of the attacker; a new link ends the one before, so each is used by one attack at a time. */
interface Device {
  readonly account: RawAccount;
  slot: number | undefined;
}

const idle: Device[] = [];

async function device({ address }: Loot): Promise<Device | null> {
  const known = idle.pop();
  if (known !== undefined) return known;
  const account = new RawAccount();
  try {
    await account.open(`http://${address.host}:${address.port}`);
    return { account, slot: undefined };
  } catch {
    return null;
  }
}

interface Open {
  readonly wire: Wire;
  /** Of the registration that the link has attached. */
  slot: number;
  /** Whether that registration may have ended meanwhile. */
  hasEnded: boolean;
}

/** Sends a frame, and waits for an answer to this request. */
async function command(wire: Wire, request: number, frame: WritablePushUp) {
  const answered = () =>
    wire.frames.map(readFrame).find((one) => one !== null && answers(one, request));
  wire.frame(push(frame));
  await wire.until(() => answered() !== undefined, ANSWER_MS);
  return answered();
}

const answers = (frame: object, request: number): boolean =>
  "value" in frame &&
  typeof frame.value === "object" &&
  frame.value !== null &&
  "request" in frame.value &&
  frame.value.request === request;

/** Opens a link of a device, registers it where it is not, and attaches it. */
async function linkOf(loot: Loot, { account, slot }: Device): Promise<Open | string> {
  const attach = slot === undefined ? [] : [slot];
  const early = clientFrame(2, hello(undefined, attach));
  const wire = await dial(loot, "/v1/connect", offerOf(account.token()), early);
  await wire?.until(() => wire.frames.length > 0, ANSWER_MS);
  if (wire === null || wire.ended || wire.frames.length === 0) return outcomeOf(wire);
  if (slot !== undefined) return { wire, slot, hasEnded: false };
  const grant = loot.grant ?? "";
  const value = { request: 1, appId: loot.appId, grant };
  const answer = await command(wire, 1, { kind: "register", value });
  if (answer?.kind !== "registered") {
    wire.destroy();
    return answer?.kind === "refusal" ? `refused ${answer.value.name}` : outcomeOf(wire);
  }
  const own = answer.value.registration.slot;
  wire.frame(push({ kind: "attach", value: { slot: own } }));
  return { wire, slot: own, hasEnded: false };
}

/** What one attack does on an open link; the mesh may close it. */
type Act = (open: Open, random: Random, loot: Loot) => Promise<void> | void;

/** Opens a link for an attack, and says how the link, or the last command on it, ended. */
function onLink(act: Act, settleMs = 500): Attack {
  return async (loot, random) => {
    const own = await device(loot);
    if (own === null) return "no account";
    try {
      const open = await linkOf(loot, own);
      if (typeof open === "string") {
        // Its budgets come back with time: one that only spent them would do nothing else.
        await sleep(REFUSED_MS);
        return open;
      }
      await act(open, random, loot);
      await open.wire.until(() => false, settleMs);
      const outcome = outcomeOf(open.wire);
      const last = outcome === "link" ? refusalOn(open.wire) : undefined;
      // The next attack registers anew: refused for its slot, it would try nothing.
      own.slot = open.hasEnded || last === "slot_unknown" ? undefined : open.slot;
      open.wire.destroy();
      return last === undefined ? outcome : `refused ${last}`;
    } finally {
      idle.push(own);
    }
  };
}

/** The name of the last refusal on a link. */
function refusalOn(wire: Wire): string | undefined {
  const refusals = wire.frames.map(readFrame).filter((frame) => frame?.kind === "refusal");
  const last = refusals.at(-1);
  return last?.kind === "refusal" ? last.value.name : undefined;
}

const many =
  (count: number, make: (at: number) => WritablePushUp): Act =>
  ({ wire }) => {
    for (let at = 0; at < count; at++) wire.frame(push(make(at)));
  };

const names = (random: Random, count: number, prefix = OWN): string[] =>
  Array.from({ length: count }, () => `${prefix}${random.between(0, 3_000)}`);

export const QUICK: Readonly<Record<string, Attack>> = {
  "commands at full rate": onLink((open, random, loot) =>
    many(FLOOD_FRAMES, (request) => ({
      kind: "describe",
      value: { request, slot: open.slot },
    }))(open, random, loot),
  ),
  "commands just under the rate": onLink(async ({ wire, slot }) => {
    for (let request = 0; request < LIMITS.COMMANDS_BURST; request++)
      wire.frame(push({ kind: "describe", value: { request, slot } }));
  }, 2_000),
  "registers and unregisters in a loop": onLink(async (open, _random, loot) => {
    const { wire } = open;
    for (let request = 10; request < 40 && !wire.ended; request += 2) {
      const { slot } = open;
      open.hasEnded = true;
      const gone = await command(wire, request, { kind: "unregister", value: { request, slot } });
      if (gone?.kind !== "unregistered") return;
      const value = { request: request + 1, appId: loot.appId, grant: loot.grant ?? "" };
      const back = await command(wire, request + 1, { kind: "register", value });
      if (back?.kind !== "registered") return;
      ({ slot: open.slot } = back.value.registration);
      open.hasEnded = false;
    }
  }),
  "joins and leaves of its own tags": onLink((open, random, loot) =>
    many(20, (request) => ({
      kind: "subscribe",
      value: {
        request,
        slot: open.slot,
        add: names(random, 50),
        remove: names(random, 50),
      },
    }))(open, random, loot),
  ),
  "tags and aliases of others": onLink((open, random) => {
    const { wire, slot } = open;
    for (let request = 0; request < 50; request++) {
      const add = names(random, 3, "others/");
      wire.frame(push({ kind: "subscribe", value: { request, slot, add, remove: [] } }));
      const alias = `user-${random.between(0, 99)}`;
      wire.frame(push({ kind: "setAlias", value: { request, slot, alias, held: true } }));
    }
  }),
  "alias churn": onLink((open, random, loot) =>
    many(100, (request) => ({
      kind: "setAlias",
      value: { request, slot: open.slot, alias: `${OWN}${request % 40}`, held: random.chance(0.6) },
    }))(open, random, loot),
  ),
  "attributes at every limit and over": onLink((open, random, loot) =>
    many(100, (request) => ({
      kind: "report",
      value: {
        request,
        slot: open.slot,
        platform: "p".repeat(request),
        attributes: Array.from({ length: LIMITS.ATTRIBUTES + (request % 2) }, (_, at) => ({
          name: `${at}`.padEnd(LIMITS.ATTRIBUTE_NAME_BYTES, "n"),
          value: "v".repeat(LIMITS.ATTRIBUTE_VALUE_BYTES - (request % 3)),
        })),
      },
    }))(open, random, loot),
  ),
  "2,000 tags, described again and again": onLink(async ({ wire, slot }) => {
    for (let request = 0; request < LIMITS.TAGS / LIMITS.SUBSCRIBE_TAGS; request++) {
      const add = Array.from(
        { length: LIMITS.SUBSCRIBE_TAGS },
        (_, at) => `${OWN}described-${request}-${at}`,
      );
      wire.frame(push({ kind: "subscribe", value: { request, slot, add, remove: [] } }));
    }
    for (let request = 100; request < 130; request++)
      wire.frame(push({ kind: "describe", value: { request, slot } }));
  }, 3_000),
  "keys published again and again": onLink((open, random, loot) =>
    many(100, (request) => ({
      kind: "publishKey",
      value: {
        request,
        slot: open.slot,
        publicKey: Buffer.concat([Buffer.of(4), junk(random, 64)]),
        auth: junk(random, 16),
      },
    }))(open, random, loot),
  ),
  "grants, forged and of others": onLink(({ wire, slot }, random, loot) => {
    const header = { alg: "HS256", typ: "pushmesh-grant+jwt", kid: loot.keyId };
    for (let request = 0; request < 60; request++) {
      const forged = junkToken(random, header, { tags: [{ prefix: "" }] });
      const grant = random.pick([forged, loot.foreignGrant, "x".repeat(5_000)]);
      wire.frame(push({ kind: "grant", value: { request, slot, grant } }));
    }
  }),
  "slots, numbers and cursors of others": onLink((open, random) => {
    const { wire } = open;
    open.hasEnded = true;
    for (let at = 0; at < 100; at++) {
      const slot = random.between(-(2 ** 31), 2 ** 31 - 1);
      const seq = random.between(0, 2 ** 52);
      wire.frame(push({ kind: "acks", value: [{ slot, priority: 2, seq, discarded: [seq] }] }));
      wire.frame(push({ kind: "cursors", value: [{ slot, tagRef: at, position: seq }] }));
      wire.frame(push({ kind: "detach", value: { slot } }));
      wire.frame(push({ kind: "unregister", value: { request: at, slot } }));
    }
  }),
  "another hello": onLink(({ wire }) => wire.frame(hello())),
  "frames at the limit and over": onLink(({ wire }, random) => {
    for (const over of [0, 1]) wire.frame(junk(random, LIMITS.FRAME_BYTES + over));
  }),
  "the most acknowledgements that fit": onLink(({ wire, slot }) => {
    const value = Array.from({ length: 3_000 }, (_, seq) => ({ slot, priority: 2 as const, seq }));
    for (let at = 0; at < 50; at++) wire.frame(push({ kind: "acks", value }));
  }),
  "tiny frames": onLink(({ wire }, random) => {
    for (let at = 0; at < FLOOD_FRAMES; at++) wire.frame(echo(random));
  }),
  "fragments without end": onLink(({ wire }) => {
    wire.write(clientFrame(2, Buffer.of(1), false));
    for (let at = 0; at < FLOOD_FRAMES; at++) wire.write(clientFrame(0, Buffer.of(1), false));
  }),
  "echoes that nobody reads": onLink(({ wire }, random) => {
    wire.pause();
    for (let at = 0; at < 500; at++) wire.frame(echo(random, LIMITS.ECHO_BYTES));
  }, 2_000),
  "junk in every channel": onLink(({ wire }, random) => {
    const channel = random.pick([0, CHANNEL_PUSH, CHANNEL_ECHO, 3, -1, 32_767]);
    wire.frame(encodeEnvelope({ channel, body: junk(random, random.between(0, 100)) }));
  }),
  "its own token, replayed": async (loot) => {
    const own = await device(loot);
    if (own === null) return "no account";
    const offer = offerOf(own.account.token());
    const first = await dial(loot, "/v1/connect", offer);
    const second = await hold(await dial(loot, "/v1/connect", offer), 500);
    first?.destroy();
    idle.push(own);
    return second;
  },
  "tokens of others, replayed": async (loot, random) => {
    const token = loot.usedTokens[random.between(0, loot.usedTokens.length - 1)] ?? "";
    return hold(await dial(loot, "/v1/connect", offerOf(token)), 1_000);
  },
  "links opened and left": onLink(() => {}, 0),
};

export const SLOW: Readonly<Record<string, Attack>> = {
  "a link that only listens": onLink(() => {}, 10_000),
};
