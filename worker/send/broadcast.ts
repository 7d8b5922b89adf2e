/** Sends to a tag, an expression over tags, or everyone: hands the broadcast to the root of a tag. */
import { coverOf, isUnion, tagsOfCovers, tagsToCount } from "../../core/condition/cover.ts";
import { EVERYONE, type Filter } from "../../core/condition/types.ts";
import { groupKey } from "../../core/identity/message-key.ts";
import { type Accepted, acceptedBefore, firstToAccept } from "../../core/tag/acceptance.ts";
import type { BroadcastRequest } from "../../core/tag/calls/broadcast.ts";
import { changesNameOf } from "../../core/tag/directory/directory-shards.ts";
import { sealSource, tagIdOf } from "../../core/tag/name.ts";
import { shardsOf } from "../../objects/bindings.ts";
import { MeshError } from "../../schema/errors.ts";
import type { BroadcastAnswerBody, SendBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { formatMessageId, toBase64Url } from "../../schema/text.ts";
import { TimedCache } from "../cache.ts";
import { callInTime, refusal } from "../calls/objects.ts";
import { askRoot } from "../calls/tag-root.ts";
import type { CallContext } from "../context.ts";
import { signLive } from "../live/sign.ts";
import { broadcastTime } from "./hold.ts";
import {
  FOR_ONE,
  type MessageOptions,
  messageFields,
  type Outgoing,
  requireUnused,
  type TargetWith,
} from "./message.ts";

type BroadcastTarget = TargetWith<"tag"> | TargetWith<"condition"> | TargetWith<"everyone">;

/** Approximate numbers of members, by app and tag ID. */
const countCache = new TimedCache<number>({
  ttlMs: LIMITS.TAG_CACHE_MS,
  count: LIMITS.TAG_CACHE_COUNT,
  now: () => Date.now(),
});

async function countMembers(c: CallContext, app: string, tag: string): Promise<number> {
  const key = `${app}.${tagIdOf(app, tag)}`;
  const known = countCache.get(key);
  if (known !== undefined) return known;
  const info = await askRoot(c, app, tag, (root) => root.info());
  const members = info?.members ?? 0;
  countCache.set(key, members);
  return members;
}

/** The tags whose logs the broadcast is written to, and the condition that devices have to check. */
async function aimOf(
  c: CallContext,
  app: string,
  to: BroadcastTarget,
): Promise<Pick<BroadcastRequest, "cover" | "condition">> {
  if ("tag" in to) return { cover: [to.tag], condition: null };
  if ("everyone" in to) return { cover: [EVERYONE], condition: null };
  const { condition } = to;
  const tags = tagsToCount(condition);
  const counts = await Promise.all(tags.map((tag) => countMembers(c, app, tag)));
  const cover = coverOf(condition, (tag) => counts[tags.indexOf(tag)] ?? 0);
  return { cover, condition: isUnion(condition) ? null : condition };
}

/** Has the root that accepted the broadcast compare a repeated request; it accepts no second one. @throws MeshError if the bodies differ */
async function requireSame(
  c: CallContext,
  tag: string,
  unsigned: Omit<BroadcastRequest, "signature">,
): Promise<void> {
  const request: BroadcastRequest = { ...unsigned, signature: null };
  const answer = await askRoot(c, unsigned.app, tag, (root) => root.broadcast(request));
  if (!answer.ok) throw refusal(answer);
}

/** The filter without absent fields; null if none is left. */
function filterOf(given: SendBody["filter"]): Filter | null {
  const { platform, appVersion, locale, attributes, granted } = given ?? {};
  const { min, max } = appVersion ?? {};
  const filter: Filter = {
    ...(platform === undefined ? {} : { platform: platform.map((name) => name.toLowerCase()) }),
    ...(min === undefined && max === undefined
      ? {}
      : {
          appVersion: {
            ...(min === undefined ? {} : { min }),
            ...(max === undefined ? {} : { max }),
          },
        }),
    ...(locale === undefined ? {} : { locale }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(granted === undefined ? {} : { granted }),
  };
  return Object.keys(filter).length === 0 ? null : filter;
}

/** @throws MeshError `tag_unknown` if no tag of the cover ever had a member, or the refusal of the root */
async function hand(
  c: CallContext,
  unsigned: Omit<BroadcastRequest, "signature">,
): Promise<Accepted> {
  const answer = await firstToAccept(unsigned.cover, async (tag, cover) => {
    const rest = { ...unsigned, cover };
    const request: BroadcastRequest = { ...rest, signature: await signLive(c, rest) };
    return askRoot(c, unsigned.app, tag, (root) => root.broadcast(request));
  });
  if (!answer.ok) throw refusal(answer);
  return answer;
}

/** How often a request checks whether another one with its key has ended. */
const CLAIM_WAIT_MS = 100;
const CLAIM_WAITS = LIMITS.CALL_MS / CLAIM_WAIT_MS;

/**
 * Has the broadcast accepted once, even if several requests with its key arrive together: if more than one root could accept it, one
 * request at a time asks which root has it, and if none does, hands it to one.
 */
async function takeOnce(
  c: CallContext,
  to: BroadcastTarget,
  unsigned: Omit<BroadcastRequest, "signature">,
): Promise<Accepted> {
  const tags = "condition" in to ? tagsOfCovers(to.condition) : [];
  // A single root recognizes a repeated key by itself.
  if (tags.length < 2) return hand(c, unsigned);
  const { app } = unsigned;
  const key = toBase64Url(unsigned.key);
  const request = crypto.randomUUID();
  const directory = () => c.env.TAG_DIRECTORIES.getByName(changesNameOf(app, key, shardsOf(c.env)));
  for (let waits = 0; !(await callInTime(() => directory().claim(key, request))); waits++) {
    if (waits >= CLAIM_WAITS) {
      throw new MeshError("overloaded", "another request with this key is in progress");
    }
    await new Promise((resolve) => setTimeout(resolve, CLAIM_WAIT_MS));
  }
  try {
    const before = await acceptedBefore(tags, (tag) =>
      askRoot(c, app, tag, (root) => root.broadcastStatus(unsigned.key)),
    );
    if (before === null) return await hand(c, unsigned);
    await requireSame(c, before.tag, unsigned);
    return before;
  } finally {
    c.executionCtx.waitUntil(
      callInTime(() => directory().release(key, request)).catch(() => undefined),
    );
  }
}

/** @throws MeshError `field_invalid` for options that a broadcast does not have */
export function requireForBroadcast(options: MessageOptions): void {
  requireUnused(options, ["onOverflow"], "not for a broadcast, which no mailbox holds");
  requireUnused(options, ["encrypted"], FOR_ONE);
  requireUnused(options, ["trace", "receipts"], "not for a broadcast, whose status has counts");
  requireUnused(options, ["ignoreQuietHours"], "only to regIds and aliases");
}

/**
 * Members of the tags whose logs a broadcast would be written to. A condition or a filter may leave some out.
 *
 * @throws MeshError `tag_unknown` if none of them ever had a member
 */
export async function countRecipients(
  c: CallContext,
  app: string,
  to: BroadcastTarget,
): Promise<number> {
  const { cover } = await aimOf(c, app, to);
  const infos = await Promise.all(cover.map((tag) => askRoot(c, app, tag, (root) => root.info())));
  if (infos.every((info) => info === null)) throw new MeshError("tag_unknown");
  return infos.reduce((sum, info) => sum + (info?.members ?? 0), 0);
}

/** @throws MeshError if an option is wrong, or the broadcast is not accepted */
export async function sendBroadcast(
  c: CallContext,
  { caller, basis, fingerprint, to, options, content }: Outgoing<BroadcastTarget>,
): Promise<Omit<BroadcastAnswerBody, "tookMs">> {
  requireForBroadcast(options);
  const sendAt = broadcastTime(options.sendAt, c.get("receivedAt"));
  const app = caller.appName;
  const unsigned: Omit<BroadcastRequest, "signature"> = {
    app,
    ...messageFields({ options: options.onlineOnly ? { ...options, ttl: 0 } : options, content }),
    ...(await aimOf(c, app, to)),
    filter: filterOf(options.filter),
    key: groupKey(caller.app, { kind: "broadcast", name: JSON.stringify(to) }, basis),
    pace: options.pace ?? null,
    trustVersion: caller.verified.verifier.trust.version,
    ...(sendAt === undefined ? {} : { sendAt }),
    ...fingerprint,
  };
  if (sendAt !== undefined && unsigned.ttlSeconds === 0) {
    const field = "sendAt";
    const detail = `${field}: a broadcast of ttl 0 is for devices that are connected when it is sent to the mesh`;
    throw new MeshError("field_invalid", detail, { field });
  }
  const { tag, seq } = await takeOnce(c, to, unsigned);

  const due = sendAt === undefined ? {} : { sendAt };
  const source = sealSource(c.get("config").keyring, app, tagIdOf(app, tag));
  return {
    id: formatMessageId({ seq, key: unsigned.key, regId: source }),
    status: "accepted",
    ...due,
  };
}
