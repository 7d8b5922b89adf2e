/** `/v1/grants`: revokes a grant of the app that signs. */
import { parseKeyId } from "../../core/identity/app-id.ts";
import { MeshError } from "../../schema/errors.ts";
import { jtiText, type RevocationAnswerBody, ROUTES } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { audit, change } from "../admin/audit.ts";
import { beginChange } from "../calls/changes.ts";
import { callInTime } from "../calls/objects.ts";
import type { Handlers } from "../context.ts";
import { parseQuery } from "../request/body.ts";
import { nameInPath } from "../request/path.ts";
import { readCaller } from "../request/signed.ts";
import { requireLater } from "../request/times.ts";
import { appCache } from "../signature/authenticate.ts";

export const grants: Handlers<"revokeGrant"> = {
  async revokeGrant(c) {
    const caller = await readCaller(c);
    const jti = nameInPath(c, 3, "jti", jtiText);
    const { expiresAt } = parseQuery(ROUTES.revokeGrant.query, c.req.url);
    if (expiresAt !== undefined) requireLater(c, "expiresAt", expiresAt);
    const latest = c.get("receivedAt") + LIMITS.GRANT_MAX_AGE_SECONDS * 1_000;
    // A grant is valid for every clock a little longer, and may have been made by one that is ahead.
    const until = Math.min(expiresAt ?? latest, latest) + 2 * LIMITS.CLOCK_SKEW_SECONDS * 1_000;
    const appId = parseKeyId(caller.verified.verifier.keyId)?.appId ?? "";
    await beginChange(c, caller);
    const revoking = change(() => c.env.APPS.getByName(appId).revokeGrant(jti, until));
    const revoked = await callInTime(revoking.call);
    // It was deleted meanwhile.
    if (revoked === null) throw new MeshError("key_unknown");
    if (revoked === "full") throw new MeshError("too_many_revoked_grants");
    appCache.forget(appId);
    if (revoking.isWorthRecording(revoked)) await audit(c, "grant.revoke", jti);
    return c.json({ jti, revoked, until } satisfies RevocationAnswerBody);
  },
};
