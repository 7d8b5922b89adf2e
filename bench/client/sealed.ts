/** A key of a benchmark's device with the mesh: what the mesh seals with it is opened by Node, and the other way. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import {
  decodePushDown,
  encodePushUp,
  type KeySetup,
  type PushDown,
  type Registration,
  type Sealed,
  type WritablePushUp,
} from "../../schema/generated/link.ts";
import { EPOCH_CONTEXT, LINK_KEY_BYTES, linkInfo } from "../../schema/hpke.ts";
import type { LinkKeysAnswerBody } from "../../schema/http.ts";
import { AUTH_TAG_BYTES, type Direction, NONCE_BYTES, sealedContext } from "../../schema/sealed.ts";
import { fromBase64Url } from "../../schema/text.ts";
import { setupSender, X25519 } from "../../sdk/device/client/sealing/hpke.ts";
import { type Address, formatRequest, HttpConnection } from "./http.ts";

const EPOCH = 1;
const CIPHER = "aes-256-gcm";

const keyOf = (secret: Uint8Array, direction: Direction) =>
  new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(), direction, LINK_KEY_BYTES));

export class DeviceSeal {
  readonly setup: KeySetup;
  readonly #down: Uint8Array;
  readonly #up: Uint8Array;
  /** The last number of a frame of the device. */
  #number = 0;

  private constructor(setup: KeySetup, secret: Uint8Array) {
    this.setup = setup;
    this.#down = keyOf(secret, "down");
    this.#up = keyOf(secret, "up");
  }

  static async make(address: Address, appId: string): Promise<DeviceSeal> {
    const http = await HttpConnection.open(address);
    const { body } = await http.request(formatRequest("GET", "/v1/link-keys", {}, ""));
    http.close();
    const [key] = (JSON.parse(body) as LinkKeysAnswerBody).keys;
    const publicKey = fromBase64Url(key?.publicKey ?? "")?.slice() ?? new Uint8Array();
    const pair = await crypto.subtle.generateKey(X25519, false, ["deriveBits"]);
    if (!("privateKey" in pair)) throw new Error("no pair of keys");
    const context = await setupSender(crypto.subtle, publicKey, linkInfo(appId), pair);
    const setup = { kid: key?.kid ?? 0, enc: context.enc, epoch: EPOCH };
    return new DeviceSeal(setup, await context.exported(EPOCH_CONTEXT));
  }

  /** @throws Error if it was not sealed for this registration */
  open(
    { appId, identity = "" }: Registration,
    { epoch, number, body }: Pick<Sealed, "epoch" | "number" | "body">,
  ): PushDown {
    const cipher = createDecipheriv(CIPHER, this.#down, body.subarray(0, NONCE_BYTES));
    cipher.setAAD(sealedContext({ direction: "down", appId, identity, epoch, number }));
    cipher.setAuthTag(body.subarray(-AUTH_TAG_BYTES));
    const frame = cipher.update(body.subarray(NONCE_BYTES, -AUTH_TAG_BYTES));
    cipher.final();
    return decodePushDown(frame);
  }

  /** @param session of the welcome */
  seal(
    { appId, identity = "", slot }: Registration,
    session: Uint8Array,
    frame: WritablePushUp,
  ): WritablePushUp {
    const number = ++this.#number;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#up, nonce);
    const place = { direction: "up", appId, identity, epoch: EPOCH, number, session } as const;
    cipher.setAAD(sealedContext(place));
    const parts = [nonce, cipher.update(encodePushUp(frame)), cipher.final(), cipher.getAuthTag()];
    return { kind: "sealed", value: { slot, epoch: EPOCH, number, body: Buffer.concat(parts) } };
  }
}
