/** The device that asks for a link, according to its connect token. The signature of the token is verified later. */
import { openCredential } from "../../core/identity/credential.ts";
import { deviceName } from "../../core/identity/device-id.ts";
import type { Keyring } from "../../core/identity/keyring.ts";
import { SEQ_EPOCH_MS } from "../../core/message/clock.ts";
import { fromBase64Url } from "../../schema/text.ts";

const CONNECT_TOKEN = /(?:^|[\s,])pushmesh\.token\.[\w-]+\.([\w-]+)\./;
const utf8 = new TextDecoder();
const NOTHING = new Uint8Array();

/** Whether an app is or was registered on the device of this name, so that something of it is stored. */
export type IsRegistered = (name: string) => boolean;

interface ConnectingDevice {
  readonly name: string;
  /** When the account was made, to the second: milliseconds since 1970. Long ago for an account of an older version. */
  readonly madeAt: number;
}

/**
 * @param protocols value of Sec-WebSocket-Protocol
 * @returns null without a token, or if this mesh did not issue its credential
 */
export function connectingDevice(
  keyring: Keyring,
  protocols: string | null | undefined,
): ConnectingDevice | null {
  const token = CONNECT_TOKEN.exec(protocols ?? "");
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
    const { cred } = JSON.parse(utf8.decode(fromBase64Url(payload) ?? NOTHING)) as {
      cred?: unknown;
    };
    return typeof cred === "string" ? cred : null;
  } catch {
    return null;
  }
}
