/** The device that asks for a link, according to its connect token. The edge verifies the token later. */
import { Buffer } from "node:buffer";
import { openCredential } from "../../../../core/identity/credential.ts";
import { deviceName } from "../../../../core/identity/device-id.ts";
import type { Keyring } from "../../../../core/identity/keyring.ts";
import { SEQ_EPOCH_MS } from "../../../../core/message/clock.ts";
import type { RequestHead } from "../http/head.ts";

/** Whether an app is or was registered on the device of this name, so that something of it is stored. */
export type IsRegistered = (name: string) => boolean;

const CONNECT_TOKEN = /(?:^|[\s,])pushmesh\.token\.[\w-]+\.([\w-]+)\./;

interface ConnectingDevice {
  readonly name: string;
  /** When the account was made, to the second: milliseconds since 1970. Long ago for an account of an older version. */
  readonly madeAt: number;
}

/** @returns null without a token, or if this mesh did not issue its credential */
export function connectingDevice(
  keyring: Keyring,
  fields: RequestHead["fields"],
): ConnectingDevice | null {
  const token = CONNECT_TOKEN.exec(fields.get("sec-websocket-protocol") ?? "");
  const credential = token === null ? null : credentialOf(token[1] ?? "");
  if (credential === null) return null;
  const parts = openCredential(keyring, credential);
  if (parts === undefined) return null;
  // The generation of a new account is the time in seconds: see core/device/account.
  const madeAt = SEQ_EPOCH_MS + parts.generation * 1_000;
  return { name: deviceName(parts.deviceId), madeAt };
}

/** The credential in the payload of a connect token. */
function credentialOf(payload: string): string | null {
  try {
    const { cred } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { cred?: unknown };
    return typeof cred === "string" ? cred : null;
  } catch {
    return null;
  }
}
