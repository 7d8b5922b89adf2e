/** What strangers and app servers may make a host hold. */
import { expect, test } from "vitest";
import { Unread, UnreadPart } from "../../../../hosts/machine/net/admission/unread.ts";
import { LIMITS } from "../../../../schema/limits.ts";

const { UNREAD_STRANGERS_BYTES: STRANGERS, UNREAD_BYTES: ALL } = LIMITS;

test("P8.16 strangers have half of the room, and who names a good key what is left", () => {
  const all = new Unread();
  const parts = Array.from({ length: 4 }, () => new UnreadPart(all));
  const [stranger, other, sender, late] = parts as [UnreadPart, UnreadPart, UnreadPart, UnreadPart];
  expect(stranger.hold(STRANGERS)).toBe(true);
  expect(other.hold(1)).toBe(false);
  other.hold(0);
  sender.isKnown = true;
  expect(sender.hold(ALL - STRANGERS)).toBe(true);
  expect(sender.hold(ALL - STRANGERS + 1)).toBe(false);
  late.isKnown = true;
  expect(late.hold(1)).toBe(false);
  for (const part of parts) part.hold(0);
  expect(all).toEqual({ bytes: 0, strangersBytes: 0 });
});

test("P8.16 a request counts as what its head names, also what came before its key was read", () => {
  const all = new Unread();
  const part = new UnreadPart(all);
  part.hold(100);
  expect(all.strangersBytes).toBe(100);
  part.isKnown = true;
  expect(all).toEqual({ bytes: 100, strangersBytes: 0 });
  part.isKnown = false;
  part.hold(40);
  expect(all).toEqual({ bytes: 40, strangersBytes: 40 });
});
