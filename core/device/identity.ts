/** Conversion of internal app names to the IDs that devices and app servers see. */
import { settingsHash } from "../../schema/delivery.ts";
import { ERRORS } from "../../schema/errors.ts";
import type { Removed, Registration as WireRegistration } from "../../schema/generated/link.ts";
import type { Registration } from "./registration.ts";
import type { Removal } from "./store.ts";
import { lapseOf } from "./trust/standing.ts";

export interface DeviceIdentity {
  /** The regId of an app's registration on this device, and its `identity`, which stays the same when mesh keys rotate. */
  registration(
    app: string,
    generation: number,
  ): { readonly regId: string; readonly identity: string };
  /** The public appId of an app. */
  appId(app: string): string;
  /** The app of an appId; undefined if this mesh did not issue it. */
  openAppId(appId: string): string | undefined;
  /** The part of a broadcast's message ID after the dot: see `sealSource`. */
  source(app: string, tagId: string): string;
}

/** A registration as its device sees it. */
export function wireRegistration(
  identity: DeviceIdentity,
  { slot, record: { app }, generation, standing, seal, settings }: Registration,
  now: number,
): WireRegistration {
  const names = identity.registration(app, generation);
  const hash = settingsHash(settings);
  const told = { ...seal?.told(names), ...(hash === 0 ? {} : { delivery: hash }) };
  const named = { slot, appId: identity.appId(app), ...names, ...told };
  return lapseOf(standing, now) === null ? named : { ...named, lapsed: true };
}

/** A removal as its device sees it. @param slot of the registration that ended; 0 if it is forgotten */
export function wireRemoval(
  identity: DeviceIdentity,
  [app, bannedUntil]: Removal,
  slot: number,
  now: number,
): Removed {
  const name = bannedUntil > now ? "banned" : "removed";
  const { number: code, title, advice } = ERRORS[name];
  const about = { slot, code, name, message: `${title} ${advice}`, appId: identity.appId(app) };
  return name === "banned" ? { ...about, retryAfterMs: bannedUntil - now } : about;
}
