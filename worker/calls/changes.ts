/** Signed requests that change state: each is carried out once. */
import { sha256 } from "@noble/hashes/sha2.js";
import { changesNameOf } from "../../core/tag/directory/directory-shards.ts";
import { shardsOf } from "../../objects/bindings.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { MeshContext } from "../context.ts";
import type { Caller } from "../request/signed.ts";
import { onceInTime } from "./objects.ts";
import { isOwnRegId } from "./registrations.ts";

/** Of a signature's hash: two of an app's 131,072 are equal once in 10^11 rings. */
const CHANGE_ID_BYTES = 9;

/**
 * Records a signed change before it is carried out, so that a replay is refused: a copied request stays valid for minutes, and would
 * undo later changes.
 *
 * @param regIds the registrations concerned: if none of them is the app's, nothing changes and no object is called
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
