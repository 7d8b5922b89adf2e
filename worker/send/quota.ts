/**
 * Quotas at the edge: takes a token for each send, and tells the state of the quota with every signed answer, as RateLimit headers
 * (draft-ietf-httpapi-ratelimit-headers-10).
 */
import { QuotaLeases, type QuotaState } from "../../core/app/quota-leases.ts";
import { BoundedMap } from "../../schema/bounded-map.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { onceInTime, withTimeout } from "../calls/objects.ts";
import type { CallContext, MeshContext } from "../context.ts";
import type { Caller } from "../request/signed.ts";
import type { AppQuota } from "../signature/keys.ts";

/** Calls for the tokens of one request: for all, for those that are left, and for the next. */
const TOKEN_ASKS = 3;
/** The name of the policy in the headers. */
const POLICY = "sends";
const SECOND_MS = 1_000;

/** By appId. An evicted app loses the tokens that it leased here. */
const leases = new BoundedMap<string, QuotaLeases>(LIMITS.APP_CACHE_COUNT);

function leasesOf({ appId }: AppQuota): QuotaLeases {
  const known = leases.touch(appId);
  if (known !== undefined) return known;
  const fresh = new QuotaLeases();
  leases.set(appId, fresh);
  return fresh;
}

/** Does not jump on Deno. On Workers it is the time of day; a lease then ends early or, at a jump back, at once. */
const now = (): number => performance.now();

/**
 * An answer that comes after the timeout counts as well: its lease is spent as long as it lasts.
 *
 * @returns whether the tokens were granted; also true if the quota has ended meanwhile
 * @throws MeshError `overloaded` after `LIMITS.QUOTA_CALL_MS`
 */
async function ask(
  c: CallContext,
  { appId }: AppQuota,
  held: QuotaLeases,
  spend: number,
): Promise<boolean> {
  const askedAt = now();
  const request = held.request(spend);
  const lease = async () => {
    const answer = await c.env.APPS.getByName(appId).lease(request);
    if (answer !== null) held.answered(answer, askedAt, now());
    return answer;
  };
  try {
    const answer = await onceInTime(lease, LIMITS.QUOTA_CALL_MS);
    return answer === null || answer.isGranted;
  } catch (error) {
    held.failed(now());
    throw error;
  }
}

/**
 * Takes a token for a send. It costs a call of the app's object only if this edge has no leased token; without a quota, nothing.
 *
 * @throws MeshError `quota_exceeded` with the time until the next token, or `overloaded` if the object does not answer
 */
export async function takeToken(c: CallContext, caller: Caller): Promise<void> {
  const { granted, refusal } = await takeTokens(c, caller, 1);
  if (granted === 0) throw refusal();
}

/** What is left of a quota for the messages of one request. */
export interface Tokens {
  /** For so many of them there is a token. */
  readonly granted: number;
  /** `quota_exceeded` with the time until the next token. */
  readonly refusal: () => MeshError;
}

/**
 * Takes a token for each of many messages, or as many as there are: at most `TOKEN_ASKS` calls of the app's object.
 *
 * @throws MeshError `overloaded` if the object does not answer
 */
export async function takeTokens(
  c: CallContext,
  { verified }: Caller,
  count: number,
): Promise<Tokens> {
  const { quota } = verified.verifier;
  if (quota === null) return { granted: count, refusal: () => new MeshError("quota_exceeded") };
  const held = leasesOf(quota);
  let granted = 0;
  while (granted < count && held.spend(now())) granted++;
  let wanted = count - granted;
  for (let asks = 0; asks < TOKEN_ASKS && wanted > 0 && held.waitMs(now()) === 0; asks++) {
    if (await ask(c, quota, held, wanted)) granted += wanted;
    // There are fewer. All that are left, unless another edge takes them; then one more, to learn when that is there.
    wanted = Math.min(count - granted, Math.max(1, held.left(now())));
  }
  return { granted, refusal: () => exceeded(quota, held) };
}

function exceeded(quota: AppQuota, held: QuotaLeases): MeshError {
  const detail = `the quota is ${quota.perSecond} sends a second, and ${quota.burst} at once`;
  return new MeshError("quota_exceeded", detail, { retryAfterMs: held.waitMs(now()) });
}

/** The headers of an answer to an app with a quota; also says that they are told. */
export function quotaHeaders(c: MeshContext): Readonly<Record<string, string>> {
  const quota = c.get("quota");
  const state = quota && leasesOf(quota).state(now());
  if (!state) return {};
  c.set("quota", undefined);
  return headersOf(state);
}

/** Sets the headers of an answer that does not have them yet; not if the app's object is slow, for which no answer waits long. */
export async function tellQuota(c: MeshContext, quota: AppQuota): Promise<void> {
  const held = leasesOf(quota);
  if (held.mayAsk(now())) {
    const asked = ask(c, quota, held, 0);
    // What comes too late for this answer is told with the next.
    c.executionCtx.waitUntil(asked.catch(() => {}));
    await withTimeout(LIMITS.QUOTA_TELL_MS, asked).catch(() => held.failed(now()));
  }
  for (const [name, value] of Object.entries(quotaHeaders(c))) c.res.headers.set(name, value);
}

function headersOf({ quota, left, nextMs }: QuotaState): Readonly<Record<string, string>> {
  const { perSecond, burst } = quota;
  // A window in which a burst comes back: what it allows is the average rate, exactly.
  const window = Math.max(1, Math.ceil(burst / perSecond));
  const most = Math.floor(window * perSecond + 1e-9);
  const seconds = Math.max(1, Math.ceil(nextMs / SECOND_MS));
  return {
    "ratelimit-policy": `"${POLICY}";q=${most};w=${window};pushmesh-burst=${burst}`,
    ratelimit: `"${POLICY}";r=${left}${nextMs === 0 ? "" : `;t=${seconds}`}`,
  };
}
