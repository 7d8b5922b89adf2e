import { describe, expect, test } from "vitest";
import { grantedFault, knownAttributes } from "../../../../core/device/tags/attributes.ts";
import type { Report } from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { Rig } from "../support/rig.ts";

describe("S13 granted attributes", () => {
  const reported = {
    ...{ platform: "web", appVersion: null, locale: null },
    custom: { tier: "gold", city: "Graz" },
  };

  test("hide what was reported under their name, and are told apart", () => {
    expect(knownAttributes(reported, { tier: "free" })).toEqual({
      ...{ platform: "web", appVersion: null, locale: null },
      ...{ custom: { city: "Graz" }, granted: { tier: "free" } },
    });
    expect(knownAttributes(null, { tier: "free" })).toEqual({
      ...{ platform: null, appVersion: null, locale: null },
      ...{ custom: {}, granted: { tier: "free" } },
    });
    expect(knownAttributes(reported, {})).toEqual({ ...reported, granted: {} });
    expect(knownAttributes(null, {})).toBeNull();
  });

  test("cannot be reported, not even with the granted value", () => {
    for (const tier of ["gold", "free"])
      expect(grantedFault({ ...reported, custom: { tier } }, { tier: "free" })).toMatchObject({
        ...{ code: "attributes_invalid", message: expect.stringContaining("tier") },
      });
    expect(grantedFault(reported, { toString: "x" })).toBeNull();
    expect(grantedFault(null, { tier: "free" })).toBeNull();
  });
});

const report = (rig: Rig, fields: Partial<Report>) => {
  rig.command({ kind: "report", value: { request: 3, slot: 1, ...fields } });
  const [frame] = rig.take();
  return frame?.kind === "refusal" ? frame.value.name : frame?.kind;
};

const named = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ name: `n${n}`, value: "" }));

describe("attributes", () => {
  test("what is reported replaces what was, in one row, and none where it is the same", () => {
    const rig = Rig.registered();
    const full = {
      platform: "Android",
      appVersion: "1.2",
      locale: "de-AT",
      attributes: [
        { name: "b", value: "2" },
        { name: "a", value: "1" },
      ],
    };
    expect(rig.rows(() => expect(report(rig, full)).toBe("done"))).toBe(1);
    expect(rig.store.attributes.get(1)).toEqual({
      platform: "android",
      appVersion: "1.2",
      locale: "de-AT",
      custom: { a: "1", b: "2" },
    });
    const turned = { ...full, attributes: full.attributes.toReversed() };
    expect(rig.rows(() => expect(report(rig, turned)).toBe("done"))).toBe(0);
    rig.restart();
    rig.connect();
    rig.take();
    expect(rig.rows(() => expect(report(rig, turned)).toBe("done"))).toBe(0);
    expect(rig.rows(() => expect(report(rig, {})).toBe("done"))).toBe(1);
    expect(rig.store.attributes.size).toBe(0);
  });

  test("they end with the registration", () => {
    const rig = Rig.registered();
    report(rig, { platform: "web" });
    rig.command({ kind: "unregister", value: { request: 1, slot: 1 } });
    expect(rig.store.attributes.size).toBe(0);
  });

  const atLimit = "x".repeat(LIMITS.ATTRIBUTE_VALUE_BYTES);
  const atNameLimit = "n".repeat(LIMITS.ATTRIBUTE_NAME_BYTES);
  test.each<[string, Partial<Report>, boolean]>([
    ["a value at the bound", { platform: atLimit }, true],
    ["a value past it", { platform: `${atLimit}x` }, false],
    ["a locale past it", { locale: `${atLimit}x` }, false],
    ["32 attributes", { attributes: named(LIMITS.ATTRIBUTES) }, true],
    ["33 attributes", { attributes: named(LIMITS.ATTRIBUTES + 1) }, false],
    ["a name at the bound", { attributes: [{ name: atNameLimit, value: atLimit }] }, true],
    ["a name past it", { attributes: [{ name: `${atNameLimit}n`, value: "" }] }, false],
    ["a custom value past it", { attributes: [{ name: "n", value: `${atLimit}x` }] }, false],
    ["no name", { attributes: [{ name: "", value: "" }] }, false],
    ["a name that no filter can have", { attributes: [{ name: "__proto__", value: "" }] }, false],
    ["a name twice", { attributes: [...named(1), ...named(1)] }, false],
    ["a version of words", { appVersion: "1.2-beta" }, false],
  ])("P4.4 P8.1 %s", (_, fields, fits) => {
    const rig = Rig.registered();
    expect(report(rig, fields)).toBe(fits ? "done" : "attributes_invalid");
    expect(rig.store.attributes.size).toBe(fits ? 1 : 0);
  });

  test("a slot without a registration has none", () => {
    expect(report(Rig.registered(), { slot: 9 })).toBe("slot_unknown");
  });
});
