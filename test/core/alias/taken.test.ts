/** What an alias remembers of messages that one holder took, and what a repeated request is told by it. */
import { beforeEach, describe, expect, it } from "vitest";
import { type AliasSendPort, sendToHolders } from "../../../core/alias/sending.ts";
import type { AliasHolders, Holder } from "../../../core/alias/types.ts";
import type { AliasSend, SendAnswer } from "../../../core/message/send.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { AT_ONCE, FINGERPRINT, holderOf, seqOf, World } from "./support/world.ts";

const LIFE_MS = LIMITS.IDEMPOTENCY_KEY_MS;
const KEY = Uint8Array.of(7);

let world: World;
beforeEach(() => {
  world = new World(4, AT_ONCE);
  world.now = LIFE_MS * 10;
});

const takenBy = async (key = KEY) => (await world.alias.holders(key)).taken;
const taker = (device: number) => ({
  ...{ holder: holderOf(device), seq: seqOf(device), fingerprint: FINGERPRINT },
});

describe("who took a message", () => {
  it("A3 P2.2 is remembered once the alias was told, in one row, over sleeps and kills", async () => {
    await world.set(0, true);
    await world.set(1, true);
    const { rows } = world;
    await world.firstAck(0, KEY);
    expect(world.rows).toBe(rows + 1);
    // A repetition of what was heard writes nothing.
    await world.firstAck(0, KEY);
    expect(world.rows).toBe(rows + 1);
    world.crash(false);
    expect(await takenBy()).toEqual([taker(0)]);
    expect(await takenBy(Uint8Array.of(8))).toBeUndefined();
    expect(await world.alias.holders()).not.toHaveProperty("taken");
  });

  it("A3 names all that took it at once", async () => {
    for (const device of [0, 1]) await world.set(device, true);
    await world.firstAck(1, KEY);
    await world.firstAck(0, KEY);
    expect(await takenBy()).toEqual([taker(1), taker(0)]);
  });

  it("A3 stays known while devices join and leave, also where nobody holds the alias meanwhile", async () => {
    await world.set(0, true);
    await world.firstAck(0, KEY);
    await world.unset(0);
    expect((await world.holders()).holders).toEqual([]);
    world.crash(true);
    await world.set(1, true);
    await world.set(2, true);
    await world.unset(2);
    expect(await takenBy()).toEqual([taker(0)]);
    // Nor does one that takes the alias for itself, or from its only holder, undo it.
    await world.set(3);
    await world.settled();
    expect(await takenBy()).toEqual([taker(0)]);
  });

  it("A3 is remembered though its device let go before the alias heard of it", async () => {
    await world.set(0, true);
    await world.unset(0);
    await world.firstAck(0, KEY);
    await world.set(1, true);
    expect(await takenBy()).toEqual([taker(0)]);
  });

  it("A3 is not forgotten by a set that was under way when it was told", async () => {
    const held: (() => void)[] = [];
    let isHeld = false;
    world = new World(2, {
      schedule: (task, label) =>
        isHeld && label === "calls a device"
          ? new Promise<void>((resolve) => held.push(resolve)).then(() => task)
          : task,
    });
    await world.set(0);
    isHeld = true;
    // It suspends the only holder first.
    const joining = world.set(1, true);
    await new Promise((resolve) => setTimeout(resolve));
    await world.firstAck(0, KEY);
    for (const goOn of held) goOn();
    expect(await joining).toEqual({ ok: true });
    expect(await takenBy()).toEqual([taker(0)]);
  });

  it("A3 H3 the others are told though it cannot be stored, and it is told again until it is", async () => {
    for (const device of [0, 1]) await world.set(device, true);
    world.fill();
    await expect(world.firstAck(0, KEY)).rejects.toThrow("disk is full");
    expect(world.devices[1]?.withdrawn).toEqual([KEY]);
    await world.firstAck(0, KEY);
    expect(await takenBy()).toEqual([taker(0)]);
  });

  it("A3 P8.1 is known for the life of a key, and within a count the newest", async () => {
    await world.set(0, true);
    await world.firstAck(0, KEY);
    world.now += LIFE_MS;
    expect(await takenBy()).toEqual([taker(0)]);
    world.now++;
    expect(await takenBy()).toBeUndefined();
    const key = (n: number) => new Uint8Array(9).fill(n);
    for (let n = 0; n <= LIMITS.ALIAS_TAKEN; n++) await world.firstAck(0, key(n));
    expect(await takenBy(key(0))).toBeUndefined();
    expect(await takenBy(key(1))).toEqual([taker(0)]);
    expect(world.durable?.taken).toHaveLength(LIMITS.ALIAS_TAKEN);
  });

  it("P8.12 leaves nothing, once its time is over and nobody holds the alias", async () => {
    await world.set(0, true);
    await world.firstAck(0, KEY);
    // Of one that somebody holds no alarm is needed.
    expect(world.alarmAt).toBeNull();
    await world.unset(0);
    expect(world.alarmAt).toBeGreaterThan(world.now);
    world.crash(true);
    world.now = world.alarmAt ?? 0;
    await world.alias.alarm();
    expect(world.durable).toBeNull();
  });

  it("P8.12 an alarm leaves what somebody holds again", async () => {
    await world.set(0, true);
    await world.firstAck(0, KEY);
    await world.unset(0);
    await world.set(1, true);
    const { rows } = world;
    world.now = world.alarmAt ?? 0;
    await world.alias.alarm();
    expect([world.durable?.holders.length, world.rows]).toEqual([1, rows]);
    // What is over goes with the next row.
    await world.set(2, true);
    expect(world.durable).not.toHaveProperty("taken");
  });
});

describe("a repeated request", () => {
  const DELIVERED: SendAnswer = { ok: true, status: "delivered", seq: 1 };
  interface Call {
    readonly holder: Holder;
    readonly taken: AliasSend["taken"];
  }

  /** An edge that knows so much, and gets these answers of the alias in turn. */
  async function send(fields: Partial<AliasSendPort>, ...answers: AliasHolders[]) {
    const calls: Call[] = [];
    const sent = await sendToHolders({
      known: undefined,
      firstAckWins: true,
      fingerprint: FINGERPRINT,
      now: LIFE_MS * 10,
      ask: async () => answers.shift() ?? { shared: true, holders: [] },
      send: async (holder, _, taken) => {
        calls.push({ holder, taken });
        return DELIVERED;
      },
      within: (_, done) => done,
      ...fields,
    });
    return { calls, sent, asked: answers.length };
  }
  const holders = [holderOf(0), holderOf(1)];

  it("A3 P2.2 by firstAckWins asks the alias first, and tells each device who took it", async () => {
    const known = { shared: true, holders };
    const { calls, sent, asked } = await send({ known }, { ...known, taken: [taker(0)] });
    expect(calls).toEqual([
      { holder: holderOf(0), taken: { seq: seqOf(0) } },
      { holder: holderOf(1), taken: { seq: null } },
    ]);
    expect([sent.length, asked]).toEqual([2, 0]);
  });

  it("A3 tells what the taker says, also where it has let go since, unless it knows nothing any more", async () => {
    const answer = { shared: true, holders: [holderOf(1)], taken: [taker(0)] };
    const { calls, sent } = await send({}, answer);
    expect(calls.map(({ holder }) => holder)).toEqual([holderOf(1), holderOf(0)]);
    expect(sent).toHaveLength(2);
    const gone = await send(
      {
        send: async ({ device }) =>
          device === "device-0" ? { ok: false, code: "unregistered" } : DELIVERED,
      },
      answer,
    );
    expect(gone.sent).toEqual([{ holder: holderOf(1), answer: DELIVERED }]);
  });

  it("P2.2 with another body is refused by the alias's word, and sent to nobody", async () => {
    const answer = { shared: true, holders, taken: [taker(0)] };
    const { calls, sent } = await send({ fingerprint: FINGERPRINT + 1 }, answer);
    expect(calls).toEqual([]);
    const refused = { ok: false, code: "idempotency_key_reused" };
    expect(sent.map((each) => each.answer)).toEqual([refused, refused]);
  });

  it("A3 A4 costs no request more where one holder has had the alias for longer than a key lives", async () => {
    const alone = (epoch: number) => ({ shared: false, holders: [{ ...holderOf(0), epoch }] });
    const old = alone(LIFE_MS * 9 - 1);
    expect((await send({ known: old }, old)).asked).toBe(1);
    // Before it had it, another may have taken the message.
    const late = alone(LIFE_MS * 9);
    expect((await send({ known: late }, late)).asked).toBe(0);
    expect((await send({ known: late, firstAckWins: false }, late)).asked).toBe(1);
  });

  describe("to one that the edge knows as the only holder, which took the message and forgot it", () => {
    const known = { shared: false, holders: [{ ...holderOf(0), epoch: 0 }] };
    const moved = { shared: false, holders: [holderOf(1)], taken: [taker(0)] };
    const RECALLED: SendAnswer = { ok: true, status: "recalled", seq: 9 };
    const calls: Call[] = [];
    const port: Partial<AliasSendPort> = {
      known,
      send: async (holder, _, taken) => {
        calls.push({ holder, taken });
        if (holder.device === holderOf(1).device) return RECALLED;
        return taken === undefined ? { ok: false, code: "alias_stale" } : DELIVERED;
      },
    };
    beforeEach(() => {
      calls.length = 0;
    });

    it("A3 P2.2 names it, though the alias has moved since", async () => {
      const { sent } = await send(port, moved);
      expect(sent).toEqual([
        { holder: holderOf(1), answer: RECALLED },
        { holder: holderOf(0), answer: DELIVERED },
      ]);
      expect(calls.slice(1)).toEqual([
        { holder: holderOf(1), taken: { seq: null } },
        { holder: holderOf(0), taken: { seq: seqOf(0) } },
      ]);
    });

    it("P2.2 is refused with another body, and sent to nobody else", async () => {
      const { sent } = await send({ ...port, fingerprint: FINGERPRINT + 1 }, moved);
      const refused = { ok: false, code: "idempotency_key_reused" };
      expect(sent.map(({ answer }) => answer)).toEqual([refused, refused]);
      expect(calls).toHaveLength(1);
    });
  });

  it("A3 is sent as ever to a taker whose number is not known", async () => {
    const old = { ...taker(0), seq: null };
    const { calls } = await send({}, { shared: true, holders, taken: [old] });
    expect(calls.map(({ taken }) => taken)).toEqual([undefined, { seq: null }]);
  });

  describe("with another body", () => {
    const NOW = LIFE_MS * 10;
    const REUSED: SendAnswer = { ok: false, code: "idempotency_key_reused" };
    /** Joined before any key that lives, and since. */
    const old = (device: number) => ({ ...holderOf(device), epoch: NOW - LIFE_MS - 1 });
    const late = (device: number) => ({ ...holderOf(device), epoch: NOW - LIFE_MS });
    /** Devices that know the key, and those that were sent it. */
    async function sendOther(fields: Partial<AliasSendPort>, answer: AliasHolders, knows: number) {
      const sentTo: string[] = [];
      const port = {
        firstAckWins: false,
        ...fields,
        send: async ({ device }: Holder): Promise<SendAnswer> => {
          sentTo.push(device);
          return device === holderOf(knows).device ? REUSED : DELIVERED;
        },
      };
      const { sent } = await send(port, answer);
      return { sentTo, refused: sent.map(({ answer }) => !answer.ok), sent };
    }

    it.each([
      ["known by the edge", true],
      ["unknown to it", false],
    ])(
      "P2.2 is sent to nobody that joined since, once a holder of before refuses it (%s)",
      async (_, isKnown) => {
        const all = { shared: true, holders: [old(0), late(1), late(2)] };
        const known = isKnown ? { ...all, holders: [old(0), late(1)] } : undefined;
        const { sentTo, refused } = await sendOther({ known }, all, 0);
        expect(sentTo).toEqual(["device-0"]);
        expect(refused).toEqual([true, true, true]);
      },
    );

    it("P2.2 is refused by the first of those who joined lately, where nobody held the alias before", async () => {
      const { sentTo } = await sendOther({}, { shared: true, holders: [late(0), late(1)] }, 0);
      expect(sentTo).toEqual(["device-0"]);
    });

    it("P2.2 A2 where nobody knows the key is sent to all, and one without a key to all at once", async () => {
      const all = { shared: true, holders: [old(0), late(1)] };
      expect((await sendOther({}, all, 9)).refused).toEqual([false, false]);
      const within = () => Promise.reject(new Error("it waits"));
      expect((await sendOther({ fingerprint: undefined, within }, all, 9)).sentTo).toEqual([
        "device-0",
        "device-1",
      ]);
    });

    it("A2 a holder that does not acknowledge holds up who joined lately for 300 ms, not longer", async () => {
      const waits: number[] = [];
      let answer = (_: SendAnswer) => {};
      const { sent } = await send(
        {
          firstAckWins: false,
          send: async ({ device }) => {
            if (device === "device-1") answer(DELIVERED);
            else return new Promise((resolve) => (answer = resolve));
            return DELIVERED;
          },
          within: async (ms) => waits.push(ms),
        },
        { shared: true, holders: [old(0), late(1)] },
      );
      expect([waits, sent.length]).toEqual([[300], 2]);
    });
  });
});
