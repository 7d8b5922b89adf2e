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

/** Whether an event has to be opened, or to prove its regId. */
export const isChecked = (event: ToClient, { state }: Epochs): boolean =>
  event.kind === "sealed" || ((state.isSealed || "epoch" in event) && regIdOf(event) !== undefined);

/** Whether its regId is the one that the app has, or proven to be of the mesh. Anything else needs no proof. */
export async function isBelieved(
  event: ToClient,
  epochs: Epochs,
  registration: StoredRegistration,
): Promise<boolean> {
  const regId = regIdOf(event);
  if (regId === undefined) return true;
  const { identity, epoch, proof } = event as Extract<ToClient, { readonly kind: "registration" }>;
  const isProven = async () =>
    identity && epoch && proof && epochs.prove(identity, epoch, regId, proof);
  if (await isProven()) return true;
  if (epoch) {
    // Another client of the storage may have set it up since.
    await epochs.load().catch(() => {});
    if (await isProven()) return true;
  }
  return !epochs.state.isSealed || regId === registration.regId;
}
