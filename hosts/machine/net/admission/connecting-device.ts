/** Whose link a request asks for, as its connect token says: who it is, is for the edge to check. */
import { Buffer } from "node:buffer";
import { openCredential } from "../../../../core/identity/credential.ts";
import { deviceName } from "../../../../core/identity/device-id.ts";
import type { Keyring } from "../../../../core/identity/keyring.ts";
import { SEQ_EPOCH_MS } from "../../../../core/message/clock.ts";
import type { RequestHead } from "../http/head.ts";

/** Whether an app is registered on the device of this name, or was: whether anything of it is stored. */
export type IsRegistered = (name: string) => boolean;

const CONNECT_TOKEN = /(?:^|[\s,])pushmesh\.token\.[\w-]+\.([\w-]+)\./;

export interface ConnectingDevice {
  readonly name: string;
  /** Milliseconds since 1970, to the second; long ago for an account of an older version. */
  readonly madeAt: number;
}

/** @returns null where there is no token, or no credential in it that this mesh made */
export function connectingDevice(
  keyring: Keyring,
  fields: RequestHead["fields"],
): ConnectingDevice | null {
  const token = CONNECT_TOKEN.exec(fields.get("sec-websocket-protocol") ?? "");
  const credential = token === null ? null : credentialOf(token[1] ?? "");
  if (credential === null) return null;
  const parts = openCredential(keyring, credential);
  if (parts === undefined) return null;
  // Of an account that was made anew it is the time, in seconds: see core/device/account.
  const madeAt = SEQ_EPOCH_MS + parts.generation * 1_000;
  return { name: deviceName(parts.deviceId), madeAt };
}

/** What the payload of a connect token says its credential is. */
function credentialOf(payload: string): string | null {
  try {
    const { cred } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { cred?: unknown };
    return typeof cred === "string" ? cred : null;
  } catch {
    return null;
  }
}
