import { describe, expect, test } from "vitest";
import { instantOf, isZone, readLocal, wallClock } from "../../../core/time/zones.ts";

const at = (text: string) => Date.parse(text);
const wall = (text: string) => readLocal(text) ?? Number.NaN;
const inZone = (zone: string, text: string) =>
  new Date(instantOf(zone, wall(text))).toISOString().slice(0, 19);

describe("time zones", () => {
  test.each([
    ["Europe/Berlin", "2026-12-24T18:00", "2026-12-24T17:00:00"],
    ["Europe/Berlin", "2026-07-24T18:00", "2026-07-24T16:00:00"],
    ["America/New_York", "2026-12-24T18:00:30", "2026-12-24T23:00:30"],
    ["Asia/Kathmandu", "2026-12-24T18:00", "2026-12-24T12:15:00"],
    ["Pacific/Kiritimati", "2027-01-01T00:00", "2026-12-31T10:00:00"],
    ["Pacific/Pago_Pago", "2027-01-01T00:00", "2027-01-01T11:00:00"],
    ["Australia/Lord_Howe", "2026-12-24T18:00", "2026-12-24T07:00:00"],
    ["UTC", "2026-12-24T18:00", "2026-12-24T18:00:00"],
  ])("J11 in %s it is %s at %s UTC", (zone, local, utc) => {
    expect(inZone(zone, local)).toBe(utc);
    expect(wallClock(zone, at(`${utc}Z`))).toBe(wall(local));
  });

  test("J11 a time that a clock set back shows twice is its first", () => {
    expect(inZone("Europe/Berlin", "2026-10-25T02:30")).toBe("2026-10-25T00:30:00");
    expect(inZone("America/New_York", "2026-11-01T01:30")).toBe("2026-11-01T05:30:00");
    // By half an hour.
    expect(inZone("Australia/Lord_Howe", "2026-04-05T01:45")).toBe("2026-04-04T14:45:00");
  });

  test("J11 a time that a clock set forward skips is as far behind the change", () => {
    expect(inZone("Europe/Berlin", "2026-03-29T02:30")).toBe("2026-03-29T01:30:00");
    expect(inZone("America/New_York", "2026-03-08T02:00")).toBe("2026-03-08T07:00:00");
    expect(inZone("Australia/Lord_Howe", "2026-10-04T02:10")).toBe("2026-10-03T15:40:00");
    // Midnight, on whose day the clocks of Beirut change.
    expect(inZone("Asia/Beirut", "2027-03-28T00:30")).toBe("2027-03-27T22:30:00");
  });

  test("J11 the wall clock keeps its milliseconds, also before 1970", () => {
    expect(wallClock("Europe/Berlin", at("2026-12-24T17:00:00.123Z"))).toBe(
      wall("2026-12-24T18:00") + 123,
    );
    expect(wallClock("Asia/Tokyo", -1)).toBe(9 * 3_600_000 - 1);
  });

  test("J11 names of zones are taken, and nothing else", () => {
    for (const zone of ["Europe/Berlin", "UTC", "Asia/Calcutta", "America/Argentina/Buenos_Aires"])
      expect(isZone(zone)).toBe(true);
    for (const zone of ["", "Mars/Phobos", "+01:00", "Europe/Berlin\0", "x".repeat(1_000)])
      expect(isZone(zone)).toBe(false);
  });

  test("J11 a local time is one of the calendar", () => {
    for (const text of ["2028-02-29T00:00", "2026-12-31T23:59:59"])
      expect(readLocal(text)).toBe(at(`${text}Z`));
    for (const text of [
      ...["2026-02-29T00:00", "2026-04-31T00:00", "2026-12-24T24:00", "2026-12-24T18:60"],
      ...["2026-12-24", "2026-12-24T18:00Z", "2026-12-24 18:00", "", "2026-12-24T18:00:60"],
    ])
      expect(readLocal(text)).toBeUndefined();
  });
});
