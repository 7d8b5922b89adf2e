/** What the public layer takes and tells. */
import { PushError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { ClientPort, Command, LinkStateName } from "../port.ts";
import type { Storage } from "../storage/storage.ts";

/** A change of the link's state. */
export interface StateChange {
  readonly state: LinkStateName;
  /** Why the link ended, with `waiting` and with a `closed` that the app did not ask for. */
  readonly error?: PushError | undefined;
  /** With `waiting`: milliseconds until the next attempt. */
  readonly retryInMs?: number | undefined;
}

/** What broadcasts may be filtered by, as `setAttributes` takes it. */
export interface Attributes {
  /** Such as "android", "ios", "web"; lower case. */
  readonly platform?: string | undefined;
  /** Numbers separated by dots, such as "2.10.0": compared number by number. */
  readonly appVersion?: string | undefined;
  /** A language tag of BCP 47, such as "de-CH". */
  readonly locale?: string | undefined;
  /** Up to 32 names and values of the app's own: names of up to 64 bytes of UTF-8, values of up to 128. */
  readonly custom?: Readonly<Record<string, string>> | undefined;
}

/** What every call that waits for the mesh takes. */
export interface CallOptions {
  /**
   * Ends the wait; the promise rejects with its reason. What was not sent yet is not asked for; what was sent may be
   * carried out all the same.
   */
  readonly signal?: AbortSignal | undefined;
}

export interface ClientOptions {
  /** The appId that `pushmesh app create` printed. */
  readonly appId: string;
  /** A port to the device's push service. */
  readonly port: ClientPort;
  /** Keeps the regId, the duplicate window and the cursors. */
  readonly storage: Storage;
  readonly host: Host;
  /** Called once when the client has left. */
  readonly onClosed?: () => void;
}

/** @throws PushError `option_invalid` for an appId that cannot be one, such as a path in a file storage. */
export function checkAppId(appId: unknown): void {
  if (typeof appId === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(appId)) return;
  const message = `appId: 1 to 64 of A-Z a-z 0-9 - _; got ${JSON.stringify(appId)}.`;
  throw new PushError({ code: "option_invalid", message, retry: "never" });
}

/** @throws PushError `option_invalid` naming the first option that was not given. */
export function requireOptions(options: Readonly<Record<string, unknown>>): void {
  for (const name in options) {
    if (options[name]) continue;
    const message = `${name}: must be given`;
    throw new PushError({ code: "option_invalid", message, retry: "never" });
  }
}

/** For the mesh. */
export function reportOf({ platform, appVersion, locale, custom = {} }: Attributes): Command {
  const attributes = Object.entries(custom).map(([name, value]) => ({ name, value }));
  return { kind: "report", platform, appVersion, locale, attributes };
}
