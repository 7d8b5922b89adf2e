/**
 * Limits failed authentications per network: verifying a signature costs more than anything else that a stranger can ask for. Only
 * failures count. A registered device, and a key that has succeeded before, have budgets of their own, so that a stranger behind the same
 * NAT does not lock them out. Identities that cost nothing to get share one: all accounts of a network without a registration, and all
 * keys that have succeeded only from other networks.
 */
import { parseKeyId } from "../../../../core/identity/app-id.ts";
import type { Keyring } from "../../../../core/identity/keyring.ts";
import { ERRORS, type ErrorCode, MeshError } from "../../../../schema/errors.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import {
  connectingDevice,
  type IsRegistered,
} from "../../../../worker/request/connecting-device.ts";
import { isLoopback, networkOf } from "../../../../worker/request/network.ts";
import { routePaths } from "../../../../worker/request/route-path.ts";
import { keyIdOfToken } from "../../../../worker/request/send-token.ts";
import { keyIdOf } from "../../../../worker/signature/headers.ts";
import type { RequestHead } from "../http/head.ts";
import { GoodKeys } from "./good-keys.ts";
import { type Rate, RefillingBudgets } from "./refilling-budgets.ts";

const RATE: Rate = {
  perSecond: LIMITS.FAILED_AUTH_PER_SECOND,
  burst: LIMITS.FAILED_AUTH_BURST,
};
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const UNAUTHORIZED = 401;

/** Whether closing a socket with this code is a failed authentication. */
export const isFailedAuth = (code: ErrorCode): boolean =>
  ERRORS[code].retry === "reauthenticate" && ERRORS[code].close !== null;

/** The key that a request names, by its signature or its send token; undefined if it names none. Not verified. */
function claimedKey(fields: Asked["fields"]): string | undefined {
  const input = fields.get("signature-input");
  return input === undefined ? keyIdOfToken(fields.get("authorization")) : keyIdOf(input);
}

/** Upgrades that are signed like requests: whose they are, their key says. */
const SIGNED_UPGRADE = /^\/v1\/messages\//;
const isSignedUpgrade = (target: string): boolean =>
  routePaths(target).every((path) => SIGNED_UPGRADE.test(path));

/** Routes that verify the signature of every request. A success of any other route does not prove the key in its headers. */
const SIGNED = /^\/v1\/(messages|tags|aliases|registrations)(\/|$)/;
const isSigned = (target: string): boolean => routePaths(target).every((path) => SIGNED.test(path));

type Asked = Pick<RequestHead, "method" | "target" | "fields" | "isUpgrade">;

interface FailedAuthOptions {
  readonly keyring: Keyring;
  readonly isRegistered: IsRegistered;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class FailedAuth {
  readonly #options: FailedAuthOptions;
  readonly #now: () => number;
  readonly #budgets = new RefillingBudgets(LIMITS.FAILED_AUTH_NETWORKS);
  readonly #goodKeys = new GoodKeys();

  constructor(options: FailedAuthOptions) {
    this.#options = options;
    this.#now = options.now;
  }

  /**
   * @param address of the client
   * @returns why the request is refused by its head alone; null admits it
   */
  refusalOf(address: string, head: Asked): MeshError | null {
    if (this.#budgets.areFull) return null;
    const budget = this.#budgetOf(networkOf(address), head);
    if (budget === null) return null;
    const waitMs = this.#budgets.waitMs(budget, RATE, this.#now());
    if (waitMs <= 0) return null;
    return new MeshError("too_many_failures", undefined, { retryAfterMs: Math.ceil(waitMs) });
  }

  /**
   * The app of the key that the request names, if that key has succeeded before; else null. The signature is not verified yet, but a false
   * one is refused quickly.
   */
  senderOf(head: Asked): string | null {
    const keyId = claimedKey(head.fields);
    if (keyId === undefined || this.#goodKeys.standingOf(keyId, "", this.#now()) === "unknown")
      return null;
    return parseKeyId(keyId)?.appId ?? "";
  }

  /** To be called with the status of each answer. @returns whether it proves the key that the request names */
  answered(address: string, head: Asked, status: number): boolean {
    if (status === UNAUTHORIZED) this.failed(address, head);
    const isProof = status < 400 && head.method !== "OPTIONS" && isSigned(head.target);
    if (isProof) this.#succeeded(networkOf(address), head.fields);
    return isProof;
  }

  #succeeded(network: string, fields: Asked["fields"]): void {
    const input = fields.get("signature-input");
    if (input !== undefined) {
      this.#goodKeys.add(input, network, this.#now());
      return;
    }
    const keyId = claimedKey(fields);
    if (keyId !== undefined) this.#goodKeys.addKey(keyId, network, this.#now());
  }

  failed(address: string, head: Asked): void {
    const network = networkOf(address);
    if (isLoopback(network)) return;
    this.#budgets.use(this.#budgetOf(network, head) ?? network, RATE, this.#now());
  }

  /** Null for requests that are never refused: without credentials, or with a key that has succeeded from this network. */
  #budgetOf(network: string, { method, target, fields, isUpgrade }: Asked): string | null {
    if (isUpgrade && !isSignedUpgrade(target)) return this.#budgetOfLink(network, fields);
    const keyId = claimedKey(fields);
    if (keyId !== undefined) {
      const standing = this.#goodKeys.standingOf(keyId, network, this.#now());
      if (standing === "unknown") return network;
      return standing === "here" ? null : `${network} keys`;
    }
    const showsNothing = SAFE.has(method) && !fields.has("authorization");
    return showsNothing ? null : network;
  }

  #budgetOfLink(network: string, fields: Asked["fields"]): string {
    const { keyring, isRegistered } = this.#options;
    const device = connectingDevice(keyring, fields.get("sec-websocket-protocol"));
    if (device === null) return network;
    // By device, not by credential: before a device registers, any number of keys can get a credential for it. A stolen credential
    // exhausts the device's budget only from the thief's network.
    return `${network} ${isRegistered(device.name) ? device.name : "accounts"}`;
  }
}
