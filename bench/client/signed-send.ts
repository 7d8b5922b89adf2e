/** A signed send (docs/api.md), made with Node's own hashes: about 10 µs, so that the sender is not what is measured. */
import { createHmac, hash, randomBytes } from "node:crypto";
import { formatRequest, type Method } from "./http.ts";

/** An HMAC sending key. */
export interface SendingKey {
  readonly keyId: string;
  /** base64url. */
  readonly secret: string;
}

/** What a chat or order notification weighs; sent as it is to both servers. */
const TEXT = "x".repeat(128);

export class RequestSigner {
  readonly #keyId: string;
  readonly #secret: Buffer;
  /** Random once, then counted: a nonce has to be new, not secret. */
  readonly #run = randomBytes(9).toString("base64url");
  #count = 0;

  constructor({ keyId, secret }: SendingKey) {
    this.#keyId = keyId;
    this.#secret = Buffer.from(secret, "base64url");
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

  /** @param path where it goes in the end, if elsewhere: to a control */
  sign(method: Method, signedPath: string, body: string, path = signedPath): string {
    const n = this.#count++;
    const digest = `sha-256=:${hash("sha256", body, "base64")}:`;
    const created = Math.floor(Date.now() / 1_000);
    const params =
      `("@method" "@path" "content-digest");created=${created};keyid="${this.#keyId}"` +
      `;alg="hmac-sha256";nonce="${this.#run}${n}"`;
    const base =
      `"@method": ${method}\n"@path": ${signedPath}\n"content-digest": ${digest}\n` +
      `"@signature-params": ${params}`;
    const signature = createHmac("sha256", this.#secret).update(base).digest("base64");
    const headers = {
      "content-type": "application/json",
      "content-digest": digest,
      "signature-input": `sig=${params}`,
      signature: `sig=:${signature}:`,
    };
    return formatRequest(method, path, headers, body);
  }
}
