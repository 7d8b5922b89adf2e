/**
 * Recalls of broadcasts. A recall is an entry of the log itself: it reaches whoever the broadcast may have reached, in the same ways and in spite of the
 * same faults, and it stays there for devices that come later. See X4 in docs/spec.md.
 */
import { ContentType } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { BroadcastRequest } from "../calls/broadcast.ts";
import { recallKey } from "../log/recalled.ts";
import type { LogHeader } from "../store.ts";

/** Before everything else that waits: until then, devices are sent what its sender has recalled. */
const LANE = 1;

/** A condition or a filter may match other devices by now, so it is for all members. */
export const recallOf = (
  { cover, key, seq }: LogHeader,
  app: string,
  trustVersion: number,
): BroadcastRequest => ({
  ...{ app, cover, key: recallKey(key), recalls: seq, lane: LANE, trustVersion },
  ...{ condition: null, filter: null, collapseKey: null, pace: null, signature: null },
  ...{ contentType: ContentType.TEXT, data: new Uint8Array() },
  ttlSeconds: LIMITS.TTL_MAX_SECONDS,
});
