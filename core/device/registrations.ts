/** The registrations of a device: one per app, each with a small number, its slot. */

import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { Registration } from "./registration.ts";
import type { RegistrationStore } from "./store.ts";

/** Ended registrations are remembered, so that their messages' outcomes can be told. */
const RECORDS = LIMITS.REGISTRATIONS * 2;

export class Registrations {
  readonly #store: RegistrationStore;
  readonly #onDrop: (slot: number) => void;
  readonly #bySlot = new Map<number, Registration>();
  readonly #byApp = new Map<string, Registration>();

  /** @param onDrop told of each slot that is free again, so that its heir inherits nothing */
  constructor(store: RegistrationStore, onDrop: (slot: number) => void) {
    this.#store = store;
    this.#onDrop = onDrop;
  }

  load(): void {
    for (const record of this.#store.listRegistrations()) this.#add(new Registration(record));
  }

  get bySlot(): ReadonlyMap<number, Registration> {
    return this.#bySlot;
  }

  /** All that stand. */
  *standing(): Generator<Registration> {
    for (const registration of this.#bySlot.values()) {
      if (registration.record.endedAt === null) yield registration;
    }
  }

  /** The registration of an app, ended or not. */
  ofApp(app: string): Registration | undefined {
    return this.#byApp.get(app);
  }

  /** The standing registration in a slot. */
  inSlot(slot: number): Registration | undefined {
    const registration = this.#bySlot.get(slot);
    return registration?.record.endedAt === null ? registration : undefined;
  }

  /**
   * Registers an app; one that is registered already stays as it is, one that ended comes back in its slot.
   *
   * @throws MeshError too_many_registrations
   */
  open(app: string, now: number): Registration {
    const known = this.#byApp.get(app);
    if (known !== undefined && known.record.endedAt === null) return known;
    if ([...this.standing()].length >= LIMITS.REGISTRATIONS) {
      throw new MeshError("too_many_registrations", `at most ${LIMITS.REGISTRATIONS}`);
    }
    if (known !== undefined) {
      known.record = { ...known.record, endedAt: null };
      this.#store.putRegistration(known.record);
      return known;
    }
    const slot = this.#freeSlot();
    const registration = new Registration({ slot, app, createdAt: now, endedAt: null });
    this.#store.putRegistration(registration.record);
    this.#add(registration);
    return registration;
  }

  end(registration: Registration, now: number): void {
    registration.record = { ...registration.record, endedAt: now };
    this.#store.putRegistration(registration.record);
  }

  /** Forgets a registration and its outcomes. */
  drop(registration: Registration): void {
    this.#bySlot.delete(registration.slot);
    this.#byApp.delete(registration.record.app);
    this.#store.deleteRegistration(registration.slot);
    this.#onDrop(registration.slot);
  }

  #add(registration: Registration): void {
    this.#bySlot.set(registration.slot, registration);
    this.#byApp.set(registration.record.app, registration);
  }

  #freeSlot(): number {
    if (this.#bySlot.size >= RECORDS) {
      const ended = [...this.#bySlot.values()].filter(({ record }) => record.endedAt !== null);
      ended.sort((a, b) => (a.record.endedAt ?? 0) - (b.record.endedAt ?? 0));
      const oldest = ended[0];
      if (oldest !== undefined) this.drop(oldest);
    }
    let slot = 1;
    while (this.#bySlot.has(slot)) slot++;
    return slot;
  }
}
