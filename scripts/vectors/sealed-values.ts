/** The values about sealed frames, whose bodies are not opened here. */
import {
  encodeKeySetup,
  encodePushDown,
  encodePushUp,
  encodeRegister,
  encodeRegistration,
  encodeSealed,
  encodeSetKey,
  type KeySetup,
  type Sealed,
} from "../../schema/generated/link.ts";
import { bytes, MAX_I32, MAX_I64, SEQ, type ValueVector, vector } from "./values.ts";

const setup: KeySetup = { kid: 1, enc: bytes(32), epoch: 1 };
const sealed: Sealed = { slot: 1, epoch: 1, number: SEQ, body: bytes(40) };

export const SEALED_VALUES: readonly ValueVector[] = [
  ...vector("KeySetup", encodeKeySetup, {
    "key setup": setup,
    "key setup, largest numbers": { ...setup, kid: 255, epoch: MAX_I32 },
  }),
  ...vector("SetKey", encodeSetKey, { "set key": { request: 9, slot: 1, setup } }),
  ...vector("Sealed", encodeSealed, {
    sealed,
    "sealed, of a request": { ...sealed, number: 1, request: 10 },
    "sealed, largest numbers": { ...sealed, epoch: MAX_I32, number: MAX_I64 },
  }),
  ...vector("Register", encodeRegister, {
    "register, with a key": { request: 1, appId: "app_7f3k", setup },
    "register, with a key and a sealed grant": {
      ...{ request: 1, appId: "app_7f3k", setup },
      sealedGrant: bytes(64),
    },
  }),
  ...vector("Registration", encodeRegistration, {
    "registration, with a key": {
      ...{ slot: 1, appId: "app_7f3k", regId: "AQIDBAUGBwg", epoch: 2, proof: bytes(16) },
    },
  }),
  ...vector("PushUp", encodePushUp, {
    "push up: set key": { kind: "setKey", value: { request: 9, slot: 1, setup } },
    "push up: sealed": { kind: "sealed", value: { ...sealed, number: 1, request: 10 } },
  }),
  ...vector("PushDown", encodePushDown, { "push down: sealed": { kind: "sealed", value: sealed } }),
];
