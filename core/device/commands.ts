/** Checks and carries out commands about tags and aliases, from the device or the app server. */
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Context } from "../link/effects.ts";
import type { Aliases } from "./aliases/aliases.ts";
import { aliasProblem, tagProblem, utf8Length } from "./name-rules.ts";
import type { PendingCommand } from "./pending-command.ts";
import type { Registration } from "./registration.ts";
import type { Tags } from "./tags/tags.ts";

/** Bytes of names in one part of a description: with the length prefixes of 2,000 tags it stays under FRAME_BYTES. */
const PART_BYTES = 32_768;

/** Joins and leaves tags; a tag in both lists is joined. @returns a refusal; null if `command` gets the answer */
export function changeTags(
  tags: Tags,
  registration: Registration,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
  by: "device" | "server",
  command: PendingCommand,
  context: Context,
): MeshError | null {
  for (const tag of [...add, ...remove]) {
    const problem = tagProblem(tag);
    if (problem !== null) return problem;
  }
  const leaving = tags.leaving(registration.slot);
  if (leaving > LIMITS.TAGS_LEAVING) {
    return new MeshError("overloaded", `the registration is still leaving ${leaving} tags`, {
      retryAfterMs: 1_000,
    });
  }
  const all = new Set(tags.of(registration.slot));
  for (const tag of remove) all.delete(tag);
  const before = all.size;
  for (const tag of add) all.add(tag);
  if (all.size > LIMITS.TAGS && all.size > before) {
    return new MeshError("too_many_tags", `${all.size} tags, at most ${LIMITS.TAGS}`);
  }
  const joined = new Set(add);
  for (const tag of new Set(remove)) {
    // Also a tag that is being left already: the command then waits for that leave.
    if (!joined.has(tag)) tags.leave(registration, tag, command, context);
  }
  for (const tag of joined) tags.join(registration, tag, command, context, by === "server");
  return null;
}

/** Sets or removes an alias. @returns as `changeTags` */
export function changeAlias(
  aliases: Aliases,
  registration: Registration,
  {
    alias,
    held,
    shared,
  }: { readonly alias: string; readonly held: boolean; readonly shared: boolean },
  by: "device" | "server",
  command: PendingCommand,
  context: Context,
): MeshError | null {
  const problem = aliasProblem(alias);
  if (problem !== null) return problem;
  const wish = { alias, shared, byServer: by === "server" };
  if (held) return aliases.set(registration, wish, command, context);
  aliases.unset(registration, alias, command, context);
  return null;
}

/** Splits the tags and aliases of a registration into parts that each fit into a frame. */
export function splitDescription(tags: readonly string[], aliases: readonly string[]) {
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
