/** How often a device has the mesh agree on a key before any app has been asked. */
import { beforeEach, expect, test } from "vitest";
import { LIMITS } from "../../../../schema/limits.ts";
import { masterText, ring } from "../../identity/fixtures.ts";
import { APP_ID, GRANTED, refusal, register, registered, SealedRig, setKey } from "./rig.ts";

/** A process of its own: agreements are counted in it. */
let keyring = ring(`7:${masterText(1)}`);
beforeEach(() => {
  keyring = ring(`7:${masterText(1)}`);
});

function stranger(now?: number): SealedRig {
  const rig = new SealedRig();
  if (now !== undefined) rig.now = now;
  rig.keyring = keyring;
  rig.restart();
  rig.openAccount();
  rig.link();
  return rig;
}

const limited = { kind: "refusal", value: { name: "rate_limited", request: 1 } };

test("S52 a setup without a sealed grant is agreed on once the app's object has admitted it", () => {
  const rig = stranger();
  // Not a key of X25519, which only the agreement shows.
  const setup = { ...rig.epoch.setup, enc: new Uint8Array(32) };
  const { asked, frames } = register(rig, { request: 1, appId: APP_ID, setup }, "grant_required");
  expect(asked).not.toBeNull();
  expect(frames).toMatchObject([refusal("grant_required", 1)]);
  const admitted = register(rig, { request: 1, appId: APP_ID, setup }, GRANTED);
  expect(admitted.frames).toMatchObject([refusal("setup_invalid", 1)]);
  expect(rig.store.exists).toBe(false);
});

test("S52 a device without a registration has few agreements for a sealed grant, one with a registration has its budget of registrations", () => {
  const rig = stranger();
  const sealed = rig.epoch.register(1, APP_ID, "a.b.c");
  for (let n = 0; n < LIMITS.STRANGER_AGREEMENTS_BURST; n++)
    expect(register(rig, sealed, "grant_required").frames).toMatchObject([
      refusal("grant_required", 1),
    ]);
  const { asked, frames } = register(rig, sealed, GRANTED);
  expect(asked).toBeNull();
  expect(frames).toMatchObject([
    { ...limited, value: { retryAfterMs: 1_000 / LIMITS.STRANGER_AGREEMENTS_PER_SECOND } },
  ]);
  rig.now += 1_000 / LIMITS.STRANGER_AGREEMENTS_PER_SECOND;
  rig.place = registered(register(rig, sealed, GRANTED).frames);
  for (let n = 0; n < LIMITS.STRANGER_AGREEMENTS_BURST + 1; n++)
    expect(registered(register(rig, sealed, GRANTED).frames)).toMatchObject({ epoch: 1 });
});

test("S52 strangers together take no more of a process than their share, and none of those with a registration", () => {
  const good = stranger();
  good.place = registered(register(good, good.epoch.register(1, APP_ID, "a.b.c"), GRANTED).frames);
  let letIn = 1;
  for (let n = 0; n < LIMITS.AGREEMENTS_BURST / LIMITS.STRANGER_AGREEMENTS_BURST + 1; n++) {
    const rig = stranger(good.now);
    const sealed = rig.epoch.register(1, APP_ID, "a.b.c");
    for (let m = 0; m < LIMITS.STRANGER_AGREEMENTS_BURST; m++)
      if (register(rig, sealed, "grant_required").asked !== null) letIn++;
  }
  expect(letIn).toBe(LIMITS.AGREEMENTS_BURST);
  expect(register(good, good.epoch.register(1, APP_ID, "a.b.c"), GRANTED).frames).toMatchObject([
    { kind: "registered" },
  ]);
  expect(good.say(setKey(good.newEpoch(2)))).toMatchObject([{ kind: "done" }]);
  // Later there are more.
  const rig = stranger(good.now + 1_000);
  expect(register(rig, rig.epoch.register(1, APP_ID, "a.b.c"), GRANTED).frames).toMatchObject([
    { kind: "registered" },
  ]);
});

test("S26 S52 a sealed grant that is longer than any grant is refused by its length, and uses no agreement", () => {
  const rig = stranger();
  const longest = rig.epoch.register(1, APP_ID, "g".repeat(LIMITS.TOKEN_CHARS));
  const longer = rig.epoch.register(1, APP_ID, "g".repeat(LIMITS.TOKEN_CHARS + 1));
  for (let n = 0; n < LIMITS.STRANGER_AGREEMENTS_BURST + 1; n++) {
    const { asked, frames } = register(rig, longer, GRANTED);
    expect(asked).toBeNull();
    expect(frames).toMatchObject([
      { kind: "refusal", value: { message: "sealedGrant: 2065 bytes, at most 2064" } },
    ]);
  }
  expect(register(rig, longest, "grant_required").asked).toMatchObject({
    grant: "g".repeat(LIMITS.TOKEN_CHARS),
  });
});
