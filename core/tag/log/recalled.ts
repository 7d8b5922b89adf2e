/** The broadcast that a recall is of: its number is in the recall, and its key follows from that of the recall. */
import { toBase64Url } from "../../../schema/text.ts";
import { seqTimeMs } from "../../message/clock.ts";
import type { LogEntry } from "../calls/broadcast.ts";
import type { LogHeader } from "../store.ts";

/** The key of the recall of a broadcast, and of the broadcast of a recall: all bits the other way round. So a repeated recall is recognized. */
export const recallKey = (key: Uint8Array): Uint8Array => key.map((byte) => ~byte);

/** Names a broadcast in every tag. Another one may have its key once they have forgotten it. */
export const broadcastName = ({ seq, key }: Pick<LogEntry, "seq" | "key">): string =>
  `${seq}.${toBase64Url(key)}`;

/** What a recall is of; null for any other broadcast. */
export const recalledBy = ({
  recalls,
  key,
}: Pick<LogEntry, "recalls" | "key">): Pick<LogEntry, "seq" | "key"> | null =>
  recalls === undefined ? null : { seq: recalls, key: recallKey(key) };

/** What is left of a broadcast that was recalled: its place, and what became of it so far. */
export function wipedBy(recall: LogEntry, recalled: LogHeader): LogEntry {
  const { bytes: _, notification: __, ...rest } = recalled;
  return { ...rest, data: new Uint8Array(), recalledAt: seqTimeMs(recall.seq) };
}
