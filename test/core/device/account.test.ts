import { describe, expect, test } from "vitest";
import { ERRORS } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { Rig } from "./support/rig.ts";

const YEAR_MS = 365 * 86_400_000;

describe("the device account", () => {
  test("P8.10 an account, its links and what it asks write nothing before its first registration, which writes all", () => {
    const rig = new Rig();
    const rows = rig.rows(() => {
      expect(rig.openAccount()).toMatchObject({ ok: true, outcome: "created" });
      expect(rig.openAccount()).toMatchObject({ ok: true, outcome: "created" });
      for (let i = 0; i < 3; i++) {
        expect(rig.connect()).toEqual({ ok: true });
        rig.command({ kind: "describe", value: { request: 1, slot: 1 } });
        rig.command({ kind: "unregister", value: { request: 2, slot: 1 } });
        rig.lose();
      }
      rig.status("k", 2);
      rig.alarm();
    });
    expect(rows).toBe(0);
    expect(rig.store.account).toBeNull();
    rig.connect();
    // The account, its link and the registration; the row of the tag of all devices.
    expect(rig.rows(() => rig.register("a"))).toBe(4);
    expect(rig.store.account).toMatchObject({ publicKey: "key-1", generation: 1 });
    expect(rig.store.link?.session).toBe(rig.device.session);
    expect(rig.openAccount()).toEqual({ ok: true, generation: 1, outcome: "standing" });
  });

  test("P8.10 a link without a registration survives the object's sleep, and its used tokens with it", () => {
    const rig = new Rig();
    rig.connect({}, { tokenId: "once" });
    rig.hibernate();
    expect(rig.device.session).not.toBeNull();
    expect(rig.connect({}, { tokenId: "once" })).toMatchObject({ code: "token_replayed" });
    rig.register("a");
    rig.restart();
    expect(rig.connect({}, { tokenId: "once" })).toMatchObject({ code: "token_replayed" });
  });

  test("P8.10 an account's generation is one that no account of this device had before", () => {
    const rig = new Rig();
    const first = rig.openAccount();
    rig.now += 1_000;
    const second = rig.openAccount();
    if (!first.ok || !second.ok) throw new Error("refused");
    expect(second.generation).toBe(first.generation + 1);
  });

  test("P7.5 of two keys for one device without a registration, the first to hold a link keeps it; then the first to register", () => {
    const rig = new Rig();
    rig.connect();
    expect(rig.connect({}, { publicKey: "key-2" })).toMatchObject({ code: "account_replaced" });
    expect(rig.openAccount(null, "key-2")).toMatchObject({ code: "device_active" });
    expect(rig.device.session).not.toBeNull();
    rig.lose();
    // Nothing of it is anywhere.
    expect(rig.openAccount(null, "key-2")).toMatchObject({ ok: true, outcome: "created" });
    rig.publicKey = "key-2";
    expect(rig.connect()).toEqual({ ok: true });
    rig.register("a");
    expect(rig.connect({}, { publicKey: "key-1" })).toMatchObject({ code: "account_replaced" });
    expect(rig.openAccount(null, "key-1")).toMatchObject({ code: "device_active" });
  });

  test("P7.3 tokens that were used while the clock was a year ahead do not fill the bound of those that are remembered", () => {
    const rig = Rig.offline();
    rig.now += YEAR_MS;
    const most = LIMITS.TOKEN_MAX_AGE_SECONDS + 2 * LIMITS.CLOCK_SKEW_SECONDS;
    const tokenExpires = Math.floor(rig.now / 1_000) + LIMITS.TOKEN_MAX_AGE_SECONDS;
    while ((rig.store.link?.tokens.length ?? 0) < most) rig.connect({}, { tokenExpires });
    rig.now -= YEAR_MS;
    expect(rig.connect()).toEqual({ ok: true });
  });

  test("S20 P7.5 a key that the standing one did not sign never displaces it, however long it is away, and learns no time", () => {
    const rig = Rig.online();
    const refusal = rig.openAccount(null, "key-2");
    const detail = ERRORS.device_active.title;
    expect(refusal).toEqual({ ok: false, code: "device_active", detail });
    rig.now += YEAR_MS;
    expect(rig.openAccount(null, "key-2")).toEqual(refusal);
    rig.lose();
    for (const awayMs of [0, 300_000, YEAR_MS]) {
      rig.now += awayMs;
      rig.restart();
      expect(rig.openAccount(null, "key-2")).toEqual(refusal);
      expect(rig.openAccount("key-0", "key-2")).toEqual(refusal);
    }
    expect(rig.openAccount()).toEqual({ ok: true, generation: 1, outcome: "standing" });
    expect(rig.store.registrations.get(1)?.endedAt).toBeNull();
  });

  test("P7.5 a handover by the standing key displaces at once, and closes its link; one by another does not", () => {
    const rig = Rig.online();
    expect(rig.openAccount("key-0", "key-2")).toMatchObject({ code: "device_active" });
    const token = rig.sendAndWait();
    expect(rig.openAccount("key-1", "key-2")).toEqual({
      ok: true,
      generation: 2,
      outcome: "replaced",
    });
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

  test("P7.3 a used token opens nothing as long as the edge takes it, nor if it comes late from the edge", () => {
    const rig = Rig.offline();
    const tokenExpires = Math.floor(rig.now / 1_000) + LIMITS.TOKEN_MAX_AGE_SECONDS;
    const used = { tokenId: "once", tokenExpires };
    expect(rig.connect({}, used)).toEqual({ ok: true });
    // The edge compares whole seconds: it takes the token in all of this one.
    rig.now = (tokenExpires + LIMITS.CLOCK_SKEW_SECONDS + 1) * 1_000 - 1;
    expect(rig.connect({}, used)).toMatchObject({ code: "token_replayed" });
    rig.now += 1;
    expect(rig.connect({}, used)).toMatchObject({ code: "token_expired" });
    expect(rig.connect()).toEqual({ ok: true });
    expect(rig.connect({}, used)).toMatchObject({ code: "token_expired" });
  });

  test("P8.1 the links of an account that is not stored are bounded in the life of a token", () => {
    const rig = new Rig();
    for (let i = 0; i < 16; i++) expect(rig.connect()).toEqual({ ok: true });
    expect(rig.connect()).toMatchObject({ code: "token_invalid" });
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
