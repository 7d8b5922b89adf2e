/** The only calls that the edge and the objects make to each other. Arguments and answers are plain data. */
import type {
  OpenAccountAnswer,
  OpenAccountRequest,
  SendAnswer,
  SendRequest,
  StatusAnswer,
  StatusRequest,
} from "../../core/device/types.ts";
import type { AppLine, DevicePart } from "../../schema/export.ts";

/** One device: addressed by name, the base64url of its 16-byte device ID. */
export interface DeviceRpc {
  openAccount(request: OpenAccountRequest): Promise<OpenAccountAnswer>;
  send(request: SendRequest): Promise<SendAnswer>;
  status(request: StatusRequest): Promise<StatusAnswer>;
  /** Closes the link, if there is one, with `going_away`. */
  drain(): Promise<void>;
}

/**
 * A connect request that the edge has authenticated reaches the device object by `fetch`, with these
 * headers in place of the caller's own; the object trusts them because only the edge can call it.
 */
export const CONNECT_HEADERS = {
  /** Decimal. */
  generation: "x-pushmesh-generation",
  /** Raw public key in base64url. */
  publicKey: "x-pushmesh-key",
  /** The token's `jti`. */
  tokenId: "x-pushmesh-jti",
  /** The token's `exp`, seconds. */
  tokenExpires: "x-pushmesh-exp",
} as const;

/** A sending key as the edge needs it to verify a signature. */
export interface AppKey {
  readonly keyId: string;
  readonly algorithm: "hmac-sha256" | "ed25519";
  /** HMAC secret, or raw Ed25519 public key. */
  readonly material: Uint8Array;
  readonly createdAt: number;
}

/** What the edge caches of an app. Revoked keys are not in it. */
export interface AppRecord {
  readonly appId: string;
  readonly name: string;
  readonly createdAt: number;
  readonly keys: readonly AppKey[];
}

/** One app: addressed by name, its appId. */
export interface AppRpc {
  create(name: string): Promise<AppRecord>;
  /** Null where the app was never created. */
  record(): Promise<AppRecord | null>;
  /** Null where the app was never created; "full" at LIMITS.APP_KEYS. */
  addKey(algorithm: AppKey["algorithm"], material: Uint8Array): Promise<AppKey | "full" | null>;
  /** False where there is no such key. */
  revokeKey(keyId: string): Promise<boolean>;
}

/**
 * What an import asks of objects that hold nothing yet. No route leads here: hosts/ alone calls it, on a mesh that
 * serves nobody.
 */
export interface DeviceImportRpc {
  /** Writes some lines of this device, in their order; the first of all is its `device` line. */
  write(parts: readonly DevicePart[]): Promise<void>;
}

export interface AppImportRpc {
  write(line: AppLine): Promise<void>;
}

/** Name of the one object that lists the apps of a mesh. */
export const APP_DIRECTORY_NAME = "apps";

/** The list of apps of a mesh. */
export interface AppDirectoryRpc {
  /** False at LIMITS.APPS. */
  add(entry: { appId: string; name: string; createdAt: number }): Promise<boolean>;
  list(): Promise<readonly { appId: string; name: string; createdAt: number }[]>;
}
