/** Counts the requests of each budget (worker/request/budgets.ts) on a host of one machine, by the clients that its sockets name. */
import type { Keyring } from "../../../../core/identity/keyring.ts";
import { MeshError } from "../../../../schema/errors.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import {
  ALL_ACCOUNTS,
  type Budget,
  type BudgetShare,
  budgetOf,
  linksOf,
} from "../../../../worker/request/budgets.ts";
import {
  connectingDevice,
  type IsRegistered,
} from "../../../../worker/request/connecting-device.ts";
import { isLoopback, neighbourhoodOf, networkOf } from "../../../../worker/request/network.ts";
import type { RequestHead } from "../http/head.ts";
import { type Rate, RefillingBudgets } from "./refilling-budgets.ts";

type Asked = Pick<RequestHead, "method" | "target" | "fields">;

interface RequestBudgetsOptions {
  readonly keyring: Keyring;
  readonly isRegistered: IsRegistered;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const ALL_KEY = `${ALL_ACCOUNTS.name} `;
/** What a neighbourhood has had of the accounts of all. It is forgotten over hours, so that coming back does not make it a newcomer. */
const RECENT: Rate = {
  perSecond: LIMITS.ACCOUNTS_FORGOTTEN_PER_SECOND,
  burst: LIMITS.ACCOUNTS_BURST,
};
/** Of the accounts of all networks, how many are left to those that have had few. */
const KEPT_COUNT = ALL_ACCOUNTS.burst / 2;

export class RequestBudgets {
  readonly #options: RequestBudgetsOptions;
  /** By share. */
  readonly #budgets = new RefillingBudgets(LIMITS.REQUEST_BUDGETS);
  /** By neighbourhood, see `RECENT`. */
  readonly #recent = new RefillingBudgets(LIMITS.REQUEST_BUDGETS);

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
      if (waitMs > 0) return refusal(budget, waitMs);
    }
    if (budget.name === "accounts") {
      const neighbourhood = neighbourhoodOf(network);
      const waitMs = this.#unfairMs(neighbourhood, now);
      if (waitMs > 0) return refusal(ALL_ACCOUNTS, waitMs);
      this.#recent.use(neighbourhood, RECENT, now);
    }
    for (const { budget, of } of shares) this.#budgets.use(`${budget.name} ${of}`, budget, now);
    return null;
  }

  /**
   * How long a neighbourhood leaves the accounts of all to others. Of the last half, it must leave the more the more it has had: who has had
   * none gets the last one, who has had as many as a burst gets none.
   */
  #unfairMs(neighbourhood: string, now: number): number {
    const left = ALL_ACCOUNTS.burst - this.#budgets.used(ALL_KEY, ALL_ACCOUNTS, now);
    if (left >= KEPT_COUNT) return 0;
    const part = this.#recent.used(neighbourhood, RECENT, now) / RECENT.burst;
    return ((Math.min(1, part) * KEPT_COUNT - left) * 1_000) / ALL_ACCOUNTS.perSecond;
  }

  #sharesOf(budget: Budget, network: string, { fields }: Asked): readonly BudgetShare[] {
    const own = { budget, of: network };
    if (budget.name === "accounts") return [own, { budget: ALL_ACCOUNTS, of: "" }];
    if (budget.name !== "connects") return [own];
    const { keyring, isRegistered } = this.#options;
    const device = connectingDevice(keyring, fields.get("sec-websocket-protocol"));
    if (device === null || !isRegistered(device.name)) return [own];
    return [linksOf(network, device.name)];
  }
}

const refusal = ({ what }: Budget, waitMs: number): MeshError =>
  new MeshError("too_many_requests", `too many ${what}`, { retryAfterMs: Math.ceil(waitMs) });
