/** An entry of a tag's log without its data, as text of one column. Bytes are base64url. */
import { notificationBytes } from "../../core/message/options.ts";
import type { LogEntry } from "../../core/tag/calls/broadcast.ts";
import type { LogHeader } from "../../core/tag/store.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";

type StoredHeader = Omit<LogHeader, "key" | "signature" | "bytes"> & {
  readonly key: string;
  readonly signature: string | null;
};

export function headerText(entry: LogEntry): string {
  const { data: _, key, signature, ...rest } = entry;
  const stored: StoredHeader = {
    ...rest,
    key: toBase64Url(key),
    signature: signature === null ? null : toBase64Url(signature),
  };
  return JSON.stringify(stored);
}

/** @param dataBytes length of the entry's data */
export function headerOf(text: string, dataBytes: number): LogHeader {
  const { key, signature, ...rest } = JSON.parse(text) as StoredHeader;
  const { notification } = rest;
  return {
    ...rest,
    key: bytesOf(key),
    signature: signature === null ? null : bytesOf(signature),
    bytes: dataBytes + (notification === undefined ? 0 : notificationBytes(notification)),
  };
}

/** @param text written by `headerText` */
function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64Url(text);
  if (bytes === undefined) throw new Error("a row of the log is damaged");
  return bytes;
}
