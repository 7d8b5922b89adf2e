/**
 * Budgets of requests on Cloudflare: its rate-limit bindings count per location, by the network of the client. Without the bindings
 * nothing is counted: on a host of one machine its sockets do that.
 */
import { MeshError } from "../../schema/errors.ts";
import { configOf } from "../config.ts";
import type { Env } from "../env.ts";
import { problemResponse } from "../problem.ts";
import { type Budget, budgetOf, linksOf } from "../request/budgets.ts";
import { connectingDevice } from "../request/connecting-device.ts";
import { isLoopback, networkOf } from "../request/network.ts";

/** The bindings of `wrangler.toml`. There are none for pages, which it does not deploy. */
export interface RateLimits {
  readonly ACCOUNTS_RATE?: RateLimit;
  readonly CONNECTS_RATE?: RateLimit;
  readonly LISTENS_RATE?: RateLimit;
  readonly LINKS_RATE?: RateLimit;
}

const BINDINGS = {
  accounts: "ACCOUNTS_RATE",
  connects: "CONNECTS_RATE",
  listens: "LISTENS_RATE",
  links: "LINKS_RATE",
  pages: null,
} as const satisfies Record<Budget["name"], keyof RateLimits | null>;

/** `period` of the bindings. Cloudflare does not say when the next request is allowed: no later than this. */
const PERIOD_MS = 60_000;

/** @returns the refusal of a request whose network is over its budget; null admits it */
export async function overBudget(
  request: Request,
  limits: RateLimits,
  env: Env,
): Promise<Response | null> {
  const asked = budgetOf(request.method, new URL(request.url).pathname);
  // Set by Cloudflare, which drops what a client sends under this name.
  const address = request.headers.get("cf-connecting-ip");
  if (asked === null || address === null) return null;
  const network = networkOf(address);
  if (isLoopback(network)) return null;
  const device = asked.name === "connects" ? deviceOf(request, env) : null;
  const { budget, of: key } =
    device === null ? { budget: asked, of: network } : linksOf(network, device);
  const binding = BINDINGS[budget.name];
  if (binding === null) return null;
  const answer = await limits[binding]?.limit({ key });
  if (answer?.success !== false) return null;
  const detail = `too many ${budget.what}`;
  return problemResponse(new MeshError("too_many_requests", detail, { retryAfterMs: PERIOD_MS }));
}

/** The device that the credential of the request names. Whether an app is registered on it only its object knows. */
function deviceOf({ headers }: Request, env: Env): string | null {
  try {
    const { keyring } = configOf(env);
    return connectingDevice(keyring, headers.get("sec-websocket-protocol"))?.name ?? null;
  } catch {
    // Without its settings the mesh refuses the request anyway, and says so.
    return null;
  }
}
