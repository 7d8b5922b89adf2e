/**
 * Quotas at the edge: takes a token for each send, and tells the state of the quota with every signed answer, as RateLimit headers
 * (draft-ietf-httpapi-ratelimit-headers-10).
 */
import type { LeaseAnswer, TokenUse } from "../../core/app/quota.ts";
import { QuotaLeases, type QuotaState } from "../../core/app/quota-leases.ts";
import { BoundedMap } from "../../schema/bounded-map.ts";
import { MeshError } from "../../schema/errors.ts";
import type { SendBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { onceInTime, withTimeout } from "../calls/objects.ts";
import type { CallContext, MeshContext } from "../context.ts";
import type { Caller } from "../request/signed.ts";
import type { AppQuota } from "../signature/keys.ts";
import type { MessageOptions } from "./message.ts";

/** Calls for the tokens of one request: for all, for those that are left, and for the next. */
const TOKEN_ASKS = 3;
/** The name of the policy in the headers. */
const POLICY = "sends";
const SECOND_MS = 1_000;
/** Of a question that spends nothing. */
const ANY: TokenUse = { sendClass: "normal", mayWait: true };

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

/** What a send is counted as. A broadcast waits in no mailbox, nor does what is for those that are there now. */
export function useOf(
  to: SendBody["to"],
  { priority, ttl, onlineOnly = false }: MessageOptions,
): TokenUse {
  const isSingle = typeof to === "string" || "alias" in to || "regIds" in to || "aliases" in to;
  if (!isSingle) return { sendClass: "broadcast", mayWait: false };
  return { sendClass: priority, mayWait: ttl > 0 && !onlineOnly };
}

/**
 * An answer that comes after the timeout counts as well: its lease is spent as long as it lasts.
 *
 * @returns the object's answer; null if the quota has ended meanwhile
 * @throws MeshError `overloaded` after `LIMITS.QUOTA_CALL_MS`
 */
async function ask(
  c: CallContext,
  { appId }: AppQuota,
  held: QuotaLeases,
  spend: number,
  use: TokenUse,
): Promise<LeaseAnswer | null> {
  const askedAt = now();
  const request = held.request(spend, use);
  const lease = async () => {
    const answer = await c.env.APPS.getByName(appId).lease(request);
    if (answer !== null) held.answered(answer, use, askedAt, now());
    return answer;
  };
  try {
    return await onceInTime(lease, LIMITS.QUOTA_CALL_MS);
  } catch (error) {
    held.failed(now());
    throw error;
  }
}

/**
 * Takes a token for a send, perhaps one of the future. It costs a call of the app's object only if this edge has no leased token; without a quota, nothing.
 *
 * @returns when it may be sent, milliseconds since 1970; undefined for now
 * @throws MeshError `quota_exceeded` with the time until the next token, or `overloaded` if the object does not answer
 */
export async function takeToken(
  c: CallContext,
  caller: Caller,
  use: TokenUse,
): Promise<number | undefined> {
  const { granted, refusal, at } = await takeTokens(c, caller, 1, use);
  if (granted === 0) throw refusal();
  return at(0);
}

/** What is left of a quota for the messages of one request. */
export interface Tokens {
  /** For so many of them there is a token. */
  readonly granted: number;
  /** When the message at this place may be sent, milliseconds since 1970; undefined for now. */
  readonly at: (place: number) => number | undefined;
  /** `quota_exceeded`. @param retryAfterMs default: until the next token */
  readonly refusal: (retryAfterMs?: number) => MeshError;
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
  use: TokenUse,
): Promise<Tokens> {
  const { quota } = verified.verifier;
  if (quota === null)
    return {
      granted: count,
      at: () => undefined,
      refusal: () => new MeshError("quota_exceeded"),
    };
  const held = leasesOf(quota);
  let granted = 0;
  while (granted < count && held.spend(now())) granted++;
  const queued = new Map<number, number>();
  let wanted = count - granted;
  for (let asks = 0; asks < TOKEN_ASKS && wanted > 0 && held.waitMs(now(), use) === 0; asks++) {
    const answer = await ask(c, quota, held, wanted, use);
    if (answer === null || answer.isGranted) {
      // The last of them is there at that time, and each before it one token earlier.
      for (let n = 0, at = answer?.at ?? 0; n < wanted && at > Date.now(); n++) {
        queued.set(granted + wanted - 1 - n, Math.ceil(at));
        at -= 1_000 / quota.perSecond;
      }
      granted += wanted;
    }
    // There are fewer. All that are left, unless another edge takes them; then one more, to learn when that is there.
    wanted = Math.min(count - granted, Math.max(1, held.left(now(), use)));
  }
  return {
    granted,
    at: (place) => queued.get(place),
    refusal: (retryAfterMs = held.waitMs(now(), use)) => exceeded(quota, retryAfterMs, use),
  };
}

function exceeded(quota: AppQuota, retryAfterMs: number, { mayWait }: TokenUse): MeshError {
  const { perSecond, burst, queueSeconds } = quota;
  const queue =
    queueSeconds === undefined || !mayWait ? "" : `, and what is queued for ${queueSeconds} s`;
  const detail = `the quota is ${perSecond} sends a second, and ${burst} at once${queue}`;
  return new MeshError("quota_exceeded", detail, { retryAfterMs });
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
    const asked = ask(c, quota, held, 0, ANY);
    // What comes too late for this answer is told with the next.
    c.executionCtx.waitUntil(asked.catch(() => {}));
    await withTimeout(LIMITS.QUOTA_TELL_MS, asked).catch(() => held.failed(now()));
  }
  for (const [name, value] of Object.entries(quotaHeaders(c))) c.res.headers.set(name, value);
}

function headersOf({ quota, left, nextMs }: QuotaState): Readonly<Record<string, string>> {
  const { perSecond, burst, queueSeconds } = quota;
  // A window in which a burst comes back: what it allows is the average rate, exactly.
  const window = Math.max(1, Math.ceil(burst / perSecond));
  const most = Math.floor(window * perSecond + 1e-9);
  const seconds = Math.max(1, Math.ceil(nextMs / SECOND_MS));
  const queue = queueSeconds === undefined ? "" : `;pushmesh-queue=${queueSeconds}`;
  return {
    "ratelimit-policy": `"${POLICY}";q=${most};w=${window};pushmesh-burst=${burst}${queue}`,
    ratelimit: `"${POLICY}";r=${left}${nextMs === 0 ? "" : `;t=${seconds}`}`,
  };
}
