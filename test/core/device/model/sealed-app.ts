/** The app of the model that has a key with the mesh: everything sealed has to open, and to come in order. */
import type { RegistrationRecord } from "../../../../core/device/store.ts";
import { publicLinkKeys } from "../../../../core/identity/link-keys.ts";
import type {
  PushDown,
  Registration,
  Sealed,
  Welcome,
  WritablePushUp,
} from "../../../../schema/generated/link.ts";
import { oneKey } from "../../identity/fixtures.ts";
import { identity } from "../support/rig.ts";
import { Epoch, type Place } from "../support/sealing-app.ts";
import { Violation } from "./ledger.ts";

export class SealedApp {
  readonly epoch: Epoch;
  readonly #appId: string;
  #place: Place;
  #session: Uint8Array = new Uint8Array();
  #number = 0;

  constructor(appId: string) {
    const [key] = publicLinkKeys(oneKey);
    if (key === undefined) throw new Error("no key");
    // One for all lives of the registration: what is sealed says which it is for.
    this.epoch = new Epoch(appId, key, 1);
    this.#appId = appId;
    this.#place = { slot: 0, appId };
  }

  welcomed({ session, registrations }: Welcome): void {
    this.#session = session;
    this.#number = 0;
    const held = registrations.find(({ appId }) => appId === this.#appId);
    if (held !== undefined) this.registered(held);
  }

  registered(registration: Registration): void {
    if (!this.epoch.proves(registration)) throw new Violation("S25 a regId without a proof");
    this.#place = registration;
  }

  /** @throws Violation if it does not open, or comes out of order */
  open(sealed: Sealed): PushDown {
    const { highest } = this.epoch;
    const opened = this.epoch.open(this.#place, sealed);
    if (opened === null)
      throw new Violation(`S26 ${sealed.number} after ${highest}, or unreadable`);
    return opened;
  }

  /** As `open`, of any frame that the mesh sends to a registration. */
  inside(sealed: Sealed, { slot, app, generation }: RegistrationRecord): PushDown {
    const place = { slot, appId: this.#appId, ...identity.registration(app, generation) };
    const opened = this.epoch.openAny(place, sealed);
    if (opened === null) throw new Violation("S25 sealed with another key");
    return opened;
  }

  seal(command: WritablePushUp): WritablePushUp {
    return this.epoch.seal(this.#place, this.#session, ++this.#number, command);
  }
}
