import { expect, test } from "vitest";
import { closeCodeOf } from "../../objects/close.ts";
import { SocketSink } from "../../objects/live/live-socket.ts";
import { closeVerdict, ERRORS, type ErrorCode } from "../../schema/errors.ts";

const OWN = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => ERRORS[code].close !== null);

test("L4 a socket is closed with the error's own code, or as `internal` is", () => {
  for (const code of OWN) expect(closeCodeOf(code), code).toBe(ERRORS[code].close);
  expect(closeCodeOf("overloaded")).toBe(ERRORS.internal.close);
  expect(closeVerdict(closeCodeOf("overloaded"))).toBe("reconnect");
});

test("L4 so is a listener's WebSocket", () => {
  const closed: number[] = [];
  const socket = { bufferedAmount: 0, send: () => {}, close: (code: number) => closed.push(code) };
  new SocketSink(socket).close("overloaded");
  expect(closed).toEqual([4003]);
});
