/** Sealed frames of one registration: what is in them, and what is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ERRORS, type ErrorCode } from "../../../../schema/errors.ts";
import type { WritablePushUp } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { renumber, sealedContext } from "../../../../schema/sealed.ts";
import { deliver, entry } from "../support/broadcasts.ts";
import { OPEN } from "../support/open-app.ts";
import { Rig } from "../support/rig.ts";
import { Epoch } from "../support/sealing-app.ts";
import { onlySealed, SealedRig } from "./rig.ts";

const utf8 = new TextEncoder();
const SECRET = "one-time password 123456";

const COMMANDS: readonly WritablePushUp[] = [
  { kind: "subscribe", value: { request: 5, slot: 1, add: ["t"], remove: [] } },
  { kind: "setAlias", value: { request: 5, slot: 1, alias: "me", held: true } },
  { kind: "report", value: { request: 5, slot: 1, platform: "web" } },
  { kind: "describe", value: { request: 5, slot: 1 } },
  {
    kind: "publishKey",
    value: { request: 5, slot: 1, publicKey: new Uint8Array(0), auth: new Uint8Array(0) },
  },
  { kind: "grant", value: { request: 5, slot: 1, grant: "a.b.c" } },
  { kind: "unregister", value: { request: 5, slot: 1 } },
];

const names = (frames: readonly { kind: string; value: unknown }[]) =>
  frames.map(({ kind, value }) => (kind === "refusal" ? (value as { name: string }).name : kind));

describe("what is sent to a registration with a key", () => {
  test("S25 is sealed, in every kind of frame, and nothing of it is in the clear", () => {
    const rig = SealedRig.sealed();
    rig.say({ kind: "subscribe", value: { request: 2, slot: 1, add: ["secret-tag"], remove: [] } });
    rig.say({
      kind: "setAlias",
      value: { request: 3, slot: 1, alias: "secret-alias", held: true },
    });
    const wire: Uint8Array[] = [];
    const opened: string[] = [];
    const look = () => {
      for (const frame of rig.takeSealed()) {
        expect(frame.kind).toBe("sealed");
        if (frame.kind !== "sealed") continue;
        wire.push(frame.value.body);
        opened.push(rig.epoch.open(rig.place, frame.value)?.kind ?? "none");
      }
    };
    const data = utf8.encode(SECRET);
    deliver(rig, [entry(1, { data, cover: ["secret-tag"] })], { tag: "secret-tag" });
    look();
    rig.sendAndWait({ key: "m", data: SECRET });
    look();
    rig.run((context) =>
      rig.device.withdraw({ app: "a", generation: 1, key: rig.request({ key: "m" }).key }, context),
    );
    look();
    rig.command(rig.seal({ kind: "describe", value: { request: 4, slot: 1 } }));
    look();
    rig.run((context) =>
      rig.device.suspendAlias({ app: "a", generation: 1, alias: "secret-alias" }, context),
    );
    rig.answerCall({ ok: true, answer: { holds: false, shared: false } });
    look();
    expect(opened).toEqual(["broadcasts", "deliver", "withdraw", "described", "aliasLost"]);
    for (const body of wire) {
      for (const text of [SECRET, "secret-tag", "secret-alias"])
        expect(Buffer.from(body).includes(text)).toBe(false);
    }
  });

  test("S25 a registration beside it without a key gets plain frames, and its own key opens nothing else", () => {
    const rig = SealedRig.sealed();
    const slot = rig.register("b");
    rig.command({ kind: "attach", value: { slot } });
    rig.sendAndWait({ app: "b", key: "b" });
    expect(rig.takeSealed().map(({ kind }) => kind)).toEqual(["registered", "deliver"]);
    rig.sendAndWait({ key: "a" });
    const sealed = onlySealed(rig.takeSealed());
    for (const other of [{ slot: 2 }, { appId: "app-b" }, { identity: "b-1" }]) {
      expect(rig.epoch.openAny({ ...rig.place, ...other }, sealed) === null).toBe(
        !("slot" in other),
      );
    }
    expect(rig.newEpoch(1).openAny(rig.place, sealed)).toBeNull();
  });

  test("S26 the associated data of one frame after another is what the protocol says", () => {
    const place = { direction: "down", appId: "app-a", identity: "a-1", epoch: 2 } as const;
    const context = sealedContext({ ...place, number: 0 });
    fc.assert(
      fc.property(fc.maxSafeNat(), (number) => {
        renumber(context, number);
        expect(context).toEqual(sealedContext({ ...place, number }));
        expect(Buffer.from(context).readBigUInt64BE(context.length - 8)).toBe(BigInt(number));
      }),
    );
  });

  test("S26 has numbers that rise for the life of the device, whatever sleeps, is killed or sets the clock back", () => {
    const rig = SealedRig.sealed();
    let last = 0;
    const next = (): void => {
      rig.sendAndWait();
      rig.takeMessages();
      expect(rig.dropped).toEqual([]);
      expect(rig.epoch.highest).toBeGreaterThan(last);
      last = rig.epoch.highest;
    };
    for (let n = 0; n < 5; n++) next();
    rig.hibernate();
    next();
    rig.now += 60_000;
    rig.hibernate();
    next();
    // Messages on a link that was lost are queued behind its answers.
    rig.lose();
    rig.link([1]);
    rig.take();
    next();
    rig.now += 1;
    rig.restart();
    rig.now -= 3_600_000;
    rig.connect({ attach: [1], lastSeq: last });
    rig.take();
    last = rig.epoch.highest;
    next();
    expect(rig.dropped).toEqual([]);
  });
});

describe("what a device with a key sends", () => {
  test("S25 every command is taken sealed, and answered", () => {
    for (const command of COMMANDS) {
      const rig = SealedRig.sealed();
      const [answer] = rig.say(command);
      expect([command.kind, answer?.kind]).toEqual([
        command.kind,
        { describe: "described", unregister: "unregistered" }[command.kind as string] ?? "done",
      ]);
      expect(answer?.value).toMatchObject({ request: 5 });
    }
  });

  test.each(COMMANDS)("S27 $kind is refused plain, and does nothing", (command) => {
    const rig = SealedRig.sealed();
    const rows = rig.rows(() => rig.command(command));
    expect(rig.take()).toMatchObject([
      { kind: "refusal", value: { name: "sealing_required", request: 5 } },
    ]);
    expect(rows).toBe(0);
    expect(rig.calls).toEqual([]);
    expect(rig.device.describe({ app: "a", generation: 1 })).toMatchObject({ ok: true, tags: [] });
    // Without a key it is taken as ever.
    const plain = Rig.online();
    plain.command(command);
    plain.answerCalls();
    expect(names(plain.take())).not.toContain("sealing_required");
  });

  test("S25 a refusal of it names nothing that was in it, at once or later", () => {
    const about = { request: 5, slot: 1 };
    const tag = "secret-tag";
    const attributes = [{ name: tag, value: "v".repeat(200) }];
    const commands: [WritablePushUp, ErrorCode][] = [
      [{ kind: "subscribe", value: { ...about, add: [tag], remove: [] } }, "not_granted"],
      [{ kind: "setAlias", value: { ...about, alias: tag, held: true } }, "not_granted"],
      [{ kind: "report", value: { ...about, attributes } }, "attributes_invalid"],
    ];
    for (const [command, name] of commands) {
      const rig = SealedRig.sealed();
      // The app is asked again what the device may do.
      rig.now += LIMITS.POLICY_AGE_MS;
      rig.keepsAppCalls = true;
      rig.command(rig.seal(command));
      const answer = { ...OPEN, policy: { alias: [], tag: [] } };
      for (const { token } of rig.calls.splice(0))
        rig.run((context) => rig.device.onCallResult(token, { ok: true, answer }, context));
      expect(rig.take()).toEqual([
        {
          kind: "refusal",
          value: expect.objectContaining({ name, request: 5, message: ERRORS[name].title }),
        },
      ]);
    }
  });

  const subscribe: WritablePushUp = {
    kind: "subscribe",
    value: { request: 5, slot: 1, add: ["t"], remove: [] },
  };
  const isRefused = (rig: SealedRig, command: WritablePushUp, name = "sealed_invalid"): void => {
    rig.answerCalls();
    const before = rig.number;
    const rows = rig.rows(() => rig.command(command));
    expect(names(rig.take())).toEqual([name]);
    expect(rows).toBe(0);
    expect(rig.calls).toEqual([]);
    // The link and the key stay good.
    expect(rig.closes).toEqual([]);
    rig.number = before;
    expect(names(rig.say({ kind: "describe", value: { request: 6, slot: 1 } }))).toEqual([
      "described",
    ]);
  };

  test("S26 altered in any bit, cut or extended, it is refused, and disturbs nothing else", () => {
    const rig = SealedRig.sealed();
    fc.assert(
      fc.property(fc.nat(), fc.nat(7), fc.integer({ min: -20, max: 20 }), (at, bit, longer) => {
        const { value } = rig.seal(subscribe);
        const place = at % value.body.length;
        const altered = value.body.with(place, (value.body[place] ?? 0) ^ (1 << bit));
        isRefused(rig, { kind: "sealed", value: { ...value, body: altered } });
        if (longer === 0) return;
        const body = new Uint8Array(value.body.length + longer);
        body.set(value.body.subarray(0, body.length));
        isRefused(rig, { kind: "sealed", value: { ...value, body } });
      }),
      { numRuns: 40 },
    );
    for (const length of [0, 1, 11, 12, 27, 28]) {
      const { value } = rig.seal(subscribe);
      isRefused(rig, { kind: "sealed", value: { ...value, body: value.body.slice(0, length) } });
    }
  });

  test("S26 with another number, epoch, slot, session, direction or registration, it is refused", () => {
    const rig = SealedRig.sealed();
    rig.register("b");
    rig.take();
    const sealed = () => rig.seal(subscribe).value;
    const { place, session } = rig;
    isRefused(rig, { kind: "sealed", value: { ...sealed(), number: 999 } });
    isRefused(rig, { kind: "sealed", value: { ...sealed(), epoch: 2 } });
    isRefused(rig, { kind: "sealed", value: { ...sealed(), epoch: 0 } });
    isRefused(rig, { kind: "sealed", value: { ...sealed(), slot: 2 } });
    isRefused(rig, { kind: "sealed", value: { ...sealed(), slot: 3 } }, "slot_unknown");
    const as = (of: Partial<typeof place>, at = session) =>
      rig.epoch.seal({ ...place, ...of }, at, ++rig.number, subscribe);
    isRefused(rig, as({ identity: "a-2" }));
    isRefused(rig, as({ appId: "app-b" }));
    isRefused(rig, as({}, new Uint8Array(16).fill(9)));
    isRefused(rig, as({}, new Uint8Array()));
    // What the mesh sealed comes back.
    rig.sendAndWait();
    const down = onlySealed(rig.takeSealed());
    isRefused(rig, { kind: "sealed", value: down });
  });

  test("S26 again, or after a later one, it is refused, also once the object slept; on the next link it is of another session", () => {
    const rig = SealedRig.sealed();
    const first = rig.seal(subscribe);
    const second = rig.seal({ kind: "describe", value: { request: 6, slot: 1 } });
    rig.command(second);
    expect(names(rig.take())).toEqual(["described"]);
    for (const replayed of [first, second]) isRefused(rig, replayed);
    const now = rig.seal(subscribe);
    rig.command(now);
    rig.answerCalls();
    expect(names(rig.take())).toEqual(["done"]);
    rig.hibernate();
    isRefused(rig, now);
    rig.link([1]);
    rig.take();
    isRefused(rig, now);
    isRefused(rig, { ...now, value: { ...now.value, number: 999 } });
  });

  test("S26 with something else inside than a command of its slot, it is refused", () => {
    const rig = SealedRig.sealed();
    rig.register("b");
    rig.take();
    const other = { request: 5, slot: 2 };
    const inside: WritablePushUp[] = [
      { kind: "describe", value: other },
      { kind: "unregister", value: other },
      { kind: "attach", value: { slot: 1 } },
      { kind: "acks", value: [] },
      { kind: "register", value: { request: 5, appId: "app-a" } },
      rig.seal(subscribe),
    ];
    for (const command of inside) isRefused(rig, rig.seal(command));
    // No link of other apps ends by what one of them writes.
    const garbage = new Epoch(
      rig.place.appId,
      { kid: 7, publicKey: new Uint8Array(32).fill(9) },
      1,
    );
    isRefused(rig, garbage.seal(rig.place, rig.session, ++rig.number, subscribe));
  });

  test("S26 longer than any command, it is refused unopened; the largest command is taken", () => {
    const rig = SealedRig.sealed();
    const names = Array.from({ length: LIMITS.SUBSCRIBE_TAGS }, (_, n) =>
      `${n}`.padEnd(LIMITS.TAG_BYTES, "x"),
    );
    const change = (add: string[]): WritablePushUp => ({
      kind: "subscribe",
      value: { request: 5, slot: 1, add, remove: [] },
    });
    expect(rig.say(change(names))).toMatchObject([{ kind: "done" }]);
    // At the limit it is opened, and one byte more is not.
    const filled = (length: number): WritablePushUp => {
      const least = rig.seal(change([""])).value.body.length;
      // The length prefix of the filler is a byte longer than that of none.
      const { value } = rig.seal(change(["x".repeat(length - least - 1)]));
      expect(value.body).toHaveLength(length);
      return { kind: "sealed", value };
    };
    rig.command(filled(LIMITS.SEALED_COMMAND_BYTES));
    expect(rig.take()).toMatchObject([{ value: { name: "tag_invalid" } }]);
    rig.command(filled(LIMITS.SEALED_COMMAND_BYTES + 1));
    expect(rig.take()).toMatchObject([
      {
        kind: "refusal",
        value: { name: "sealed_invalid", request: 5, message: "body: 16385 bytes, at most 16384" },
      },
    ]);
    expect(rig.closes).toEqual([]);
  });

  test("S26 counts against the rate of commands before it is opened", () => {
    const rig = SealedRig.sealed();
    const forged = { ...rig.seal(subscribe).value, body: new Uint8Array(40) };
    for (let n = 0; n < 1_000 && rig.closes.length === 0; n++)
      rig.command({ kind: "sealed", value: forged });
    expect(rig.closes).toMatchObject([{ code: "flooding" }]);
  });
});
