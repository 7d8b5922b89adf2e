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
import { LINK_KEY_BYTES } from "../../../schema/hpke.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { AUTH_TAG_BYTES } from "../../../schema/sealed.ts";
import { fromBase64Url } from "../../../schema/text.ts";
import { isCommandInside, type SealedCommand } from "../../channels/push.ts";
import type { Keyring } from "../../identity/keyring.ts";
import type { AgreedKey } from "../../identity/link-keys.ts";
import { Limiter } from "../../link/limiter.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Registration } from "../registration.ts";
import type { Registrations } from "../registrations.ts";
import { RegistrationSeal, type SealingRecord, type SealParts, sealingRow } from "./seal.ts";

interface SealsParts extends SealParts {
  readonly registrations: Registrations;
  readonly link: CurrentLink;
}

/** Of the longest grant, which is ASCII: more is not opened. */
const SEALED_GRANT_BYTES = LIMITS.TOKEN_CHARS + AUTH_TAG_BYTES;

/** What a setup of the device has agreed on. */
export interface Agreed {
  readonly epoch: number;
  readonly secret: Uint8Array;
}

/** A setup. The agreement takes a millisecond: it is made when it is needed, once. */
export class Offer {
  readonly epoch: number;
  readonly #agree: () => AgreedKey | null;
  #key: AgreedKey | MeshError | undefined;

  constructor(epoch: number, agree: () => AgreedKey | null) {
    this.epoch = epoch;
    this.#agree = agree;
  }

  get key(): AgreedKey | MeshError {
    this.#key ??= this.#agree() ?? new MeshError("setup_invalid", "enc: no public key of X25519");
    return this.#key;
  }

  get agreed(): Agreed | MeshError {
    const { key } = this;
    return key instanceof MeshError ? key : { epoch: this.epoch, secret: key.secret };
  }
}

export class Seals {
  readonly #parts: SealsParts;
  /** Agreements of this device while it has no registration. */
  readonly #strangers = new Limiter(
    LIMITS.STRANGER_AGREEMENTS_PER_SECOND,
    LIMITS.STRANGER_AGREEMENTS_BURST,
  );

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
  offerIn(app: string, { setup, sealedGrant }: Pick<Register, "setup" | "sealedGrant">) {
    if (setup === undefined) {
      const fault = "sealedGrant: needs a setup";
      return sealedGrant === undefined ? null : new MeshError("setup_invalid", fault);
    }
    const { epoch, kid, enc } = setup;
    const { linkKeys, identity } = this.#parts;
    if (epoch < 1) return new MeshError("setup_invalid", `epoch: ${epoch}, must be 1 or more`);
    if (!linkKeys.has(kid)) return new MeshError("link_key_unknown", `kid ${kid}`);
    if (enc.length !== LINK_KEY_BYTES)
      return new MeshError("setup_invalid", `enc: ${enc.length} bytes, must be ${LINK_KEY_BYTES}`);
    return new Offer(epoch, () => linkKeys.agree(setup, identity.appId(app)));
  }

  /** The grant of a Register with a setup; null for none. */
  grantIn(
    offer: Offer,
    { grant, sealedGrant }: Pick<Register, "grant" | "sealedGrant">,
    now: number,
  ): string | MeshError | null {
    if (sealedGrant === undefined) return grant ?? null;
    if (sealedGrant.length > SEALED_GRANT_BYTES) {
      const detail = `sealedGrant: ${sealedGrant.length} bytes, at most ${SEALED_GRANT_BYTES}`;
      return new MeshError("setup_invalid", detail);
    }
    const retryAfterMs = this.#takeAgreement(now);
    if (retryAfterMs > 0) {
      const detail = "too many setups with a sealed grant";
      return new MeshError("rate_limited", detail, { retryAfterMs });
    }
    const { key } = offer;
    if (key instanceof MeshError) return key;
    const invalid = () => new MeshError("setup_invalid", "sealedGrant: does not open");
    return key.openGrant(sealedGrant) ?? invalid();
  }

  #takeAgreement(now: number): number {
    const { linkKeys, registrations } = this.#parts;
    const isStranger = !registrations.hasActive;
    const own = isStranger ? this.#strangers.take(now) : 0;
    const { strangers, others } = agreementsOf(linkKeys.keyring);
    return own > 0 ? own : (isStranger ? strangers : others).take(now);
  }

  /**
   * What a setup is beside the key of the app's registration: `first` if there is none that the mesh can use, `same`, or `other`. Anybody can seal a
   * grant with a setup of his own, because the mesh's key is public: only what is sealed with the present key replaces it.
   */
  compare(app: string, offer: Offer | null): "first" | "same" | "other" {
    const seal = this.#parts.registrations.activeOf(app)?.seal;
    if (offer === null || !seal || seal.isLost) return "first";
    if (offer.epoch !== seal.epoch) return "other";
    const { agreed } = offer;
    return !(agreed instanceof MeshError) && seal.is(agreed) ? "same" : "other";
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
    const offer = this.offerIn(registration.record.app, { setup });
    if (offer === null || offer instanceof MeshError) return offer;
    const { agreed } = offer;
    if (agreed instanceof MeshError) return agreed;
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
    const { length } = sealed.body;
    if (length > LIMITS.SEALED_COMMAND_BYTES) {
      const detail = `body: ${length} bytes, at most ${LIMITS.SEALED_COMMAND_BYTES}`;
      return new MeshError("sealed_invalid", detail);
    }
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

/** What the devices of this process may have: strangers keep out none of those with a registration. */
interface Agreements {
  readonly strangers: Limiter;
  readonly others: Limiter;
}

const agreements = new WeakMap<Keyring, Agreements>();

function agreementsOf(keyring: Keyring): Agreements {
  const make = () => new Limiter(LIMITS.AGREEMENTS_PER_SECOND, LIMITS.AGREEMENTS_BURST);
  const known = agreements.get(keyring) ?? { strangers: make(), others: make() };
  agreements.set(keyring, known);
  return known;
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
