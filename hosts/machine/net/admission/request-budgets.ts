/** Counts the requests of each budget (worker/request/budgets.ts) on a host of one machine, by the clients that its sockets name. */
import type { Keyring } from "../../../../core/identity/keyring.ts";
import { MeshError } from "../../../../schema/errors.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { ALL_ACCOUNTS, type Budget, budgetOf, LINKS } from "../../../../worker/request/budgets.ts";
import {
  connectingDevice,
  type IsRegistered,
} from "../../../../worker/request/connecting-device.ts";
import { isLoopback, networkOf } from "../../../../worker/request/network.ts";
import type { RequestHead } from "../http/head.ts";
import { RefillingBudgets } from "./refilling-budgets.ts";

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
  /** By share. */
  readonly #budgets = new RefillingBudgets(LIMITS.REQUEST_BUDGETS);

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
      const waitMs = this.#budgets.waitMs(`${budget.name} ${of}`, budget, now);
      if (waitMs <= 0) continue;
      const detail = `too many ${budget.what}`;
      return new MeshError("too_many_requests", detail, { retryAfterMs: Math.ceil(waitMs) });
    }
    for (const { budget, of } of shares) this.#budgets.use(`${budget.name} ${of}`, budget, now);
    return null;
  }

  #sharesOf(budget: Budget, network: string, { fields }: Asked): readonly Share[] {
    const own = { budget, of: network };
    if (budget.name === "accounts") return [own, { budget: ALL_ACCOUNTS, of: "" }];
    if (budget.name !== "connects") return [own];
    const { keyring, isRegistered } = this.#options;
    const device = connectingDevice(keyring, fields.get("sec-websocket-protocol"));
    if (device === null || !isRegistered(device.name)) return [own];
    // Of each network: the token is not verified yet, and whoever saw one must not lock the device out elsewhere.
    return [{ budget: LINKS, of: `${network} ${device.name}` }];
  }
}
