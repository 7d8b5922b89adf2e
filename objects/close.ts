/** How the mesh closes a WebSocket, of a device or of a listener, at the edge and in objects alike. */
import { ERRORS, type ErrorCode } from "../schema/errors.ts";

/** RFC 6455 §7.4.1. */
export const NORMAL_CLOSURE = 1000;

/** The subprotocol of the device link. */
export const LINK_SUBPROTOCOL = "pushmesh.v1";

/** Of `internal`, for errors without a close code of their own. */
const INTERNAL_CLOSE = 4003;

/** RFC 6455 §5.5.1: a close frame holds 125 bytes, two of them the code. */
const REASON_BYTES = 123;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The close code of an error. */
export const closeCodeOf = (code: ErrorCode): number => ERRORS[code].close ?? INTERNAL_CLOSE;

/** `<error name>: <detail>`, cut to the length of a close frame at the end of a character. */
export function closeReason(code: ErrorCode, detail: string): string {
  const bytes = encoder.encode(detail === "" ? code : `${code}: ${detail}`);
  if (bytes.length <= REASON_BYTES) return decoder.decode(bytes);
  // A character cut in two decodes to U+FFFD at the end.
  return decoder.decode(bytes.subarray(0, REASON_BYTES - 2)).replace(/\uFFFD$/, "");
}

interface Closable {
  close(code: number, reason: string): void;
}

/** Closes a socket, unless it is closed already, with the close code and reason of an error. */
export const closeWith = (socket: Closable, code: ErrorCode, detail: string): void =>
  finish(socket, closeCodeOf(code), closeReason(code, detail));

/** Closes a socket, unless it is closed already. */
export function finish(socket: Closable, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // The peer may have closed it first.
  }
}
