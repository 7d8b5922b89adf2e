/** What each part of a device (mail, tags, aliases) does as a registration comes and goes: `Lifecycle`, `Registrations` and `Debts` call all parts in turn. */
import type { Context } from "../link/effects.ts";
import type { Registration } from "./registration.ts";

export interface Part {
  /** Reads its rows of all registrations. */
  load(registrations: ReadonlyMap<number, Registration>, now: number): void;
  /** The app stops listening, or the link is lost. The registration says already that it is not attached. */
  detach(registration: Registration, context: Context): void;
  /** The registration ends. It is detached by this as well; its record is marked as ended afterwards. */
  end(registration: Registration, context: Context): void;
  /** An ended registration begins another life in its slot: what the earlier life still owes is kept apart. */
  outlive(slot: number): void;
  /** The slot becomes free: its next registration inherits nothing. */
  forget(slot: number): void;
  /** Whether other objects have not released an ended registration of this slot yet. */
  owes(slot: number): boolean;
}
