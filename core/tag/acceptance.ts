/** Has a broadcast accepted by one root, even if its request is repeated: see B4 in docs/spec.md. */
import type { Refused } from "../message/refusal.ts";
import type { BroadcastAnswer, BroadcastStatus } from "./calls/broadcast.ts";

/** The tag whose root accepted a broadcast, and the number it gave. */
export interface Accepted {
  readonly tag: string;
  readonly seq: number;
}

/**
 * Finds the root that accepted this broadcast before. Between a request and its repetition, counts change and tags get their first
 * members, so the cover may differ. Therefore all roots are asked that the first request may have used.
 *
 * @param tags of all covers that the broadcast may have
 * @param ask asks the root of a tag about the broadcast; resolves to null if it does not have it
 * @throws the error of a failed call if no other root has the broadcast: the failed one may have it
 */
export async function acceptedBefore(
  tags: readonly string[],
  ask: (tag: string) => Promise<Pick<BroadcastStatus, "first" | "seq"> | null>,
): Promise<Accepted | null> {
  const asked = await Promise.allSettled(tags.map(ask));
  let failed: PromiseRejectedResult | null = null;
  for (const answer of asked) {
    if (answer.status === "rejected") failed ??= answer;
    else if (answer.value !== null) return { tag: answer.value.first, seq: answer.value.seq };
  }
  if (failed !== null) throw failed.reason;
  return null;
}

/**
 * Asks the roots of a cover in turn until one accepts the broadcast, skipping tags that nobody ever joined.
 *
 * @param ask sends the broadcast to the root of a tag, for this tag and those after it in the cover
 */
export async function firstToAccept(
  cover: readonly string[],
  ask: (tag: string, cover: readonly string[]) => Promise<BroadcastAnswer>,
): Promise<({ readonly ok: true } & Accepted) | Refused> {
  for (const [at, tag] of cover.entries()) {
    const answer = await ask(tag, cover.slice(at));
    if (answer.ok) return { ok: true, tag, seq: answer.seq };
    if (answer.code !== "tag_unknown") return answer;
  }
  return { ok: false, code: "tag_unknown" };
}
