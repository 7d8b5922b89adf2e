/** Sends one message to many registrations or aliases, with a result for each. */
import type { MeshError } from "../../schema/errors.ts";
import type { SendBody, SingleTarget, TargetResult } from "../../schema/http.ts";
import { aliasText } from "../../schema/http.ts";
import type { CallContext } from "../context.ts";
import { parseValue } from "../request/body.ts";
import { sendEach } from "./each.ts";
import {
  FOR_ONE,
  fingerprintOfContent,
  type Outgoing,
  requireNoBroadcastFields,
  requireUnused,
} from "./message.ts";
import { takeTokens, useOf } from "./quota.ts";
import { toldResult } from "./results.ts";
import type { SendOutcome } from "./send.ts";

/** Many registrations, or many aliases. */
export type TargetList = Extract<
  SendBody["to"],
  { readonly regIds: unknown } | { readonly aliases: unknown }
>;

interface SentToList {
  /** A result for each target, in the order of the request. */
  readonly results: readonly TargetResult[];
  readonly outcomes: readonly (SendOutcome | MeshError)[];
}

/**
 * Each target takes a token of the quota, and one that is named twice takes one. The message is the same for all: a key that was used for
 * another message is refused by each target that knows it.
 *
 * @throws MeshError if an option is wrong for all
 */
export async function sendToList(
  c: CallContext,
  to: TargetList,
  message: Omit<Outgoing<SingleTarget>, "to" | "fingerprint">,
): Promise<SentToList> {
  const { caller, basis, options, content } = message;
  requireNoBroadcastFields(options);
  requireUnused(options, ["encrypted"], FOR_ONE);
  const fingerprint = fingerprintOfContent(basis, options, content);
  const names = "regIds" in to ? to.regIds : to.aliases;
  const distinct = [...new Set(names)];
  const tokens = await takeTokens(c, caller, distinct.length, useOf(to, options));
  const sent = await sendEach(c, distinct.length, message.waitMs, (at) => {
    if (at >= tokens.granted) throw tokens.refusal();
    const heldUntil = tokens.at(at);
    return { ...message, fingerprint, to: targetOf(to, distinct[at] ?? ""), heldUntil };
  });
  const places = new Map(distinct.map((name, at) => [name, at]));
  const outcomes = names.map((name) => sent[places.get(name) ?? 0] as SendOutcome | MeshError);
  const results = outcomes.map(
    (outcome, at) => ({ to: names[at], ...toldResult(outcome) }) as TargetResult,
  );
  return { results, outcomes };
}

function targetOf(to: TargetList, name: string): SingleTarget {
  if ("regIds" in to) return name;
  return { alias: parseValue(aliasText, name), firstAckWins: to.firstAckWins };
}
