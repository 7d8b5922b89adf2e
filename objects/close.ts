/** How the mesh closes a link, or the WebSocket of a listener, at the edge and in objects alike. */
import { ERRORS, type ErrorCode } from "../schema/errors.ts";

/** RFC 6455 §7.4.1. */
export const NORMAL_CLOSURE = 1000;

/** The subprotocol of the device link. */
export const LINK_SUBPROTOCOL = "pushmesh.v1";

/** For an error that has no close code of its own: `internal`'s. */
const INTERNAL_CLOSE = 4003;

/** RFC 6455 §5.5.1: a close frame holds 125 bytes, two of them the code. */
const REASON_BYTES = 123;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The number that a socket is closed with for an error. */
export const closeCodeOf = (code: ErrorCode): number => ERRORS[code].close ?? INTERNAL_CLOSE;

/** `<error name>: <detail>`, cut at a character's end to what a close frame holds. */
export function closeReason(code: ErrorCode, detail: string): string {
  const bytes = encoder.encode(detail === "" ? code : `${code}: ${detail}`);
  if (bytes.length <= REASON_BYTES) return decoder.decode(bytes);
  // A character cut in two decodes to U+FFFD at the end.
  return decoder.decode(bytes.subarray(0, REASON_BYTES - 2)).replace(/\uFFFD$/, "");
}

/** Closes a socket, if it is not closed yet. */
export function finish(
  socket: { close(code: number, reason: string): void },
  code: number,
  reason: string,
): void {
  try {
    socket.close(code, reason);
  } catch {
    // The peer may have closed it first: it is gone either way.
  }
}
