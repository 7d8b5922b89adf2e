/** The keys of a device's registrations: takes them from setups, and opens what the device seals. */
import { ThriftError } from "../../../schema/codec/error.ts";
import { MeshError } from "../../../schema/errors.ts";
import {
  decodePushUp,
  type KeySetup,
  type PushUp,
  type Register,
  type Sealed,
} from "../../../schema/generated/link.ts";
import { fromBase64Url } from "../../../schema/text.ts";
import { isCommandInside, type SealedCommand } from "../../channels/push.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import { RegistrationSeal, type SealingRecord, type SealParts, sealingRow } from "./seal.ts";

interface SealsParts extends SealParts {
  readonly registrations: Registrations;
  readonly link: CurrentLink;
}

/** What a setup of the device has agreed on. */
export interface Agreed {
  readonly epoch: number;
  readonly secret: Uint8Array;
  /** The grant that came with it; null for none. */
  readonly grant: string | null;
}

export class Seals {
  readonly #parts: SealsParts;

  constructor(parts: SealsParts) {
    this.#parts = parts;
  }

  load(): void {
    for (const registration of this.#parts.registrations.active()) {
      const { sealing } = registration.record;
      if (sealing !== undefined) this.#hold(registration, sealing);
    }
  }

  /** A link has opened: its device counts from the beginning. */
  linkOpened(): void {
    for (const { seal } of this.#parts.registrations.active()) if (seal !== null) seal.lastUp = 0;
  }

  /** What `Register` or `SetKey` sets up; null if it sets up nothing. */
  agree(
    app: string,
    { setup, grant, sealedGrant }: Pick<Register, "setup" | "grant" | "sealedGrant">,
  ): Agreed | MeshError | null {
    if (setup === undefined) {
      const fault = "sealedGrant: needs a setup";
      return sealedGrant === undefined ? null : new MeshError("setup_invalid", fault);
    }
    const { epoch, kid } = setup;
    if (epoch < 1) return new MeshError("setup_invalid", `epoch: ${epoch}, must be 1 or more`);
    const agreed = this.#parts.linkKeys.agree(setup, this.#parts.identity.appId(app));
    if (agreed === "unknown") return new MeshError("link_key_unknown", `kid ${kid}`);
    if (agreed === null) return new MeshError("setup_invalid", "enc: no public key of X25519");
    const { secret } = agreed;
    if (sealedGrant === undefined) return { epoch, secret, grant: grant ?? null };
    const opened = agreed.openGrant(sealedGrant);
    if (opened === null) return new MeshError("setup_invalid", "sealedGrant: does not open");
    return { epoch, secret, grant: opened };
  }

  /**
   * What a setup is beside the key of the app's registration: `first` if there is none that the mesh can use, `same`, or `other`. Anybody can seal a
   * grant with a setup of his own, because the mesh's key is public: only what is sealed with the present key replaces it.
   */
  compare(app: string, agreed: Agreed | null): "first" | "same" | "other" {
    const seal = this.#parts.registrations.activeOf(app)?.seal;
    if (agreed === null || !seal || seal.isLost) return "first";
    return seal.is(agreed) ? "same" : "other";
  }

  /** @returns a refusal of an epoch that is not above the present one */
  refuseEpoch(epoch: number, present: number): MeshError | null {
    if (epoch > present) return null;
    return new MeshError("setup_invalid", `epoch: ${epoch}, must be above ${present}`);
  }

  /** What to store of it for a registration that begins. */
  recordOf(of: { readonly app: string; readonly generation: number }, agreed: Agreed) {
    const secret = this.#parts.linkKeys.store(sealingRow(of), agreed.secret);
    return { epoch: agreed.epoch, secret } satisfies SealingRecord;
  }

  /** From now on, the registration has this key. Writes one row, unless that was stored when it began. */
  begin(registration: Registration, agreed: Agreed): void {
    const { record } = registration;
    registration.seal ??=
      record.sealing === undefined ? null : this.#made(registration, record.sealing);
    if (registration.seal?.is(agreed)) return;
    const sealing = this.recordOf(record, agreed);
    this.#parts.registrations.setSealing(registration, sealing);
    this.#hold(registration, sealing);
  }

  /** `SetKey`. @returns a refusal */
  change(registration: Registration, setup: KeySetup): MeshError | null {
    const agreed = this.agree(registration.record.app, { setup });
    if (agreed === null || agreed instanceof MeshError) return agreed;
    const present = registration.seal?.epoch ?? 0;
    if (registration.seal?.is(agreed)) return null;
    const refused = this.refuseEpoch(agreed.epoch, present);
    if (refused !== null) return refused;
    this.begin(registration, agreed);
    return null;
  }

  /** Whether a command may come as it is. @returns a refusal */
  refusePlain({ kind, value: { slot } }: SealedCommand): MeshError | null {
    const seal = this.#parts.registrations.inSlot(slot)?.seal ?? null;
    if (seal === null || (kind === "setKey" && seal.isLost)) return null;
    return new MeshError("sealing_required", `slot ${slot}`);
  }

  /** The command in a sealed frame, or a refusal. */
  open(sealed: Sealed): SealedCommand | MeshError {
    const { slot } = sealed;
    const registration = this.#parts.registrations.inSlot(slot);
    if (registration === undefined) return new MeshError("slot_unknown", `slot ${slot}`);
    const session = fromBase64Url(this.#parts.link.link?.session ?? "") ?? new Uint8Array();
    const bytes = registration.seal?.open(sealed, session) ?? null;
    if (bytes === null) return new MeshError("sealed_invalid", `slot ${slot}: does not open`);
    const frame = commandIn(bytes);
    if (frame !== null && isCommandInside(frame) && frame.value.slot === slot) return frame;
    return new MeshError("sealed_invalid", `slot ${slot}: no command of this slot`);
  }

  /** Seals an encoded PushDown for the registration of a slot, if it has a key. */
  sealTo(slot: number, frame: Uint8Array, now: number): Uint8Array {
    return this.#parts.registrations.inSlot(slot)?.seal?.seal(frame, now) ?? frame;
  }

  #hold(registration: Registration, sealing: SealingRecord): void {
    registration.seal = this.#made(registration, sealing);
  }

  #made({ record }: Registration, sealing: SealingRecord): RegistrationSeal {
    return new RegistrationSeal(this.#parts, record, sealing);
  }
}

/** Null for bytes that are no frame: the link belongs to other apps too, so it stays open. */
function commandIn(bytes: Uint8Array): PushUp | null {
  try {
    return decodePushUp(bytes);
  } catch (error) {
    if (error instanceof ThriftError) return null;
    throw error;
  }
}
