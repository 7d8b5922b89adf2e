/** How much a host reads of a body before the edge has seen the request. */
import { ROUTES } from "../../../../schema/http.ts";
import { LIMITS } from "../../../../schema/limits.ts";

const { path: BATCH } = ROUTES.sendBatch;

/** The largest body that any route at this target reads, in bytes. @param target a path, with or without a query */
export const bodyBound = (target: string): number =>
  target === BATCH || target.startsWith(`${BATCH}?`)
    ? LIMITS.BATCH_BODY_BYTES
    : LIMITS.MESSAGE_BODY_BYTES;
