/** What the app of one registration and the mesh seal for each other, with the key of one epoch. */
import { encodeBriefly } from "../../../schema/codec/writer.ts";
import { encodePushDown, type Sealed } from "../../../schema/generated/link.ts";
import { renumber, type SealedPlace, sealedContext } from "../../../schema/sealed.ts";
import type { FrameCipher } from "../../identity/frame-cipher.ts";
import { directionKey, type LinkKeys, registrationProof } from "../../identity/link-keys.ts";
import { equalBytes } from "../../identity/mac.ts";
import type { HybridClock } from "../../message/clock.ts";
import type { DeviceIdentity } from "../identity.ts";
import type { RegistrationRecord } from "../store.ts";

export interface SealParts {
  readonly linkKeys: LinkKeys;
  readonly identity: DeviceIdentity;
  readonly clock: HybridClock;
}

/** As it is stored, in the registration's row. */
export interface SealingRecord {
  readonly epoch: number;
  /** The epoch's secret, sealed with the mesh keys, in base64url; null in a registration that was imported, because an export has no secrets. */
  readonly secret: string | null;
}

interface Opened {
  readonly secret: Uint8Array;
  readonly isStale: boolean;
  readonly down: FrameCipher;
  readonly up: FrameCipher;
  /** The associated data of the last frame of the mesh. */
  readonly context: Uint8Array<ArrayBuffer>;
  readonly place: Pick<SealedPlace, "appId" | "identity" | "epoch">;
}

/** What tells the secrets of a device apart: a registration of another life does not inherit one. */
export const sealingRow = ({ app, generation }: Pick<RegistrationRecord, "app" | "generation">) =>
  `${app} ${generation}`;

export class RegistrationSeal {
  readonly #parts: SealParts;
  readonly #slot: number;
  readonly #of: Pick<RegistrationRecord, "app" | "generation">;
  #record: SealingRecord;
  /** Undefined until it is used: a device that wakes for another registration opens nothing. Null if the mesh has lost the key. */
  #opened: Opened | null | undefined;
  /** The last number of the device in the session of its link. */
  lastUp = 0;

  constructor(
    parts: SealParts,
    { slot, app, generation }: Pick<RegistrationRecord, "slot" | "app" | "generation">,
    record: SealingRecord,
  ) {
    this.#parts = parts;
    this.#slot = slot;
    this.#of = { app, generation };
    this.#record = record;
  }

  /** Whether the mesh has lost the key: nothing is sent until there is another. */
  get isLost(): boolean {
    return this.#open() === null;
  }

  /** Null if the mesh has lost the key. */
  get epoch(): number | null {
    return this.isLost ? null : this.#record.epoch;
  }

  /** What its device is told of it; nothing if the mesh has lost the key. */
  told({ regId, identity }: { readonly regId: string; readonly identity: string }) {
    const opened = this.#open();
    if (opened === null) return {};
    const proof = registrationProof(opened.secret, identity, regId);
    return { epoch: this.#record.epoch, proof };
  }

  /** To be written with the registration's row: sealed again, if the mesh key of its secret is an older one. */
  get record(): SealingRecord {
    const opened = this.#open();
    if (opened?.isStale) {
      const secret = this.#parts.linkKeys.store(sealingRow(this.#of), opened.secret);
      this.#record = { ...this.#record, secret };
      this.#opened = { ...opened, isStale: false };
    }
    return this.#record;
  }

  /** Whether it is this very key. */
  is({ epoch, secret }: { readonly epoch: number; readonly secret: Uint8Array }): boolean {
    const opened = this.#open();
    return opened !== null && epoch === this.#record.epoch && equalBytes(secret, opened.secret);
  }

  /** Seals an encoded PushDown. @returns another, in `briefBytes` */
  seal(frame: Uint8Array, now: number): Uint8Array {
    const opened = this.#open();
    // A registration without a key is not attached, and commands of its device are refused.
    if (opened === null) throw new Error(`the key of slot ${this.#slot} is lost`);
    const number = this.#parts.clock.next(now, false);
    renumber(opened.context, number);
    const body = opened.down.seal(opened.context, frame);
    const { epoch } = opened.place;
    const value = { slot: this.#slot, epoch, number, body };
    return encodePushDown({ kind: "sealed", value }, encodeBriefly);
  }

  /** Opens a frame of the device. @returns an encoded PushUp, or null */
  open({ epoch, number, body }: Sealed, session: Uint8Array): Uint8Array | null {
    const opened = this.#open();
    if (opened === null || epoch !== opened.place.epoch || number <= this.lastUp) return null;
    const context = sealedContext({ direction: "up", ...opened.place, number, session });
    const frame = opened.up.open(context, body);
    if (frame !== null) this.lastUp = number;
    return frame;
  }

  #open(): Opened | null {
    if (this.#opened === undefined) this.#opened = this.#restore();
    return this.#opened;
  }

  #restore(): Opened | null {
    const { linkKeys, identity } = this.#parts;
    const { app, generation } = this.#of;
    const { epoch, secret: stored } = this.#record;
    const restored = stored === null ? null : linkKeys.restore(sealingRow(this.#of), stored);
    if (restored === null) return null;
    const { secret } = restored;
    const place = {
      appId: identity.appId(app),
      identity: identity.registration(app, generation).identity,
      epoch,
    };
    return {
      ...restored,
      down: linkKeys.makeCipher(directionKey(secret, "down")),
      up: linkKeys.makeCipher(directionKey(secret, "up")),
      context: sealedContext({ direction: "down", ...place, number: 0 }),
      place,
    };
  }
}
