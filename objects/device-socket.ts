/** The socket of a device: who the edge says it is, and how it is closed. */
import type { Claims } from "../core/device/account.ts";
import { ERRORS, type ErrorCode } from "../schema/errors.ts";
import { closeReason } from "./close.ts";
import { CONNECT_HEADERS } from "./interfaces/rpc.ts";

/** What the edge verified before it let a connect request through. */
export function claimsOf(headers: Headers): Claims {
  return {
    generation: Number(headers.get(CONNECT_HEADERS.generation)),
    publicKey: headers.get(CONNECT_HEADERS.publicKey) ?? "",
    tokenId: headers.get(CONNECT_HEADERS.tokenId) ?? "",
    tokenExpires: Number(headers.get(CONNECT_HEADERS.tokenExpires)),
  };
}

/** Closes it with the number and the reason of an error. */
export function close(socket: WebSocket, code: ErrorCode, detail: string): void {
  const number = ERRORS[code].close;
  if (number === null) throw new Error(`${code} closes no link`);
  finish(socket, number, closeReason(code, detail));
}

/** Closes it, if it is not closed yet. */
export function finish(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // The peer may have closed it first: it is gone either way.
  }
}
