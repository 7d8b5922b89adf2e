/** The app of a device that sleeps, with a key that it has agreed on with the mesh. Runs on every host. */
import { portableCipher } from "../../../core/identity/frame-cipher.ts";
import type { Keyring } from "../../../core/identity/keyring.ts";
import { directionKey, publicLinkKeys } from "../../../core/identity/link-keys.ts";
import {
  decodePushDown,
  type Message,
  type Register,
  type Registration,
} from "../../../schema/generated/link.ts";
import { EPOCH_CONTEXT, linkInfo } from "../../../schema/hpke.ts";
import { sealedContext } from "../../../schema/sealed.ts";
import { setupSender, X25519 } from "../../../sdk/device/client/sealing/hpke.ts";
import type { DeviceEnd } from "./device-end.ts";

export class SealedSleeper {
  readonly #keyring: Keyring;
  #key: Uint8Array = new Uint8Array(32);
  #registration: Registration = { slot: 0, appId: "", regId: "" };
  #last = 0;

  constructor(keyring: Keyring) {
    this.#keyring = keyring;
  }

  async register(appId: string): Promise<Register> {
    const [key] = publicLinkKeys(this.#keyring);
    const pair = await crypto.subtle.generateKey(X25519, false, ["deriveBits"]);
    if (key === undefined || !("privateKey" in pair)) throw new Error("no key");
    const publicKey = Uint8Array.from(key.publicKey);
    const context = await setupSender(crypto.subtle, publicKey, linkInfo(appId), pair);
    this.#key = directionKey(await context.exported(EPOCH_CONTEXT), "down");
    return { request: 1, appId, setup: { kid: key.kid, enc: context.enc, epoch: 1 } };
  }

  registered(registration: Registration): void {
    this.#registration = registration;
  }

  /** The messages of the next frame. @throws Error if it does not open, or is not above the one before */
  async messages(link: DeviceEnd): Promise<readonly Message[]> {
    const { value } = await link.expect("sealed");
    const { epoch, number, body } = value;
    if (number <= this.#last) throw new Error(`${number} came after ${this.#last}`);
    this.#last = number;
    const { appId, identity = "" } = this.#registration;
    const place = { direction: "down", appId, identity, epoch, number } as const;
    const cipher = portableCipher((count) => new Uint8Array(count))(this.#key);
    const opened = cipher.open(sealedContext(place), body);
    const frame = opened === null ? null : decodePushDown(opened);
    if (frame?.kind !== "deliver") throw new Error("it does not open");
    return frame.value.messages;
  }
}
