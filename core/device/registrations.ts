/** The registrations of a device: one per app, each with a small number, its slot. */
import { type DeliverySettings, settingsHash } from "../../schema/delivery.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { generationOf, lifeOf } from "../identity/reg-id.ts";
import type { Account } from "./account.ts";
import type { RecentKeys } from "./mail/recent-keys.ts";
import type { Part } from "./part.ts";
import { Registration } from "./registration.ts";
import type { SealingRecord } from "./sealing/seal.ts";
import type { RegistrationRecord, RegistrationStore } from "./store.ts";
import { isSame, NO_STANDING, type Standing } from "./trust/standing.ts";

/** What a registration that begins is stored with. */
export interface Beginning {
  /** What the app has decided about it. */
  readonly decided: Standing;
  /** Its key, if it has set one up. */
  readonly sealing: ((of: { app: string; generation: number }) => SealingRecord) | null;
}

/** Records kept: ended registrations are remembered, so that the status of their messages can be answered. */
const RECORDS = LIMITS.REGISTRATIONS * 2;

export class Registrations {
  readonly #store: RegistrationStore;
  readonly #account: Account;
  readonly #recentKeys: RecentKeys;
  readonly #bySlot = new Map<number, Registration>();
  readonly #byApp = new Map<string, Registration>();
  /** Those whose apps were found to be deleted: they end once the event is handled, because whoever found it may still use them. */
  readonly deleted = new Set<Registration>();

  constructor(store: RegistrationStore, account: Account, recentKeys: RecentKeys) {
    this.#store = store;
    this.#account = account;
    this.#recentKeys = recentKeys;
  }

  load(): void {
    for (const stored of this.#store.listRegistrations()) {
      const generation = stored.generation || this.#generationIn(0);
      this.#add(new Registration({ ...stored, generation }, this.#recentKeys));
    }
  }

  get bySlot(): ReadonlyMap<number, Registration> {
    return this.#bySlot;
  }

  /** All registrations that have not ended. */
  *active(): Generator<Registration> {
    for (const registration of this.#bySlot.values()) {
      if (registration.record.endedAt === null) yield registration;
    }
  }

  /** Whether there is any. */
  get hasActive(): boolean {
    return !this.active().next().done;
  }

  /** The registration of an app, ended or not. */
  ofApp(app: string): Registration | undefined {
    return this.#byApp.get(app);
  }

  /** The registration of an app, unless it has ended. */
  activeOf(app: string): Registration | undefined {
    const registration = this.#byApp.get(app);
    return registration?.record.endedAt === null ? registration : undefined;
  }

  /** The registration in a slot, unless it has ended. */
  inSlot(slot: number): Registration | undefined {
    const registration = this.#bySlot.get(slot);
    return registration?.record.endedAt === null ? registration : undefined;
  }

  /**
   * Registers an app. If it is registered, nothing changes; if its registration has ended, it begins another life in its slot.
   *
   * @param beginning ignored if it is registered
   * @param parts the device's parts: an ended registration is forgotten only when none of them has debts of it
   * @throws MeshError too_many_registrations; overloaded if no slot is free until tags or aliases have answered
   */
  open(app: string, beginning: Beginning, parts: readonly Part[], now: number): Registration {
    const known = this.#byApp.get(app);
    if (known !== undefined && known.record.endedAt === null) return known;
    if ([...this.active()].length >= LIMITS.REGISTRATIONS) {
      throw new MeshError("too_many_registrations", `at most ${LIMITS.REGISTRATIONS}`);
    }
    if (known !== undefined) {
      const generation = this.#generationIn(lifeOf(known.generation) + 1);
      known.record = {
        ...known.record,
        ...{ endedAt: null, generation, ...storedOf(beginning, app, generation) },
      };
      this.#store.putRegistration(known.record);
      return known;
    }
    const slot = this.#freeSlot(parts);
    const generation = this.#generationIn(this.#account.lives);
    const record = {
      ...{ slot, app, createdAt: now, endedAt: null, generation },
      ...storedOf(beginning, app, generation),
    };
    const registration = new Registration(record, this.#recentKeys);
    this.#store.putRegistration(registration.record);
    this.#add(registration);
    return registration;
  }

  /** Its app has decided about it. Writes one row if that changed anything. */
  decide(registration: Registration, decided: Standing): void {
    if (isSame(registration.standing, decided)) return;
    const { standing: _, ...record } = registration.record;
    const sealing = registration.seal === null ? {} : { sealing: registration.seal.record };
    registration.record = { ...record, ...stored(decided), ...sealing };
    this.#store.putRegistration(registration.record);
  }

  /** It has another key. Writes one row. */
  setSealing(registration: Registration, sealing: SealingRecord): void {
    registration.record = { ...registration.record, sealing };
    this.#store.putRegistration(registration.record);
  }

  /** How its device wants messages. Writes one row. */
  setDelivery(registration: Registration, settings: DeliverySettings): void {
    const { delivery: _, ...record } = registration.record;
    const isSet = settingsHash(settings) !== 0;
    registration.record = { ...record, ...(isSet ? { delivery: settings } : {}) };
    this.#store.putRegistration(registration.record);
  }

  end(registration: Registration, now: number): void {
    const { standing: _, sealing: __, delivery: ___, ...record } = registration.record;
    registration.quietUntil = null;
    registration.seal = null;
    registration.record = { ...record, endedAt: now };
    this.#store.putRegistration(registration.record);
  }

  /** Forgets a registration and its outcomes. */
  #drop(registration: Registration): void {
    this.#bySlot.delete(registration.slot);
    this.#byApp.delete(registration.record.app);
    this.#store.deleteRegistration(registration.slot);
    this.#account.retireLife(lifeOf(registration.generation));
  }

  #generationIn(life: number): number {
    return generationOf(this.#account.record?.generation ?? 0, life);
  }

  #add(registration: Registration): void {
    this.#bySlot.set(registration.slot, registration);
    this.#byApp.set(registration.record.app, registration);
  }

  #freeSlot(parts: readonly Part[]): number {
    if (this.#bySlot.size >= RECORDS) {
      const ended = [...this.#bySlot.values()].filter(({ record }) => record.endedAt !== null);
      ended.sort((a, b) => (a.record.endedAt ?? 0) - (b.record.endedAt ?? 0));
      const oldest = ended.find(({ slot }) => !parts.some((part) => part.owes(slot)));
      if (oldest === undefined) {
        const detail = `${ended.length} registrations are being ended`;
        throw new MeshError("overloaded", detail, { retryAfterMs: 1_000 });
      }
      this.#drop(oldest);
      for (const part of parts) part.forget(oldest.slot);
    }
    let slot = 1;
    while (this.#bySlot.has(slot)) slot++;
    return slot;
  }
}

const storedOf = ({ decided, sealing }: Beginning, app: string, generation: number) => ({
  ...stored(decided),
  ...(sealing === null ? {} : { sealing: sealing({ app, generation }) }),
});

const stored = (standing: Standing): Pick<RegistrationRecord, "standing"> =>
  isSame(standing, NO_STANDING) ? {} : { standing };
