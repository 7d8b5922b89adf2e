/**
 * How often one network may fail to say who it is: checking a signature costs more than anything else that a stranger can ask for.
 * Only failures count. Whoever shows a credential that this mesh made, or a key that has been good before, has a budget apart, so that
 * a stranger behind the same NAT shuts out no registered device and no app server. What costs nothing to get has none of its own:
 * all accounts of a network that registered nothing share one, and so do all keys that were good only elsewhere.
 */
import type { Keyring } from "../../../../core/identity/keyring.ts";
import { BoundedMap } from "../../../../schema/bounded-map.ts";
import { ERRORS, type ErrorCode, MeshError } from "../../../../schema/errors.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import type { RequestHead } from "../http/head.ts";
import { isLoopback, networkOf } from "./address.ts";
import { connectingDevice, type IsRegistered } from "./connecting-device.ts";
import { GoodKeys } from "./good-keys.ts";

const INTERVAL_MS = 1_000 / LIMITS.FAILED_AUTH_PER_SECOND;
/** Further ahead, one more failure is over the burst. */
const AHEAD_MS = (LIMITS.FAILED_AUTH_BURST - 1) * INTERVAL_MS;
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const UNAUTHORIZED = 401;

/** Whether a socket that is closed with this code failed to say who it is. */
export const isFailedAuth = (code: ErrorCode): boolean =>
  ERRORS[code].retry === "reauthenticate" && ERRORS[code].close !== null;

/** Routes that answer nobody whose signature they did not check: what any other answers says nothing of the key that a header names. */
const SIGNED = /^\/v1\/(messages|tags|aliases|registrations)(\/|\?|$)/;

type Asked = Pick<RequestHead, "method" | "target" | "fields" | "isUpgrade">;

export interface FailedAuthOptions {
  readonly keyring: Keyring;
  readonly isRegistered: IsRegistered;
  /** Milliseconds that only rise. */
  readonly now: () => number;
}

export class FailedAuth {
  readonly #options: FailedAuthOptions;
  readonly #now: () => number;
  /** By budget, when its last failure will be paid for (GCRA). */
  readonly #paidAt = new BoundedMap<string, number>(LIMITS.FAILED_AUTH_NETWORKS);
  readonly #goodKeys = new GoodKeys();

  constructor(options: FailedAuthOptions) {
    this.#options = options;
    this.#now = options.now;
  }

  /**
   * @param address whose request it is
   * @returns why the request is refused before it is looked at; null where it goes on
   */
  refusalOf(address: string, head: Asked): MeshError | null {
    if (this.#paidAt.size === 0) return null;
    const budget = this.#budgetOf(networkOf(address), head);
    if (budget === null || !this.#isOver(budget)) return null;
    const retryAfterMs = Math.ceil((this.#paidAt.get(budget) ?? 0) - AHEAD_MS - this.#now());
    return new MeshError("too_many_failures", undefined, { retryAfterMs });
  }

  /** Whether the request is signed by a key that was let in before. It may be a lie: one that is refused ends in no time. */
  isVouched(head: Asked): boolean {
    const input = head.fields.get("signature-input");
    return input !== undefined && this.#goodKeys.standingOf(input, "", this.#now()) !== "unknown";
  }

  /** The request was answered with this status. */
  answered(address: string, head: Asked, status: number): void {
    if (status === UNAUTHORIZED) this.failed(address, head);
    else if (status < 400 && head.method !== "OPTIONS" && SIGNED.test(head.target)) {
      const input = head.fields.get("signature-input");
      if (input !== undefined) this.#goodKeys.add(input, networkOf(address), this.#now());
    }
  }

  failed(address: string, head: Asked): void {
    const network = networkOf(address);
    if (isLoopback(network)) return;
    const budget = this.#budgetOf(network, head) ?? network;
    const now = this.#now();
    const paidAt = Math.max(now, this.#paidAt.get(budget) ?? 0) + INTERVAL_MS;
    this.#paidAt.set(budget, paidAt);
    this.#paidAt.dropOldestWhile((at) => at <= now);
  }

  #isOver(budget: string): boolean {
    return (this.#paidAt.get(budget) ?? 0) > this.#now() + AHEAD_MS;
  }

  /** Null for what is never refused: it shows nothing that would have to be checked, or a key that was good here. */
  #budgetOf(network: string, { method, fields, isUpgrade }: Asked): string | null {
    if (isUpgrade) return this.#budgetOfLink(network, fields);
    const input = fields.get("signature-input");
    if (input !== undefined) {
      const standing = this.#goodKeys.standingOf(input, network, this.#now());
      if (standing === "unknown") return network;
      return standing === "here" ? null : `${network} keys`;
    }
    const showsNothing = SAFE.has(method) && !fields.has("authorization");
    return showsNothing ? null : network;
  }

  #budgetOfLink(network: string, fields: Asked["fields"]): string {
    const { keyring, isRegistered } = this.#options;
    const device = connectingDevice(keyring, fields);
    if (device === null) return network;
    // By the device and not by the credential: before it registers, any number of keys get one for it. Whoever has stolen one can
    // only spoil it at this address.
    return `${network} ${isRegistered(device.name) ? device.name : "accounts"}`;
  }
}
