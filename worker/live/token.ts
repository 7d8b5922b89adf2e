/** Listen tokens, by which an app server allows a page to listen to a tag (docs/api.md, Live listeners). */
import * as z from "zod";
import { parseKeyId } from "../../core/identity/app-id.ts";
import { JWS_ALGORITHMS, JwsError, readJws } from "../../core/identity/jws.ts";
import { type TimeRules, timeFault } from "../../core/identity/signed-times.ts";
import type { Pass } from "../../core/live/access.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { MeshContext } from "../context.ts";
import { findApp } from "../signature/authenticate.ts";
import { rightsFault } from "../signature/rights.ts";
import { noteUse } from "../signature/use.ts";

const TYP = "pushmesh-listen+jwt";

const listenClaims = z.object({
  aud: z.literal("pushmesh"),
  tag: z.string(),
  iat: z.int(),
  exp: z.int(),
});

const refuse = (detail: string): MeshError => new MeshError("listen_token_invalid", detail);

const TIME_RULES: TimeRules = {
  ...{ issued: "iat", expires: "exp" },
  maxLifeSeconds: LIMITS.LISTEN_TOKEN_MAX_AGE_SECONDS,
};

/**
 * Checks everything that does not need the app's keys before looking them up, so that an invalid token wakes no object.
 *
 * @returns how long the listener may stay
 * @throws MeshError `listen_token_invalid`, naming what is wrong
 */
export async function checkListenToken(
  c: MeshContext,
  token: string,
  appId: string,
  tag: string,
): Promise<Pass> {
  if (token.length > LIMITS.TOKEN_CHARS) throw refuse(`over ${LIMITS.TOKEN_CHARS} characters`);
  try {
    const jws = readJws(token, Object.values(JWS_ALGORITHMS));
    const { typ, kid, alg } = jws.header;
    if (typ !== TYP) throw refuse(`typ must be ${TYP}`);
    const parsed = typeof kid === "string" ? parseKeyId(kid) : undefined;
    if (typeof kid !== "string" || parsed?.appId !== appId) {
      throw refuse("kid names no key of this app");
    }
    const claims = listenClaims.safeParse(jws.payload);
    if (!claims.success) {
      const [issue] = claims.error.issues;
      throw refuse(`claim ${issue?.path.join(".")}: ${issue?.message}`);
    }
    if (claims.data.tag !== tag) throw refuse("claim tag is another tag");
    const times = { issued: claims.data.iat, expires: claims.data.exp };
    const fault = timeFault(times, TIME_RULES, Math.floor(c.get("receivedAt") / 1_000));
    if (fault !== undefined) throw refuse(fault.detail);
    const key = (await findApp(c, appId, kid))?.keys.get(kid);
    if (key === undefined) throw refuse("kid names no key of this app");
    const wanted = JWS_ALGORITHMS[key.algorithm];
    if (alg !== wanted) throw refuse(`alg must be ${wanted}`);
    if (!(await key.verify(jws.signed, jws.signature)))
      throw refuse("the signature does not verify");
    const right = rightsFault(key, ["grant"], c.get("receivedAt"));
    if (right !== undefined) throw refuse(right.detail);
    noteUse(c, key);
    // To the second in which this edge would refuse it.
    const expires = (times.expires + LIMITS.CLOCK_SKEW_SECONDS + 1) * 1_000;
    const until = Math.min(expires, key.expiresAt ?? expires);
    return { until, key: parsed.n, trust: key.trust.version };
  } catch (error) {
    if (error instanceof JwsError) throw refuse(error.message);
    throw error;
  }
}
