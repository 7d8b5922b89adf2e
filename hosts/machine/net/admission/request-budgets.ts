/** Counts the requests of each budget (worker/request/budgets.ts) on a host of one machine, by the clients that its sockets name. */
import type { Keyring } from "../../../../core/identity/keyring.ts";
import { BoundedMap } from "../../../../schema/bounded-map.ts";
import { MeshError } from "../../../../schema/errors.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { ALL_ACCOUNTS, type Budget, budgetOf, LINKS } from "../../../../worker/request/budgets.ts";
import { isLoopback, networkOf } from "../../../../worker/request/network.ts";
import type { RequestHead } from "../http/head.ts";
import { connectingDevice, type IsRegistered } from "./connecting-device.ts";

type Asked = Pick<RequestHead, "method" | "target" | "fields">;

interface RequestBudgetsOptions {
  readonly keyring: Keyring;
  readonly isRegistered: IsRegistered;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** A budget, and whose it is. */
interface Share {
  readonly budget: Budget;
  readonly of: string;
}

export class RequestBudgets {
  readonly #options: RequestBudgetsOptions;
  /** By share, when its last request is paid for (GCRA). */
  readonly #paidAt = new BoundedMap<string, number>(LIMITS.REQUEST_BUDGETS);

  constructor(options: RequestBudgetsOptions) {
    this.#options = options;
  }

  /**
   * Counts a request. One that is refused uses nothing.
   *
   * @param address of the client
   * @returns why it is refused by its head alone; null admits it
   */
  refusalOf(address: string, head: Asked): MeshError | null {
    const budget = budgetOf(head.method, head.target);
    if (budget === null) return null;
    const network = networkOf(address);
    // A local proxy brings all clients from there.
    if (isLoopback(network)) return null;
    const shares = this.#sharesOf(budget, network, head);
    const now = this.#options.now();
    for (const { budget, of } of shares) {
      const waitMs = this.#aheadMs(budget, of, now);
      if (waitMs <= 0) continue;
      const detail = `too many ${budget.what}`;
      return new MeshError("too_many_requests", detail, { retryAfterMs: Math.ceil(waitMs) });
    }
    for (const share of shares) this.#pay(share, now);
    this.#paidAt.dropOldestWhile((at) => at <= now);
    return null;
  }

  #sharesOf(budget: Budget, network: string, { fields }: Asked): readonly Share[] {
    const own = { budget, of: network };
    if (budget.name === "accounts") return [own, { budget: ALL_ACCOUNTS, of: "" }];
    if (budget.name !== "connects") return [own];
    const { keyring, isRegistered } = this.#options;
    const device = connectingDevice(keyring, fields);
    if (device === null || !isRegistered(device.name)) return [own];
    // Of each network: the token is not verified yet, and whoever saw one must not lock the device out elsewhere.
    return [{ budget: LINKS, of: `${network} ${device.name}` }];
  }

  /** How far over its budget one more request would be: milliseconds. */
  #aheadMs({ name, perSecond, burst }: Budget, of: string, now: number): number {
    const paidAt = this.#paidAt.get(`${name} ${of}`) ?? now;
    return paidAt - now - ((burst - 1) * 1_000) / perSecond;
  }

  #pay({ budget: { name, perSecond }, of }: Share, now: number): void {
    const key = `${name} ${of}`;
    this.#paidAt.set(key, Math.max(now, this.#paidAt.get(key) ?? now) + 1_000 / perSecond);
  }
}
