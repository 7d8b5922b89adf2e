/**
 * Budgets of requests on Cloudflare: its rate-limit bindings count per location, by the network of the client. Without the bindings
 * nothing is counted: on a host of one machine its sockets do that.
 */
import { MeshError } from "../../schema/errors.ts";
import { problemResponse } from "../problem.ts";
import { type Budget, budgetOf } from "../request/budgets.ts";
import { isLoopback, networkOf } from "../request/network.ts";

/** The bindings of `wrangler.toml`. */
export interface RateLimits {
  readonly ACCOUNTS_RATE?: RateLimit;
  readonly CONNECTS_RATE?: RateLimit;
  readonly LISTENS_RATE?: RateLimit;
}

const BINDINGS = {
  accounts: "ACCOUNTS_RATE",
  connects: "CONNECTS_RATE",
  listens: "LISTENS_RATE",
} as const satisfies Partial<Record<Budget["name"], keyof RateLimits>>;

/** `period` of the bindings. Cloudflare does not say when the next request is allowed: no later than this. */
const PERIOD_MS = 60_000;

/** @returns the refusal of a request whose network is over its budget; null admits it */
export async function overBudget(request: Request, limits: RateLimits): Promise<Response | null> {
  const budget = budgetOf(request.method, new URL(request.url).pathname);
  if (budget === null || budget.name === "links") return null;
  const binding = limits[BINDINGS[budget.name]];
  // Set by Cloudflare, which drops what a client sends under this name.
  const address = request.headers.get("cf-connecting-ip");
  if (binding === undefined || address === null) return null;
  const network = networkOf(address);
  if (isLoopback(network)) return null;
  const { success } = await binding.limit({ key: network });
  if (success) return null;
  const detail = `too many ${budget.what}`;
  return problemResponse(new MeshError("too_many_requests", detail, { retryAfterMs: PERIOD_MS }));
}
