/** Sealed frames, both ways, and the setups of their keys: what was changed never opens, and ends nobody's link. */
import { webcrypto } from "node:crypto";
import {
  agreedKey,
  directionKey,
  publicLinkKeys,
  registrationProof,
} from "../../../core/identity/link-keys.ts";
import type { Sealed } from "../../../schema/generated/link.ts";
import { sealedContext } from "../../../schema/sealed.ts";
import { Epochs } from "../../../sdk/device/client/sealing/epochs.ts";
import type { Host } from "../../../sdk/device/host.ts";
import { BatchedStorage } from "../../../sdk/device/storage/batched.ts";
import { memoryStorage } from "../../../sdk/device/storage/storage.ts";
import type { Random } from "../../chaos/random.ts";
import { SealedRig } from "../../core/device/sealing/rig.ts";
import { linkKeysOf } from "../../core/device/support/rig.ts";
import { oneKey } from "../../core/identity/fixtures.ts";
import { linkCodec } from "../../schema/support/codecs.ts";
import { mutateBytes, mutateText, someBytes } from "../mutate/bytes.ts";
import { mutateCompact } from "../mutate/compact.ts";
import { type Probe, promise, type Target } from "../target.ts";
import { shapeOf } from "./codec.ts";

/** Inputs after which another device is made: what a frame left behind is not to pile up. */
const LIFE = 200;
const UP = linkCodec("PushUp");

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b);

/** Changes one of the fields of a frame. */
function changed(sealed: Sealed, random: Random): Sealed {
  const { slot, epoch, number, body } = sealed;
  return random.pick([
    { ...sealed, body: mutateBytes(body, random) },
    { ...sealed, body: someBytes(random, random.pick([0, 1, 12, 27, 28, 29, 100])) },
    { ...sealed, number: random.pick([0, -1, number + 1, 2 ** 53 - 1]) },
    { ...sealed, epoch: random.pick([0, -1, epoch + 1, 2 ** 31 - 1]) },
    { ...sealed, slot: random.pick([0, -1, slot + 1, 32_767]) },
  ]);
}

const isWhole = (a: Sealed, b: Sealed): boolean =>
  a.slot === b.slot && a.epoch === b.epoch && a.number === b.number && isSame(a.body, b.body);

/** The mesh's end, for which an app is written from the protocol alone. */
class MeshEnd {
  #rig = SealedRig.sealed();
  #left = LIFE;

  attempt(random: Random): boolean {
    if (this.#left-- === 0) {
      this.#rig = SealedRig.sealed();
      this.#left = LIFE;
    }
    // Within the rate of commands.
    this.#rig.now += 1_000;
    return random.chance(0.5) ? this.#frame(random) : this.#inside(random);
  }

  /** A frame of the device that somebody changed. */
  #frame(random: Random): boolean {
    const rig = this.#rig;
    const { value } = rig.seal({ kind: "describe", value: { request: 5, slot: 1 } });
    const frame = random.chance(0.2) ? value : changed(value, random);
    const rows = rig.rows(() => rig.command({ kind: "sealed", value: frame }));
    const [answer, ...more] = rig.take();
    const isTaken = answer?.kind === "described";
    const told = () => `${answer?.kind} and ${more.length} more for ${JSON.stringify(frame)}`;
    promise(isTaken === isWhole(frame, value) && more.length === 0, told);
    promise(isTaken || answer?.kind === "refusal", told);
    promise(rows === 0 && rig.closes.length === 0, told);
    return isTaken;
  }

  /** What the app's own key seals, whatever that is: the link belongs to other apps, too. */
  #inside(random: Random): boolean {
    const rig = this.#rig;
    const valid = UP.encode(shapeOf(UP.ast, UP.name, random));
    let bytes = valid;
    if (random.chance(0.7)) bytes = mutateCompact(valid, random, valid);
    if (random.chance(0.2)) bytes = mutateBytes(bytes, random);
    rig.command(rig.epoch.sealBytes(rig.place, rig.session, ++rig.number, bytes));
    rig.answerCalls();
    promise(rig.closes.length === 0, () => `the link was closed for ${hex(bytes)}`);
    const answers = rig.take();
    // The registration has ended.
    if (answers.some(({ kind }) => kind === "unregistered")) this.#left = 0;
    return answers.some(({ kind }) => kind !== "refusal");
  }
}

const APP_ID = "app-a";
const IDENTITY = "a-1";
const GRANT = "a.b.c";
const host: Pick<Host, "crypto" | "now" | "after" | "random"> = {
  crypto: webcrypto as Host["crypto"],
  now: () => Date.now(),
  after: () => () => {},
  random: () => 0,
};

/** What the app's end makes of the mesh's frames and proofs, and the mesh of its setups. */
async function appEnd() {
  const [key] = publicLinkKeys(oneKey);
  if (key === undefined) throw new Error("no key");
  const storage = new BatchedStorage(memoryStorage(), () => {}, host);
  const epochs = new Epochs(host as Host, storage, APP_ID);
  const publicKey = Uint8Array.from(key.publicKey);
  const { setup, context } = await epochs.make({ ...key, publicKey }, IDENTITY, 0);
  const sealedGrant = await context.sealFirst(new TextEncoder().encode(GRANT));
  const agreed = agreedKey(oneKey, setup, APP_ID);
  const epoch = epochs.get(IDENTITY, 1);
  if (agreed === null || epoch === undefined) throw new Error("no epoch");
  const linkKeys = linkKeysOf(oneKey);
  const cipher = linkKeys.makeCipher(directionKey(agreed.secret, "down"));
  const place = { direction: "down", appId: APP_ID, identity: IDENTITY, epoch: 1 } as const;
  const stored = linkKeys.store("a 1", agreed.secret);

  /** A frame of the mesh. */
  const frame = async (random: Random): Promise<boolean> => {
    const plaintext = someBytes(random, random.pick([0, 1, 40]));
    const number = random.between(1, 2 ** 31);
    const body = cipher.seal(sealedContext({ ...place, number }), plaintext);
    const whole: Sealed = { slot: 1, epoch: 1, number, body };
    const { slot: _slot, ...got } = random.chance(0.2) ? whole : changed(whole, random);
    let opened: Uint8Array;
    try {
      opened = await epochs.open({ ...epoch, epoch: got.epoch }, got, got.body.slice());
    } catch (error) {
      if (error instanceof Error || error instanceof DOMException) return false;
      throw error;
    }
    promise(
      isWhole({ slot: 1, ...got }, whole) && isSame(opened, plaintext),
      () => `${JSON.stringify(got)} opens`,
    );
    return true;
  };
  /** A setup with its grant. */
  const setups = (random: Random): boolean => {
    const enc = random.chance(0.5) ? setup.enc : mutateBytes(setup.enc, random);
    const grant = random.chance(0.5) ? sealedGrant : mutateBytes(sealedGrant, random);
    const isSetup = isSame(enc, setup.enc);
    const key =
      enc.length === setup.enc.length ? agreedKey(oneKey, { ...setup, enc }, APP_ID) : null;
    if (key === null) {
      promise(!isSetup, () => "a setup is none");
      return false;
    }
    promise(isSame(key.secret, agreed.secret) === isSetup, () => `${hex(enc)} agrees on the same`);
    const opened = key.openGrant(grant);
    const isGrant = isSetup && isSame(grant, sealedGrant);
    promise((opened === GRANT) === isGrant, () => `${hex(enc)} ${hex(grant)}: ${opened}`);
    promise(isGrant || opened === null, () => `${hex(grant)} opens as ${opened}`);
    return isGrant;
  };
  /** The proof of a regId. */
  const proofs = async (random: Random): Promise<boolean> => {
    const proof = registrationProof(agreed.secret, IDENTITY, "reg-a-1");
    const told = random.chance(0.3) ? proof : mutateBytes(proof, random);
    const isProven = await epochs.prove(IDENTITY, 1, "reg-a-1", told);
    promise(isProven === isSame(told, proof), () => `${hex(told)} proves`);
    return isProven;
  };
  /** The secret as the mesh has stored it. */
  const secrets = (random: Random): boolean => {
    const text = random.chance(0.3) ? stored : mutateText(stored, random);
    const restored = linkKeys.restore("a 1", text);
    promise((restored !== null) === (text === stored), () => `${text} opens: ${restored !== null}`);
    return restored !== null;
  };
  return { frame, setups, proofs, secrets };
}

async function open(): Promise<Probe> {
  const mesh = new MeshEnd();
  const { frame, setups, proofs, secrets } = await appEnd();
  const onMesh = (random: Random) => mesh.attempt(random);
  // An agreement takes a millisecond.
  const all = [onMesh, onMesh, onMesh, onMesh, frame, frame, proofs, secrets, setups] as const;
  return { attempt: (random) => random.pick([...all])(random) };
}

export const sealed: Target = { name: "sealed", share: 6, open };
