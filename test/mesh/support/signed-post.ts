/** A signed send whose body, transfer and signature a test decides on. */
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { signRequest } from "../../../sdk/server/sign.ts";
import { signerOf } from "../../../sdk/server/signer.ts";
import type { App } from "../../chaos/mesh.ts";

export interface SignedAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** The headers that were sent. */
  readonly headers: Headers;
}

/**
 * `POST /v1/messages`, or another path.
 *
 * @param options.chunked in chunks, without a declared length.
 * @param options.more header fields that are not signed.
 * @param options.like sends the headers of that one again, signature and all.
 */
export async function signedPost(
  meshUrl: string,
  { keyId, secret }: App,
  body: Uint8Array<ArrayBuffer>,
  options: {
    readonly path?: string;
    readonly chunked?: boolean;
    readonly like?: SignedAnswer;
    readonly more?: Readonly<Record<string, string>>;
  } = {},
): Promise<SignedAnswer> {
  const url = meshUrl + (options.path ?? "/v1/messages");
  let headers = options.like?.headers;
  if (headers === undefined) {
    headers = new Headers({
      "content-type": "application/json",
      "idempotency-key": randomBytes(12).toString("base64url"),
    });
    const created = Math.floor(Date.now() / 1_000);
    await signRequest("POST", url, headers, body, {
      keyId,
      signer: await signerOf(secret),
      created,
    });
  }
  const sent = headers;
  const length = options.chunked === true ? {} : { "content-length": `${body.length}` };
  return new Promise((resolve, reject) => {
    const call = request(url, {
      method: "POST",
      headers: { ...Object.fromEntries(sent), ...length, ...options.more },
    });
    call.on("error", reject);
    call.on("response", (answer) => {
      let text = "";
      answer.on("data", (chunk) => {
        text += chunk;
      });
      answer.on("error", reject);
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text), headers: sent });
      });
    });
    if (options.chunked === true) {
      const middle = body.length >> 1;
      call.write(body.subarray(0, middle));
      call.end(body.subarray(middle));
    } else call.end(body);
  });
}
