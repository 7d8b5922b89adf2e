/**
 * Makes the requests of webhooks. Names are resolved here, all their addresses are checked, and the connection goes to one of these, so a name that
 * resolves differently a moment later (DNS rebinding) changes nothing.
 */
import { type LookupAddress, lookup } from "node:dns";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { isPrivateAddress } from "../../core/webhook/addresses.ts";
import type { WebhookTargets } from "../../core/webhook/target.ts";
import {
  failureText,
  type WebhookPort,
  type WebhookRequest,
  type WebhookResponse,
} from "../../objects/webhook/webhook-port.ts";

/** Resolves a name; by default as the operating system does. */
export type Resolve = (
  name: string,
  done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void;

const system: Resolve = (name, done) =>
  lookup(name, { all: true, verbatim: true }, (error, addresses) => done(error, addresses ?? []));

export class WebhookPost implements WebhookPort {
  readonly targets: WebhookTargets;
  readonly #lookup: LookupFunction;

  constructor(targets: WebhookTargets, resolve: Resolve = system) {
    this.targets = targets;
    this.#lookup = (name, options, callback) =>
      resolve(name, (error, addresses) => {
        const fault = error ?? (targets === "private" ? null : faultOf(name, addresses));
        if (fault !== null) callback(fault, "", 0);
        else if (options.all === true) callback(null, [...addresses]);
        else callback(null, addresses[0]?.address ?? "", addresses[0]?.family ?? 0);
      });
  }

  post(request: WebhookRequest): Promise<WebhookResponse> {
    const { url, headers, body, timeoutMs, maxBytes } = request;
    const signal = AbortSignal.timeout(timeoutMs);
    const send = new URL(url).protocol === "https:" ? requestHttps : requestHttp;
    const bytes = new TextEncoder().encode(body);
    const sized = { ...headers, "content-length": `${bytes.byteLength}`, connection: "close" };
    return new Promise((resolve) => {
      const fail = (error: Error) =>
        resolve({ ok: false, error: failureText(error, signal.aborted, timeoutMs) });
      const options = {
        method: "POST",
        headers: sized,
        lookup: this.#lookup,
        agent: false,
        signal,
      };
      const sending = send(url, options, (answer) => {
        const decoder = new TextDecoder();
        let text = "";
        let left = maxBytes;
        const end = () => {
          const retryAfter = answer.headers["retry-after"] ?? null;
          resolve({ ok: true, status: answer.statusCode ?? 0, retryAfter, text });
          sending.destroy();
        };
        answer.on("data", (chunk: Uint8Array) => {
          text += decoder.decode(chunk.subarray(0, left), { stream: true });
          left -= chunk.byteLength;
          if (left <= 0) end();
        });
        answer.on("end", end);
        answer.on("error", fail);
      });
      sending.on("error", fail);
      // Nobody asked for a 101, and neither Node nor Deno reports it as an answer.
      sending.on("upgrade", ({ statusCode = 0 }, socket) => {
        socket.destroy();
        resolve({ ok: true, status: statusCode, retryAfter: null, text: "" });
      });
      // Any other end without an answer.
      sending.on("close", () => fail(new Error("the connection was closed")));
      signal.addEventListener("abort", () => fail(new Error("timeout")), { once: true });
      sending.end(bytes);
    });
  }
}

/** All addresses are checked, because the connection may go to any of them. */
function faultOf(name: string, addresses: readonly LookupAddress[]): Error | null {
  if (addresses.length === 0) return new Error(`${name} has no address`);
  const wrong = addresses.find(({ address }) => isPrivateAddress(address) !== false);
  if (wrong === undefined) return null;
  return new Error(`${name} leads to ${wrong.address}, a private, local or reserved address`);
}
