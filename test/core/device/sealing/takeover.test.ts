/** Setups that are not sealed with the present key of a registration. */
import { expect, test } from "vitest";
import { APP_ID, done, GRANTED, refusal, register, registered, SealedRig, setKey } from "./rig.ts";

test("S25 S27 a setup with a grant that it seals replaces no key: whoever has a grant of the app begins another registration", () => {
  const rig = SealedRig.sealed();
  const theirs = rig.newEpoch(2);
  const { asked, frames } = register(rig, theirs.register(2, APP_ID, "an.unbound.grant"), GRANTED);
  expect(asked).toMatchObject({ grant: "an.unbound.grant", regId: null, held: null });
  const told = registered(frames);
  expect(told.regId).not.toBe(rig.place.regId);
  expect(theirs.proves(told)).toBe(true);
  expect(rig.send({ generation: 1 })).toMatchObject({ code: "unregistered" });
});

test("S26 S28 a setup whose Register is repeated rolls neither the key nor the grant back", () => {
  const rig = new SealedRig();
  rig.openAccount();
  rig.link();
  const recorded = rig.epoch.register(1, APP_ID, "first.grant");
  rig.place = registered(register(rig, recorded, GRANTED).frames);
  // With the present key: the grant that came with it is not what is asked about.
  const again = register(rig, recorded, GRANTED);
  expect(again.asked).toMatchObject({ grant: null, regId: rig.place.regId });
  expect(registered(again.frames)).toMatchObject({ regId: rig.place.regId, epoch: 1 });
  const next = rig.newEpoch(2);
  rig.command(rig.seal(setKey(next)));
  expect(rig.take()).toMatchObject([done]);
  const rows = rig.store.rowsWritten;
  for (const value of [recorded, rig.newEpoch(2).register(1, APP_ID, "any.grant")]) {
    const { asked, frames } = register(rig, value, GRANTED);
    expect(asked).toBeNull();
    expect(frames).toMatchObject([refusal("setup_invalid", 1)]);
  }
  expect(rig.store.rowsWritten).toBe(rows);
  rig.epoch = next;
  rig.number = 0;
  expect(rig.say({ kind: "describe", value: { request: 9, slot: 1 } })).toMatchObject([
    { kind: "described" },
  ]);
});

test("S26 S28 a setup whose Register is repeated, and waits while the app changes its key, is refused", () => {
  const rig = new SealedRig();
  rig.openAccount();
  rig.link();
  const recorded = rig.epoch.register(1, APP_ID, "first.grant");
  rig.place = registered(register(rig, recorded, GRANTED).frames);
  rig.keepsAppCalls = true;
  // The second is asked about once the first is answered.
  for (const request of [2, 3]) rig.command({ kind: "register", value: { ...recorded, request } });
  rig.command(rig.seal(setKey(rig.newEpoch(2))));
  for (const call of rig.calls.splice(0).filter(({ kind }) => kind === "app"))
    rig.run((context) =>
      rig.device.onCallResult(call.token, { ok: true, answer: GRANTED }, context),
    );
  expect(rig.calls).toEqual([]);
  expect(rig.take()).toMatchObject([
    ...[done, refusal("setup_invalid", 2), refusal("setup_invalid", 3)],
  ]);
  expect(rig.link()).toMatchObject([{ regId: rig.place.regId, epoch: 2 }]);
});
