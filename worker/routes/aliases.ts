/** `/v1/aliases`: an app server gives aliases to registrations, and asks who holds one. */
import { sha256 } from "@noble/hashes/sha2.js";
import { Hono } from "hono";
import { deviceName } from "../../core/identity/device-id.ts";
import type { RegIdParts } from "../../core/identity/reg-id.ts";
import { aliasObjectName } from "../../core/tag/name.ts";
import { MeshError } from "../../schema/errors.ts";
import {
  type AliasAnswerBody,
  aliasesBody,
  aliasText,
  type ResultsAnswerBody,
} from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import { parseBody } from "../body.ts";
import type { AppEnv, MeshContext } from "../context.ts";
import { callInTime, callOnce } from "../objects.ts";
import { nameInPath } from "../path.ts";
import { forEachRegId, regIdOf } from "../registrations.ts";
import { askHolders, forgetHolders } from "../send/holders.ts";
import { type Caller, readCaller, readSigned } from "../signed.ts";

/** Of a signature's hash: two of one alias are alike once in 10^14 pairs. */
const CHANGE_ID_BYTES = 9;

export const aliases = new Hono<AppEnv>();

/**
 * A copy of a signed request is good for minutes, and what it says may be out of date by then.
 *
 * @throws MeshError `request_replayed`, `rate_limited`
 */
async function begin(c: MeshContext, { appName, verified }: Caller, alias: string): Promise<void> {
  const id = toBase64Url(sha256(verified.signature).subarray(0, CHANGE_ID_BYTES));
  const now = c.get("receivedAt");
  const object = aliasObjectName(appName, alias);
  const begun = await callOnce(() =>
    c.env.ALIASES.getByName(object).begin({ app: appName, alias, id, now }),
  );
  if (begun === "replayed") throw new MeshError("request_replayed");
  if (begun === "full") {
    const detail = `at most ${LIMITS.ALIAS_CHANGES} changes of one alias in 7 minutes`;
    throw new MeshError("rate_limited", detail, { retryAfterMs: 60_000 });
  }
}

aliases.post("/", async (c) => {
  const { caller, bytes } = await readSigned(c, LIMITS.SUBSCRIBE_BODY_BYTES);
  const { alias, shared, add, remove } = parseBody(aliasesBody, bytes);
  await begin(c, caller, alias);
  const set = (held: boolean) => (parts: RegIdParts) => {
    const { generation, deviceId } = parts;
    const request = { app: caller.appName, generation, alias, held, shared };
    const device = deviceName(deviceId);
    return callInTime(
      () => c.env.DEVICES.getByName(device).setAlias(request),
      LIMITS.DEVICE_CALL_MS,
    );
  };
  // Taken away first: a full alias then has room for those it is given to.
  const removed = await forEachRegId(c, caller, remove, set(false));
  const added = await forEachRegId(c, caller, add, set(true));
  forgetHolders(caller.appName, alias);
  return c.json({ results: [...added, ...removed] } satisfies ResultsAnswerBody);
});

aliases.get("/:alias", async (c) => {
  const caller = await readCaller(c);
  const alias = nameInPath(c, 3, "alias", aliasText);
  const { shared, holders } = await askHolders(c, caller.appName, alias);
  if (holders.length === 0) throw new MeshError("alias_unknown");
  const regIds = holders.map((holder) => regIdOf(c, caller, holder));
  return c.json({ alias, shared, regIds } satisfies AliasAnswerBody);
});
