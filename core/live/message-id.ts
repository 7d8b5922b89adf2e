/** The public ID of a broadcast. */
import { formatMessageId } from "../../schema/text.ts";
import type { Keyring } from "../identity/keyring.ts";
import type { LogEntry } from "../tag/calls/broadcast.ts";
import { sealSource, tagIdOf } from "../tag/name.ts";

/** @param app base64url of the app's 8 bytes */
export function broadcastId(
  keyring: Keyring,
  app: string,
  { seq, key, cover }: Pick<LogEntry, "seq" | "key" | "cover">,
): string {
  const regId = sealSource(keyring, app, tagIdOf(app, cover[0] ?? ""));
  return formatMessageId({ seq, key, regId });
}
