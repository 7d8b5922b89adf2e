/** The part of a WebSocket that a device's host uses. */
import { closeReason } from "../../../objects/close.ts";
import { ERRORS, type ErrorCode } from "../../../schema/errors.ts";

export interface DeviceSocket {
  readonly bufferedAmount: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code: number, reason: string): void;
}

export function sendTo(socket: DeviceSocket | null, frame: Uint8Array<ArrayBuffer>): void {
  try {
    socket?.send(frame);
  } catch {
    // It closed while this waited for the disk, and that event waits behind this.
  }
}

/** @throws Error for a code that closes no link */
export function closeWith(socket: DeviceSocket, code: ErrorCode, detail: string): void {
  const number = ERRORS[code].close;
  if (number === null) throw new Error(`${code} closes no link`);
  try {
    socket.close(number, closeReason(code, detail));
  } catch {
    // The peer may have closed it first: it is gone either way.
  }
}
