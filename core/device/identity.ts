/** Conversion of internal app names to the IDs that devices and app servers see. */
import type { Registration as WireRegistration } from "../../schema/generated/link.ts";
import type { Registration } from "./registration.ts";

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
  { slot, record: { app }, generation }: Registration,
): WireRegistration {
  return { slot, appId: identity.appId(app), ...identity.registration(app, generation) };
}
