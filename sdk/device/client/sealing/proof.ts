/** Which regIds an app gets: one that is another's would have its server send to that. */
import type { ToClient } from "../../port.ts";
import type { StoredRegistration } from "../registration.ts";
import type { Epochs } from "./epochs.ts";

/** The regId that an event gives the app, if any. */
export function regIdOf(event: ToClient): string | undefined {
  if (event.kind === "registration") return event.regId ?? undefined;
  const value = event.kind === "done" && event.value;
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Whether its regId is the one that the app has, or proven to be of the mesh. Anything else needs no proof. */
export async function isBelieved(
  event: ToClient,
  epochs: Epochs,
  registration: StoredRegistration,
): Promise<boolean> {
  const regId = regIdOf(event);
  if (regId === undefined || !epochs.state.isSealed) return true;
  const { identity, epoch, proof } = event as Extract<ToClient, { readonly kind: "registration" }>;
  const known = epochs.get(identity, epoch) ?? epochs.get("", epoch);
  if (identity && known && proof && (await epochs.proves(known, identity, regId, proof))) {
    epochs.bind(identity, epoch);
    return true;
  }
  return regId === registration.regId;
}
