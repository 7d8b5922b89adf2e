/** Begins, attaches, detaches and ends registrations: each step calls all parts of the device in turn. */
import type { Admitted } from "../app/admission.ts";
import type { Context } from "../link/effects.ts";
import type { HybridClock } from "../message/clock.ts";
import type { Account } from "./account.ts";
import type { CurrentLink } from "./current-link.ts";
import type { Debts } from "./debts.ts";
import type { PublishedKeys } from "./encryption/published-keys.ts";
import { type DeviceIdentity, wireRegistration } from "./identity.ts";
import type { Part } from "./part.ts";
import type { Registration } from "./registration.ts";
import type { Beginning, Registrations } from "./registrations.ts";
import type { Removals } from "./removals.ts";
import type { Tags } from "./tags/tags.ts";
import { lapseOf, lapsesAt } from "./trust/standing.ts";

interface LifecycleOptions {
  readonly account: Account;
  readonly clock: HybridClock;
  readonly registrations: Registrations;
  readonly removals: Removals;
  readonly tags: Tags;
  readonly keys: PublishedKeys;
  readonly debts: Debts;
  readonly link: CurrentLink;
  readonly identity: DeviceIdentity;
  /** All parts of the device; called in this order. */
  readonly all: readonly Part[];
}

export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #all: readonly Part[];
  readonly #debts: Debts;
  /** No attached registration lapses before this time, milliseconds since 1970. */
  #lapsesAt = Number.POSITIVE_INFINITY;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#all = options.all;
    this.#debts = options.debts;
  }

  /** Loads all parts from the store. */
  load(now: number): void {
    const { registrations, clock } = this.#options;
    registrations.load();
    const { bySlot } = registrations;
    for (const part of this.#all) part.load(bySlot, now);
    for (const { record } of bySlot.values()) clock.observeTime(record.createdAt);
    this.#debts.schedule(now);
  }

  /**
   * Registers an app; the first one also stores the account. The registration joins the tag of all devices in the background.
   *
   * @throws MeshError banned; too_many_registrations; overloaded if no slot is free
   */
  begin(
    app: string,
    { trustVersion: version, grant, lapsed }: Admitted,
    sealing: Beginning["sealing"],
    context: Context,
  ): Registration {
    const { account, registrations, removals, tags, clock } = this.#options;
    removals.requireAllowed(app, context.now);
    account.persist();
    const comesBack = registrations.ofApp(app)?.record.endedAt != null;
    const registration = registrations.open(
      app,
      { decided: { version, grant, lapsed }, sealing },
      this.#all,
      context.now,
    );
    if (comesBack) for (const part of this.#all) part.reopen(registration.slot);
    removals.forget(app);
    clock.observeTime(registration.record.createdAt);
    tags.joinEveryone(registration, context);
    return registration;
  }

  /** The app starts to listen on the current link. */
  attach(registration: Registration, context: Context): void {
    registration.listens = true;
    if (registration.attached || registration.isLocked || registration.settings.paused) return;
    if (lapseOf(registration.standing, context.now) !== null) return;
    this.markAttached(registration);
    for (const part of this.#all) part.attach(registration, context);
  }

  /** As `attach`, without the parts: a link that stayed open while the object slept had it attached. */
  markAttached(registration: Registration): void {
    registration.attached = true;
    this.#watch(registration);
  }

  /**
   * Detaches the registrations whose grants are over, and tells the device. Called before each event is handled, because a timer would
   * wake idle objects; without a registration that lapses it is one comparison.
   */
  lapse(context: Context): void {
    if (context.now <= this.#lapsesAt) return;
    this.#lapsesAt = Number.POSITIVE_INFINITY;
    for (const registration of this.#options.registrations.active()) {
      if (!registration.attached) continue;
      if (lapseOf(registration.standing, context.now) === null) {
        this.#watch(registration);
        continue;
      }
      this.#stop(registration, context);
      this.tellLapse(registration, context);
    }
  }

  /** Tells the device whether a registration that it listens with is lapsed. */
  tellLapse(registration: Registration, context: Context): void {
    const { link, identity } = this.#options;
    if (!registration.listens || !link.isReady) return;
    const value = {
      request: 0,
      registration: wireRegistration(identity, registration, context.now),
    };
    link.send({ kind: "registered", value }, context);
  }

  #watch({ standing }: Registration): void {
    this.#lapsesAt = Math.min(this.#lapsesAt, lapsesAt(standing));
  }

  /** The app stops listening, or the link has ended. */
  detach(registration: Registration, context: Context): void {
    registration.listens = false;
    this.#stop(registration, context);
  }

  /** What the app or the device has decided takes effect: a lapsed or paused registration receives nothing, another one what its app listens for. */
  settle(registration: Registration, context: Context): void {
    const isStopped =
      registration.settings.paused || lapseOf(registration.standing, context.now) !== null;
    if (isStopped) this.#stop(registration, context);
    else if (registration.attached) this.#watch(registration);
    else if (registration.listens) this.attach(registration, context);
  }

  #stop(registration: Registration, context: Context): void {
    // Before the parts, so that none of them sends again what another has just withdrawn.
    registration.attached = false;
    for (const part of this.#all) part.detach(registration, context);
  }

  /** Ends a registration at once; other objects are told in the background. */
  end(registration: Registration, context: Context): void {
    registration.listens = false;
    registration.attached = false;
    // First, so that commands that the end answers are not answered as done.
    this.#options.registrations.end(registration, context.now);
    for (const part of this.#all) part.end(registration, context);
    this.#options.keys.end(registration.slot);
    this.#debts.schedule(context.now);
  }
}
