import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { Rig } from "./support/rig.ts";

describe("the device account", () => {
  test("P7.5 asking again with the same key gives the same account and writes nothing", () => {
    const rig = new Rig();
    expect(rig.openAccount()).toEqual({ ok: true, generation: 1, created: true });
    expect(rig.rows(() => rig.openAccount())).toBe(0);
    expect(rig.openAccount()).toEqual({ ok: true, generation: 1, created: false });
  });

  test("P7.5 a device that holds a link is not displaced by another key, however long it holds it", () => {
    const rig = Rig.online();
    rig.now += 10 * LIMITS.DEVICE_DISPLACE_MS;
    expect(rig.openAccount(null, "key-2")).toMatchObject({ ok: false, code: "device_active" });
    expect(rig.device.session).not.toBeNull();
  });

  test("P7.5 nor one that held a link less than 5 minutes ago; at 5 minutes it is", () => {
    const rig = Rig.offline();
    rig.now += LIMITS.DEVICE_DISPLACE_MS - 1;
    expect(rig.openAccount(null, "key-2")).toMatchObject({
      ok: false,
      code: "device_active",
      retryAfterMs: 1,
    });
    rig.now += 1;
    expect(rig.openAccount(null, "key-2")).toMatchObject({ ok: true, generation: 2 });
  });

  test("P7.5 nor one whose account was just made", () => {
    const rig = new Rig();
    rig.openAccount();
    expect(rig.openAccount(null, "key-2")).toMatchObject({ code: "device_active" });
  });

  test("P7.5 a handover by the standing key displaces at once, and closes its link; one by another does not", () => {
    const rig = Rig.online();
    expect(rig.openAccount("key-0", "key-2")).toMatchObject({ code: "device_active" });
    const token = rig.sendAndWait();
    expect(rig.openAccount("key-1", "key-2")).toEqual({ ok: true, generation: 2, created: true });
    expect(rig.closes).toMatchObject([{ code: "account_replaced" }]);
    expect(rig.device.session).toBeNull();
    expect(rig.answers.has(token)).toBe(true);
    expect(rig.connect({}, { generation: 1 })).toMatchObject({ code: "account_replaced" });
    rig.publicKey = "key-2";
    expect(rig.connect()).toEqual({ ok: true });
  });

  test("P7.5 holds across a restart", () => {
    const rig = Rig.offline();
    rig.restart();
    expect(rig.openAccount(null, "key-2")).toMatchObject({ code: "device_active" });
  });

  test("P7.3 a connect token opens one link, once, also after a restart", () => {
    const rig = Rig.offline();
    expect(rig.connect({}, { tokenId: "once" })).toEqual({ ok: true });
    const { session } = rig.device;
    expect(rig.connect({}, { tokenId: "once" })).toMatchObject({ code: "token_replayed" });
    expect(rig.device.session).toBe(session);
    rig.restart();
    expect(rig.connect({}, { tokenId: "once" })).toMatchObject({ code: "token_replayed" });
  });

  test("P7.3 a token for a device that has no account is refused", () => {
    expect(new Rig().connect()).toMatchObject({ ok: false, code: "token_invalid" });
  });

  test("P8.1 the tokens it remembers are bounded, and forgotten when their age alone refuses them", () => {
    const rig = Rig.offline();
    const exp = Math.floor(rig.now / 1_000) + LIMITS.TOKEN_MAX_AGE_SECONDS;
    const most = LIMITS.TOKEN_MAX_AGE_SECONDS + 2 * LIMITS.CLOCK_SKEW_SECONDS;
    const used = rig.store.link?.tokens.length ?? 0;
    for (let i = used; i < most; i++) {
      expect(rig.connect({}, { tokenExpires: exp })).toEqual({ ok: true });
    }
    expect(rig.connect({}, { tokenExpires: exp })).toMatchObject({ code: "token_invalid" });
    rig.now += (LIMITS.TOKEN_MAX_AGE_SECONDS + LIMITS.CLOCK_SKEW_SECONDS + 1) * 1_000;
    expect(rig.connect()).toEqual({ ok: true });
    expect(rig.store.link?.tokens).toHaveLength(1);
  });

  test("a link resumes where no other was opened since its session, and not otherwise", () => {
    const rig = Rig.offline();
    const resumed = (session: Uint8Array) => {
      rig.connect({ session });
      const [welcome] = rig.take();
      return welcome?.kind === "welcome" ? welcome.value : undefined;
    };
    rig.connect();
    const [first] = rig.take();
    const session = first?.kind === "welcome" ? first.value.session : new Uint8Array();
    expect(toBase64Url(session)).toBe(rig.device.session);
    rig.restart();
    expect(resumed(session)?.resumed).toBe(true);
    expect(resumed(session)?.resumed).toBe(false);
  });
});
