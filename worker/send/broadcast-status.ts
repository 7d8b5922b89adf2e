/** What routes tell about broadcasts. */
import type { BroadcastStatus } from "../../core/tag/calls/broadcast.ts";
import { openSource } from "../../core/tag/name.ts";
import { MeshError } from "../../schema/errors.ts";
import type { MeshContext } from "../context.ts";
import type { Caller } from "../request/signed.ts";

/** @returns the ID of the tag whose root accepted the broadcast. @throws MeshError `message_id_invalid` if it is not the caller's */
export function openOwnSource(c: MeshContext, { appName }: Caller, source: string): string {
  const tagId = openSource(c.get("config").keyring, appName, source);
  if (tagId === undefined) throw new MeshError("message_id_invalid");
  return tagId;
}

/** The counts of a status, without what only the mesh knows. */
export function progressOf(status: BroadcastStatus) {
  const { seq: _, first: __, isRecall: ___, recalledAt: ____, sendAt: _____, ...progress } = status;
  return progress;
}
