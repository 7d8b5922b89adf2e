/**
 * How often one network may fail to say who it is: checking a signature costs more than anything else that a stranger can ask for.
 * Only failures count, and whoever shows a credential that this mesh made, or a key that has been good before, has a budget apart:
 * a stranger behind the same NAT shuts out no device with an account and no app server.
 */
import { Buffer } from "node:buffer";
import { openCredential } from "../../../core/identity/credential.ts";
import type { Keyring } from "../../../core/identity/keyring.ts";
import { ERRORS, type ErrorCode, MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { isLoopback, networkOf } from "./address.ts";
import type { RequestHead } from "./head.ts";

const INTERVAL_MS = 1_000 / LIMITS.FAILED_AUTH_PER_SECOND;
/** Further ahead, one more failure is over the burst. */
const AHEAD_MS = (LIMITS.FAILED_AUTH_BURST - 1) * INTERVAL_MS;
const CONNECT_TOKEN = /(?:^|[\s,])pushmesh\.token\.[\w-]+\.([\w-]+)\./;
const KEY_ID = /;keyid="([^"]{1,64})"/;
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const UNAUTHORIZED = 401;

/** Whether a socket that is closed with this code failed to say who it is. */
export const isFailedAuth = (code: ErrorCode): boolean =>
  ERRORS[code].retry === "reauthenticate" && ERRORS[code].close !== null;

type Asked = Pick<RequestHead, "method" | "fields" | "isUpgrade">;

export class FailedAuth {
  readonly #keyring: Keyring;
  readonly #now: () => number;
  /** By budget, when its last failure will be paid for (GCRA). Oldest first. */
  readonly #paidAt = new Map<string, number>();
  /** Keys whose requests were let in, oldest first. */
  readonly #goodKeys = new Set<string>();
  #lastGoodKey = "";

  /** @param now milliseconds that only rise */
  constructor(keyring: Keyring, now: () => number) {
    this.#keyring = keyring;
    this.#now = now;
  }

  /**
   * @param address whose request it is
   * @returns why the request is refused before it is looked at; null where it goes on
   */
  refusalOf(address: string, head: Asked): MeshError | null {
    if (this.#paidAt.size === 0) return null;
    const network = networkOf(address);
    // Mostly it has none: then nothing is read.
    if (!this.#isOver(network) && !head.isUpgrade) return null;
    const budget = this.#budgetOf(network, head);
    if (budget === null || !this.#isOver(budget)) return null;
    const retryAfterMs = Math.ceil((this.#paidAt.get(budget) ?? 0) - AHEAD_MS - this.#now());
    return new MeshError("too_many_failures", undefined, { retryAfterMs });
  }

  /** The request was answered with this status. */
  answered(address: string, head: Asked, status: number): void {
    if (status === UNAUTHORIZED) this.failed(address, head);
    else if (status < 400 && head.fields.has("signature-input")) this.#remember(head);
  }

  failed(address: string, head: Asked): void {
    const network = networkOf(address);
    if (isLoopback(network)) return;
    const budget = this.#budgetOf(network, head) ?? network;
    const now = this.#now();
    const paidAt = Math.max(now, this.#paidAt.get(budget) ?? 0) + INTERVAL_MS;
    this.#paidAt.delete(budget);
    this.#paidAt.set(budget, paidAt);
    for (const [oldest, at] of this.#paidAt) {
      if (at > now && this.#paidAt.size <= LIMITS.FAILED_AUTH_NETWORKS) break;
      this.#paidAt.delete(oldest);
    }
  }

  #isOver(budget: string): boolean {
    return (this.#paidAt.get(budget) ?? 0) > this.#now() + AHEAD_MS;
  }

  /** Null for what is never refused: it shows nothing that would have to be checked, or a key that is known as good. */
  #budgetOf(network: string, { method, fields, isUpgrade }: Asked): string | null {
    if (isUpgrade) {
      const token = CONNECT_TOKEN.exec(fields.get("sec-websocket-protocol") ?? "");
      const credential = token === null ? null : credentialOf(token[1] ?? "");
      if (credential === null || openCredential(this.#keyring, credential) === undefined)
        return network;
      // Whoever has stolen it can only spoil it at this address.
      return `${network} ${credential}`;
    }
    const key = KEY_ID.exec(fields.get("signature-input") ?? "")?.[1];
    if (key !== undefined) return this.#goodKeys.has(key) ? null : network;
    const showsNothing = SAFE.has(method) && !fields.has("authorization");
    return showsNothing ? null : network;
  }

  #remember({ fields }: Asked): void {
    const input = fields.get("signature-input") ?? "";
    if (this.#lastGoodKey !== "" && input.includes(this.#lastGoodKey)) return;
    const key = KEY_ID.exec(input)?.[1];
    if (key === undefined) return;
    this.#lastGoodKey = `;keyid="${key}"`;
    this.#goodKeys.delete(key);
    this.#goodKeys.add(key);
    for (const oldest of this.#goodKeys) {
      if (this.#goodKeys.size <= LIMITS.FAILED_AUTH_GOOD_KEYS) return;
      this.#goodKeys.delete(oldest);
    }
  }
}

/** What the payload of a connect token says its credential is. */
function credentialOf(payload: string): string | null {
  try {
    const { cred } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { cred?: unknown };
    return typeof cred === "string" ? cred : null;
  } catch {
    return null;
  }
}
