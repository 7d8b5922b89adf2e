/** Has a broadcast taken by one root, whoever asks for it again: see B4. */
import type { Refused } from "../message/refusal.ts";
import type { BroadcastAnswer, BroadcastStatus } from "./types.ts";

/** The tag whose root took a broadcast, and the number that it gave. */
export interface Accepted {
  readonly tag: string;
  readonly seq: number;
}

/**
 * The root that took this very broadcast before. Between a request and its repetition counts move, and tags get their first
 * members: the roots that would be asked now may be others, so that each is asked that could have been.
 *
 * @param tags of all covers that the broadcast may have
 * @param ask what the root of a tag knows of the broadcast; null for nothing
 * @throws what a root's call rejects with, where none of the others has it: it may be the one that took it
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
 * Asks the roots of a cover in turn until one takes it: a tag that nobody ever joined has nobody to tell.
 *
 * @param ask gives the broadcast to the root of a tag, for this tag and those behind it in the cover
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
