/** The error table keeps the promises that its comments make. */
import { expect, test } from "vitest";
import {
  CLOSE_RANGES,
  closeVerdict,
  ERRORS,
  type ErrorCode,
  MeshError,
} from "../../schema/errors.ts";

const codes = Object.keys(ERRORS) as ErrorCode[];
const closing = codes.filter((code) => ERRORS[code].close !== null);

test("P4 every number is of one code", () => {
  expect(new Set(codes.map((code) => ERRORS[code].number)).size).toBe(codes.length);
});

test("P4 every close code is of one code", () => {
  expect(new Set(closing.map((code) => ERRORS[code].close)).size).toBe(closing.length);
});

test.each(codes)("P4 %s says what happened and what to do", (code) => {
  const { status, title, advice } = ERRORS[code];
  expect(title).toMatch(/^[A-Z].*\.$/);
  expect(advice).toMatch(/^[A-Z].*\.$/);
  if (status !== null) expect(status).toBeGreaterThanOrEqual(400);
});

test.each(closing)("a device treats the close code of %s as its retry says", (code) => {
  const { close, retry } = ERRORS[code];
  const verdicts = { later: "reconnect", reauthenticate: "reauthenticate", never: "stop" } as const;
  expect(closeVerdict(close ?? 0)).toBe(verdicts[retry]);
});

test("codes outside our ranges mean reconnect, and the ends of a range are in it", () => {
  for (const close of [1000, 1001, 1006, 1012, 3999, 4300, 4999]) {
    expect(closeVerdict(close)).toBe("reconnect");
  }
  for (const verdict of ["reconnect", "reauthenticate", "stop"] as const) {
    for (const end of CLOSE_RANGES[verdict]) expect(closeVerdict(end)).toBe(verdict);
  }
});

test("a MeshError carries its row, its detail and its cause", () => {
  const cause = new Error("inner");
  const error = new MeshError("field_invalid", "ttl is negative", { field: "ttl", cause });
  expect(error).toMatchObject({
    code: "field_invalid",
    field: "ttl",
    message: "ttl is negative",
    cause,
  });
  expect(error.row.status).toBe(400);
  expect(new MeshError("internal").message).toBe(ERRORS.internal.title);
});
