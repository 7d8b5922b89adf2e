/** Signed requests that change what stays: each is carried out once. */
import { sha256 } from "@noble/hashes/sha2.js";
import { changesNameOf } from "../../core/tag/directory/directory-shards.ts";
import { shardsOf } from "../../objects/count.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { MeshContext } from "../context.ts";
import type { Caller } from "../request/signed.ts";
import { onceInTime } from "./objects.ts";
import { isOwnRegId } from "./registrations.ts";

/** Of a signature's hash: two of an app's 131,072 are alike once in 10^11 rings. */
const CHANGE_ID_BYTES = 9;

/**
 * Notes a signed change, before it is carried out: a copy of the request is good for minutes, and what it says may be out of
 * date by then.
 *
 * @param regIds of the registrations that it is about: one of nobody's changes nothing, and touches no object
 * @throws MeshError `request_replayed`, `rate_limited`
 */
export async function beginChange(
  c: MeshContext,
  caller: Caller,
  regIds?: readonly string[],
): Promise<void> {
  if (regIds?.some((regId) => isOwnRegId(c, caller, regId)) === false) return;
  const { appName, verified } = caller;
  const id = toBase64Url(sha256(verified.signature).subarray(0, CHANGE_ID_BYTES));
  const name = changesNameOf(appName, id, shardsOf(c.env));
  const change = { id, at: c.get("receivedAt") };
  const begun = await onceInTime(() => c.env.TAG_DIRECTORIES.getByName(name).begin(change));
  if (begun === "replayed") throw new MeshError("request_replayed");
  if (begun === "full") {
    const detail = `at most ${LIMITS.SIGNED_CHANGES} changes in 7 minutes`;
    throw new MeshError("rate_limited", detail, { retryAfterMs: 60_000 });
  }
}
