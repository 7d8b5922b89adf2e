/** The interface of a device's parts (mail, tags, aliases). `Lifecycle`, `Registrations` and `Debts` call all parts in turn. */
import type { Context } from "../link/effects.ts";
import type { Registration } from "./registration.ts";

export interface Part {
  /** Reads the part's rows of all registrations. */
  load(registrations: ReadonlyMap<number, Registration>, now: number): void;
  /** The app starts to listen on the current link. `registration.attached` is already true. */
  attach(registration: Registration, context: Context): void;
  /** The app stops listening, or the link has ended. `registration.attached` is already false. */
  detach(registration: Registration, context: Context): void;
  /** The registration ends; this includes detaching it. Its record is marked as ended afterwards. */
  end(registration: Registration, context: Context): void;
  /** An ended registration begins another life in its slot; debts of the earlier life are kept apart. */
  reopen(slot: number): void;
  /** The slot becomes free: drops everything of it, so that its next registration inherits nothing. */
  forget(slot: number): void;
  /** Whether an ended registration of this slot has debts: other objects have not confirmed that it left. */
  owes(slot: number): boolean;
}
