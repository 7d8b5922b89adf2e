/**
 * The frames that an app and the mesh seal for each other. The key of a direction is HKDF-SHA256 of the epoch's secret, without a salt, with
 * the direction as info. It is part of the device SDK, so it is small.
 */
import { concat } from "./hpke.ts";

/** From the mesh, or from the device. Also the info by which the key of the direction is derived. */
export type Direction = "down" | "up";

/** The info by which the key of `Registration.proof` is derived, and the bytes of that. */
export const PROOF_INFO = "registration";
export const PROOF_BYTES = 16;

/** Bytes of the nonce in front of a ciphertext, and of the tag behind it. */
export const NONCE_BYTES = 12;
export const AUTH_TAG_BYTES = 16;

/** What a sealed frame is bound to. */
export interface SealedPlace {
  readonly direction: Direction;
  readonly appId: string;
  /** Registration.identity. */
  readonly identity: string;
  readonly epoch: number;
  readonly number: number;
  /** Welcome.session; of frames of the device only. */
  readonly session?: Uint8Array | undefined;
}

/** Changes the number in the associated data of a frame of the mesh, which is its end: much cheaper than making it again. */
export function renumber(context: Uint8Array<ArrayBuffer>, number: number): void {
  const last = new DataView(context.buffer, context.length - 8);
  last.setUint32(0, number / 2 ** 32);
  last.setUint32(4, number);
}

/** The associated data of a sealed frame. */
export function sealedContext(place: SealedPlace): Uint8Array<ArrayBuffer> {
  const { direction, appId, identity, epoch, number, session } = place;
  const numbers = new DataView(new ArrayBuffer(12));
  numbers.setUint32(0, epoch);
  numbers.setUint32(4, number / 2 ** 32);
  numbers.setUint32(8, number);
  const names = `${direction}\0${appId}\0${identity}\0`;
  return concat(names, new Uint8Array(numbers.buffer), session ?? "");
}
