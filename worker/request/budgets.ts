/**
 * Budgets of requests that cost the mesh something before it knows who asks. The hosts of one machine count them in memory
 * (hosts/machine/net/admission/request-budgets.ts), Cloudflare by its rate-limit bindings (worker/workers/budgets.ts).
 */
import { LIMITS } from "../../schema/limits.ts";
import { routePaths } from "./route-path.ts";

export interface Budget {
  readonly name: "accounts" | "connects" | "listens" | "links" | "pages";
  /** What is counted, for the detail of a refusal. */
  readonly what: string;
  readonly perSecond: number;
  readonly burst: number;
}

/** Of a network. */
const ACCOUNTS: Budget = {
  ...{ name: "accounts", what: "accounts are made from this network" },
  ...{ perSecond: LIMITS.ACCOUNTS_PER_SECOND, burst: LIMITS.ACCOUNTS_BURST },
};
const CONNECTS: Budget = {
  ...{ name: "connects", what: "links of devices without a registration come from this network" },
  ...{ perSecond: LIMITS.CONNECTS_PER_SECOND, burst: LIMITS.CONNECTS_BURST },
};
const LISTENS: Budget = {
  ...{ name: "listens", what: "listeners come from this network" },
  ...{ perSecond: LIMITS.LISTENS_PER_SECOND, burst: LIMITS.LISTENS_BURST },
};
const PAGES: Budget = {
  ...{ name: "pages", what: "pages of the documentation are read from this network" },
  ...{ perSecond: LIMITS.PAGES_PER_SECOND, burst: LIMITS.PAGES_BURST },
};
/** Of all networks together. */
export const ALL_ACCOUNTS: Budget = {
  ...{ name: "accounts", what: "accounts are made on this mesh" },
  ...{ perSecond: LIMITS.ALL_ACCOUNTS_PER_SECOND, burst: LIMITS.ALL_ACCOUNTS_BURST },
};
/** Of a registered device in a network: it shares none with the others there, nor with whoever has its credential elsewhere. */
const LINKS: Budget = {
  ...{ name: "links", what: "links are opened by this device from this network" },
  ...{ perSecond: LIMITS.LINKS_PER_SECOND, burst: LIMITS.LINKS_BURST },
};

/** A budget, and whose it is. */
export interface BudgetShare {
  readonly budget: Budget;
  readonly of: string;
}

/** Of each network: the token is not verified yet, and whoever saw one must not lock the device out elsewhere. */
export const linksOf = (network: string, device: string): BudgetShare => ({
  budget: LINKS,
  of: `${network} ${device}`,
});

const DOCS = /^\/docs(\/|$)/;
const LIVE = /^\/v1\/apps\/[^/]+\/tags\/[^/]+\/live$/;

/**
 * The budget of a network that a request uses; null for none. Signed requests and those of the operator use none: their failures are
 * counted, and sends have the quota of their app.
 *
 * @param target path and query
 */
export function budgetOf(method: string, target: string): Budget | null {
  const paths = routePaths(target);
  if (method === "POST") return paths.includes("/v1/devices") ? ACCOUNTS : null;
  // The router answers HEAD by the route of GET.
  if (method !== "GET" && method !== "HEAD") return null;
  if (paths.includes("/v1/connect")) return CONNECTS;
  if (paths.some((path) => LIVE.test(path))) return LISTENS;
  return paths.some((path) => DOCS.test(path)) ? PAGES : null;
}
