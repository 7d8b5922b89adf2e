/** A device that holds aliases, and what it is asked about them. */
import { expect } from "vitest";
import type { SendRequest } from "../../../../core/message/send.ts";
import { DEVICE_NAME, keyOf, Rig, type SendFields } from "./rig.ts";

export const holder = { device: DEVICE_NAME, generation: 1 };
export const ofAlias = (alias: string) => ({ app: "a", alias, holder });

/** Online, with its calls answered. */
export function settled(): Rig {
  const rig = Rig.online();
  rig.answerCalls();
  rig.take();
  return rig;
}

export function command(rig: Rig, alias: string, held = true, shared?: boolean): void {
  const value = { request: 5, slot: 1, alias, held, ...(shared === undefined ? {} : { shared }) };
  rig.command({ kind: "setAlias", value });
}

/** Holds "me", shared. */
export function holding(): Rig {
  const rig = settled();
  command(rig, "me", true, true);
  rig.answerCalls();
  rig.take();
  return rig;
}

export const suspend = (rig: Rig, alias = "me") =>
  rig.run((context) => rig.device.suspendAlias({ app: "a", generation: 1, alias }, context));

/** The alias answers what a suspended holder asked. */
export const confirm = (rig: Rig, holds: boolean, shared = true) => {
  const { call } = rig.answerCall({ ok: true, answer: { holds, shared } });
  expect(call).toMatchObject({ method: "confirm", request: ofAlias("me") });
};

export const withdraw = (rig: Rig, key: string) =>
  rig.run((context) => rig.device.withdraw({ app: "a", generation: 1, key: keyOf(key) }, context));

export const rowsOf = (rig: Rig) => [...rig.store.aliases.values()].map(({ alias }) => alias);

/** What the standing registration says that it holds. */
export const held = (rig: Rig) => {
  const answer = rig.device.describe({ app: "a", generation: rig.generationOf("a") });
  return answer.ok ? answer.aliases : answer.code;
};

/** The one call that waits is of an alias, and is answered first. */
export function aliasFirst(rig: Rig): void {
  const at = rig.calls.findIndex(({ kind }) => kind === "alias");
  rig.calls.unshift(...rig.calls.splice(at, 1));
}

export const byAlias = (
  firstAckWins: boolean,
  fields: SendFields = {},
): SendFields & Pick<SendRequest, "alias"> => ({ ...fields, alias: { alias: "me", firstAckWins } });
