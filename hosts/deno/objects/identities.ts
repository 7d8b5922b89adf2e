/** What devices seal with the mesh's keys, if it is the same for all devices. */
import type { DeviceIdentity } from "../../../core/device/identity.ts";
import type { Keyring } from "../../../core/identity/keyring.ts";
import { deviceIdentity } from "../../../objects/device/device-identity.ts";
import { BoundedMap } from "../../../schema/bounded-map.ts";

/** Tags whose sources are remembered, about 100 bytes each; the oldest goes first. */
const SOURCES_COUNT = 10_000;

export class Identities {
  readonly #keyring: Keyring;
  /** A device that wakes for a broadcast needs one: 20 µs, a quarter of what it takes to wake (measured). */
  readonly #sources = new BoundedMap<string, string>(SOURCES_COUNT);

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  /** Of the device of this name. */
  of(name: string): DeviceIdentity {
    const identity = deviceIdentity(this.#keyring, name);
    const source = (app: string, tagId: string) =>
      this.#source(`${app}.${tagId}`, () => identity.source(app, tagId));
    return { ...identity, source };
  }

  #source(tag: string, seal: () => string): string {
    let source = this.#sources.get(tag);
    if (source === undefined) {
      source = seal();
      this.#sources.set(tag, source);
    }
    return source;
  }
}
