/** A signed send (docs/api.md), made with Node's own hashes: about 10 µs, so that the sender is not what is measured. */
import { createHmac, createPrivateKey, hash, randomBytes, sign } from "node:crypto";
import { formatRequest, type Method } from "./http.ts";

/** A sending key; `secret` as `MeshAdmin.createKey` returns it. */
export interface SendingKey {
  readonly keyId: string;
  readonly secret: string;
}

const ED25519 = "ed25519:";
/** PKCS #8 of an Ed25519 key up to its 32 bytes. */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

interface Signature {
  readonly algorithm: "ed25519" | "hmac-sha256";
  readonly of: (base: string) => string;
}

function signatureBy(secret: string): Signature {
  if (!secret.startsWith(ED25519)) {
    const bytes = Buffer.from(secret, "base64url");
    const of = (base: string) => createHmac("sha256", bytes).update(base).digest("base64");
    return { algorithm: "hmac-sha256", of };
  }
  const seed = Buffer.from(secret.slice(ED25519.length), "base64url");
  const der = Buffer.concat([PKCS8, seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return {
    algorithm: "ed25519",
    of: (base) => sign(null, Buffer.from(base), key).toString("base64"),
  };
}

/** What a chat or order notification weighs; sent as it is to both servers. */
export const TEXT = "x".repeat(128);

export class RequestSigner {
  readonly #keyId: string;
  readonly #signature: Signature;
  /** Random once, then counted: a nonce has to be new, not secret. */
  readonly #run = randomBytes(9).toString("base64url");
  #count = 0;

  constructor({ keyId, secret }: SendingKey) {
    this.#keyId = keyId;
    this.#signature = signatureBy(secret);
  }

  /**
   * The text of a request that sends a new message. The signature is over the mesh's own path.
   *
   * @param to a regId, or `{tag}`
   */
  make(path: string, to: unknown): string {
    const n = this.#count;
    return this.sign("POST", "/v1/messages", JSON.stringify({ to, data: { n, text: TEXT } }), path);
  }

  /** The same of a batch with a new message to each. */
  makeBatch(path: string, targets: readonly string[]): string {
    const n = this.#count;
    const messages = targets.map((to) => ({ to, data: { n, text: TEXT } }));
    return this.sign("POST", "/v1/messages/batch", JSON.stringify({ messages }), path);
  }

  /** @param path where it goes in the end, if elsewhere: to a control */
  sign(method: Method, signedPath: string, body: string, path = signedPath): string {
    const n = this.#count++;
    const digest = `sha-256=:${hash("sha256", body, "base64")}:`;
    const created = Math.floor(Date.now() / 1_000);
    const params =
      `("@method" "@path" "content-digest");created=${created};keyid="${this.#keyId}"` +
      `;alg="${this.#signature.algorithm}";nonce="${this.#run}${n}"`;
    const base =
      `"@method": ${method}\n"@path": ${signedPath}\n"content-digest": ${digest}\n` +
      `"@signature-params": ${params}`;
    const headers = {
      "content-type": "application/json",
      "content-digest": digest,
      "signature-input": `sig=${params}`,
      signature: `sig=:${this.#signature.of(base)}:`,
    };
    return formatRequest(method, path, headers, body);
  }
}
