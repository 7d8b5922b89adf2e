/** Options and events of the public client. */
import type { Log } from "../../log.ts";
import { BOOLEAN, FUNCTION, invalidOption, type Rules, SIGNAL } from "../../options.ts";
import type { StandardSchema } from "../../standard-schema.ts";
import { optionInvalid, type PushError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { ClientPort, Command, LinkStateName } from "../port.ts";
import type { Storage } from "../storage/storage.ts";
import type { Encryption } from "./encryption.ts";
import type { GrantCallback } from "./grants.ts";
import type { PushData, PushMessage } from "./message.ts";

/** A change of the link's state. */
export interface StateChange {
  readonly state: LinkStateName;
  /** Why the link ended: with `waiting`, and with a `closed` that the app did not ask for. */
  readonly error?: PushError | undefined;
  /** With `waiting`: milliseconds from the change until the next attempt. */
  readonly retryInMs?: number | undefined;
  /** With `waiting`: when the next attempt is, on the clock of this device, milliseconds since 1970. */
  readonly retryAt?: number | undefined;
}

/** Attributes that broadcasts can filter by, for `setAttributes`. */
export interface Attributes {
  /** For example "android", "ios" or "web"; lower case. */
  readonly platform?: string | undefined;
  /** Numbers separated by dots, such as "2.10.0": compared number by number. */
  readonly appVersion?: string | undefined;
  /** A BCP 47 language tag, such as "de-CH". */
  readonly locale?: string | undefined;
  /** Up to 32 custom attributes: names of up to 64 bytes of UTF-8, values of up to 128. */
  readonly custom?: Readonly<Record<string, string>> | undefined;
}

/** Options of every call that waits for the mesh. */
export interface CallOptions {
  /**
   * Ends the wait; the promise rejects with its reason. A command that was not sent yet is dropped; one that was sent may
   * still be carried out.
   */
  readonly signal?: AbortSignal | undefined;
}

/** What a device sends to its app's server. */
export type UpstreamData = string | Readonly<Record<string, unknown>> | Uint8Array;

export interface UpstreamOptions extends CallOptions {
  /** Names the message: another one with the same key is the same message, for three days. 1 to 32 bytes of UTF-8. Default: random. */
  readonly key?: string | undefined;
}

/** Options of `once`. */
export interface OnceOptions<T = PushData> extends CallOptions {
  /** Which message it waits for. Default: the next one. */
  readonly filter?: ((message: PushMessage<T>) => boolean) | undefined;
}

export interface RegisterOptions extends CallOptions {
  /** Gets another grant also if the app is registered: for what its user may do now. */
  readonly renew?: boolean | undefined;
}

export interface AliasOptions extends CallOptions {
  /**
   * False, the default: this registration has the alias alone, and the previous holder loses it (see `onAliasLost`). True: up to 128
   * registrations have it together, such as a user's devices.
   */
  readonly shared?: boolean | undefined;
}

export interface ClientOptions<T = PushData> {
  /** The appId that `pushmesh app create` printed. */
  readonly appId: string;
  /** A port to the device's push service. */
  readonly port: ClientPort;
  /** Stores the regId, the duplicate window and the cursors. */
  readonly storage: Storage;
  readonly host: Host;
  /** Decrypts messages: `webPushEncryption()` of `pushmesh/encryption`. One for each client. */
  readonly encryption?: Encryption | undefined;
  /** See `ConnectOptions.grant`. */
  readonly grant?: GrantCallback | undefined;
  /**
   * URL of the mesh, or several endpoints of it, as `startService` has it. With it, the app and the mesh seal what they send each other, so that
   * the push service and its other apps can neither read nor forge it. Default: none; then they can. Needs a push service of this
   * version.
   */
  readonly url?: string | readonly string[] | undefined;
  /** See `ConnectOptions.sealed`. */
  readonly sealed?: boolean | undefined;
  /** See `ConnectOptions.schema`. */
  readonly schema?: StandardSchema<unknown, T> | undefined;
  /** See `ConnectOptions.log`. */
  readonly log?: Log | undefined;
  /** Ends the wait for the stored state; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called once when the client has left. */
  readonly onClosed?: () => void;
}

/** @throws PushError `option_invalid` if the appId is malformed, for example a path, which file storage would use. */
export function checkAppId(appId: unknown): void {
  if (typeof appId === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(appId)) return;
  throw optionInvalid(`appId: 1 to 64 of A-Z a-z 0-9 - _; got ${JSON.stringify(appId)}.`);
}

/** @throws PushError `option_invalid` that names the first missing option. */
export function requireOptions(options: Readonly<Record<string, unknown>>): void {
  for (const name in options) {
    if (options[name]) continue;
    throw optionInvalid(`${name}: must be given`);
  }
}

/** Of `register`, `setAlias`, `once` and all other calls that wait. */
const CALL: Rules = { signal: SIGNAL, renew: BOOLEAN, shared: BOOLEAN, filter: FUNCTION };

/** The error `option_invalid` that names the first option of a call that is not valid; undefined if there is none. */
export function callError(options: object): PushError | undefined {
  const message =
    Object(options) === options ? invalidOption(options, CALL) : "options: must be an object";
  return message === undefined ? undefined : optionInvalid(message);
}

/** The command that reports the attributes. */
export function reportOf({ platform, appVersion, locale, custom = {} }: Attributes): Command {
  const attributes = Object.entries(custom).map(([name, value]) => ({ name, value }));
  return { kind: "report", platform, appVersion, locale, attributes };
}
