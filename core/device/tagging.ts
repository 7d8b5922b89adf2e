/** Commands about tags, aliases and attributes, from the device or the app's server alike: checked, then carried out. */
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Effects } from "../link/effects.ts";
import { EVERYONE } from "../condition/types.ts";
import { aliasProblem, tagProblem, utf8Length } from "./names.ts";
import type { PendingCommand } from "./pending-commands.ts";
import type { Registration } from "./registration.ts";
import type { Rooms } from "./rooms.ts";

/** Names in one part of a description, in bytes: with the lengths of 2,000 tags it stays under FRAME_BYTES. */
const PART_BYTES = 32_768;

/** A tag in both lists is joined. Null where the command is told. */
export function changeTags(
  { subscriptions }: Rooms,
  registration: Registration,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
  command: PendingCommand,
  now: number,
  effects: Effects,
): MeshError | null {
  for (const tag of [...add, ...remove]) {
    const problem = tagProblem(tag);
    if (problem !== null) return problem;
  }
  const leaving = subscriptions.leaving(registration.slot);
  if (leaving > LIMITS.TAGS_LEAVING) {
    return new MeshError("overloaded", `the registration is still leaving ${leaving} tags`, {
      retryAfterMs: 1_000,
    });
  }
  const tags = new Set(tagsOf({ subscriptions }, registration.slot));
  for (const tag of remove) tags.delete(tag);
  const before = tags.size;
  for (const tag of add) tags.add(tag);
  if (tags.size > LIMITS.TAGS && tags.size > before) {
    return new MeshError("too_many_tags", `${tags.size} tags, at most ${LIMITS.TAGS}`);
  }
  const joined = new Set(add);
  for (const tag of new Set(remove)) {
    // Also one that is being left: the answer is to say that it is gone.
    const one = subscriptions.rowOf(registration.slot, tag);
    if (one !== undefined && !joined.has(tag)) subscriptions.leave(one, command, now, effects);
  }
  for (const tag of joined) subscriptions.join(registration, tag, command, now, effects);
  return null;
}

/** Null where the command is told. */
export function changeAlias(
  { aliases }: Rooms,
  registration: Registration,
  {
    alias,
    held,
    shared,
  }: { readonly alias: string; readonly held: boolean; readonly shared: boolean },
  command: PendingCommand,
  now: number,
  effects: Effects,
): MeshError | null {
  const problem = aliasProblem(alias);
  if (problem !== null) return problem;
  if (held) return aliases.set(registration, alias, shared, command, now, effects);
  aliases.unset(registration, alias, command, now, effects);
  return null;
}

/** Tags that the app is in, without the one that all devices are in. */
export function tagsOf({ subscriptions }: Pick<Rooms, "subscriptions">, slot: number): string[] {
  const tags: string[] = [];
  for (const { wanted, record } of subscriptions.in(slot)) {
    if (wanted && record.tag !== EVERYONE) tags.push(record.tag);
  }
  return tags;
}

/** Cuts what a registration is in and holds into parts that fit into a frame. */
export function inParts(tags: readonly string[], aliases: readonly string[]) {
  const parts: { tags: string[]; aliases: readonly string[] }[] = [{ tags: [], aliases }];
  let bytes = 0;
  for (const tag of tags) {
    const length = utf8Length(tag) ?? 0;
    if (bytes + length > PART_BYTES) {
      parts.push({ tags: [], aliases: [] });
      bytes = 0;
    }
    parts.at(-1)?.tags.push(tag);
    bytes += length;
  }
  return parts;
}
