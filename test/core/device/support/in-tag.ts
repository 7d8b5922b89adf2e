/** A device that is in tag "x", and the pages that its node answers with. */
import type { LogEntry } from "../../../../core/tag/calls/broadcast.ts";
import type { AttachAnswer } from "../../../../core/tag/calls/membership.ts";
import type { Broadcast } from "../../../../schema/generated/link.ts";
import { broadcastsIn, type deliver } from "./broadcasts.ts";
import { Rig } from "./rig.ts";

/** Online and in "x", its nodes calling. */
export function inX(): Rig {
  const rig = Rig.online();
  rig.answerCalls();
  rig.subscribe("x");
  rig.take();
  return rig;
}

export const take = (rig: Rig): Broadcast[] => broadcastsIn(rig.take());
export const positions = (broadcasts: readonly Broadcast[]) =>
  broadcasts.map(({ position }) => position);
export const refOf = (rig: Rig, tag = "x"): number =>
  [...rig.store.tags.values()].find((record) => record.tag === tag)?.ref ?? 0;

/** Answers the next call, which has to be an attach, with a page. */
export function page(rig: Rig, entries: LogEntry[], upTo: number, more = false) {
  const answer: AttachAnswer = { kind: "attached", upTo, more, entries };
  const { call } = rig.answerCall({ ok: true, answer });
  if (call.method !== "attach") throw new Error(`${call.method} came`);
  return call.request.after;
}

/** Loses the link, opens another, and answers the tag of all devices; the call of "x" is left. */
export function reconnect(rig: Rig, greeting = {}): void {
  rig.lose();
  rig.connect({ attach: [1], ...greeting });
  rig.take();
  page(rig, [], 0);
}

export const outcome = (rig: Rig, answer: ReturnType<typeof deliver>): unknown => {
  const given = typeof answer === "number" ? rig.answers.get(answer) : answer;
  return given?.ok && "outcome" in given ? given.outcome : given;
};
