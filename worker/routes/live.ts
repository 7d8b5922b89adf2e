/** `/v1/apps/{appId}/tags/{tag}/live`: listens to a tag, by WebSocket or event stream (docs/api.md, Live listeners). */
import { openAppId } from "../../core/identity/app-id.ts";
import { liveObjectName, streamRegion, tagIdOf } from "../../core/tag/name.ts";
import type { Listen } from "../../objects/interfaces/connections.ts";
import { EVENT_STREAM_HEADERS } from "../../objects/live/live-stream.ts";
import { MeshError } from "../../schema/errors.ts";
import { type LiveKeyBody, POSITION, tagText } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import { TimedCache } from "../cache.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { requireAccess } from "../live/access.ts";
import { liveSigner } from "../live/sign.ts";
import { asMeshError } from "../problem.ts";
import { bearerToken } from "../request/bearer.ts";
import { nameInPath } from "../request/path.ts";
import { isUpgrade, offeredBy, offeredToken } from "../request/upgrade.ts";
import { requireRoom } from "../room.ts";

const PROTOCOL = "pushmesh.live.v1";
/** A live key never changes. */
const KEY_MAX_AGE_SECONDS = 86_400;

/**
 * The subprotocol to answer with. A browser that offers some fails unless the answer names one of them.
 *
 * @throws MeshError `subprotocol_unsupported`, which is answered over HTTP
 */
function protocolFor(request: Request): string | null {
  const offered = offeredBy(request);
  if (offered.length === 0) return null;
  if (offered.includes(PROTOCOL)) return PROTOCOL;
  throw new MeshError("subprotocol_unsupported", `offer ${PROTOCOL}, or none`);
}

/** The listen token, from a subprotocol, a bearer token or the query; null if there is none. */
function tokenOf(c: MeshContext): string | null {
  const offered = offeredToken(offeredBy(c.req.raw));
  return offered ?? bearerToken(c.req.header("authorization")) ?? c.req.query("token") ?? null;
}

/**
 * The position to resume after. An EventSource that reconnects sends its header with the original URL, so the header takes precedence.
 *
 * @throws MeshError `field_invalid`
 */
function afterOf(c: MeshContext): number | null {
  const header = c.req.header("last-event-id");
  const field = header === undefined ? "after" : "Last-Event-ID";
  const text = header ?? c.req.query("after");
  if (text === undefined || text === "") return null;
  if (POSITION.test(text)) return Number(text);
  throw new MeshError("field_invalid", `${field}: must be the cursor of a message`, { field });
}

/** @throws MeshError `app_not_found` for an appId that this mesh did not make */
function appOf(c: MeshContext): { readonly appId: string; readonly app: string } {
  const appId = c.req.param("appId") ?? "";
  const app = openAppId(c.get("config").keyring, appId);
  if (app === undefined) throw new MeshError("app_not_found");
  return { appId, app: toBase64Url(app) };
}

/** The node that last had room, by tag and region. Short-lived, so that nodes that emptied fill up again. */
const roomCache = new TimedCache<number>({
  ttlMs: LIMITS.TAG_CACHE_MS,
  count: LIMITS.TAG_CACHE_COUNT,
  now: () => Date.now(),
});

/** Opens the listener at the first node with room. @throws MeshError `live_full` if no node of the region has any */
async function openAtNode(c: MeshContext, app: string, listen: Listen): Promise<Response> {
  const request = c.req.raw;
  const tagId = tagIdOf(app, listen.tag);
  const place = c.env.LIVE_HOST.regionOf(request);
  const region = listen.transport === "stream" ? streamRegion(place) : place;
  const key = liveObjectName({ app, tagId, region, n: 0 });
  const known = roomCache.get(key) ?? 0;
  for (let n = known; n < LIMITS.LIVE_NODES; n++) {
    try {
      const answer = await c.env.LIVE_HOST.open(request, { app, tagId, region, n }, listen);
      // Set only on a change: otherwise a steady flow of listeners would renew the entry, and earlier nodes would stay empty.
      if (n > known) roomCache.set(key, n);
      return answer;
    } catch (error) {
      if (!(error instanceof MeshError) || error.code !== "live_full") throw error;
    }
  }
  throw new MeshError("live_full", `${LIMITS.LIVE_NODES} nodes are full`);
}

async function listen(
  c: MeshContext,
  transport: Listen["transport"],
  protocol: string | null,
): Promise<Response> {
  const { appId, app } = appOf(c);
  const tag = nameInPath(c, 5, "tag", tagText);
  const after = afterOf(c);
  const pass = await requireAccess(c, { appId, app, tag }, tokenOf(c));
  requireRoom(c);
  // Nobody would read the stream of a HEAD, so nobody would end it.
  if (c.req.method === "HEAD") return new Response(null, { headers: EVENT_STREAM_HEADERS });
  return openAtNode(c, app, { tag, after, transport, protocol, pass });
}

/** Errors without a close code of their own that must stop a listener, because reconnecting does not help. */
function asClose(error: MeshError): MeshError {
  const cause = { cause: error };
  if (error.code === "app_not_found") return new MeshError("app_unknown", error.message, cause);
  if (error.code === "field_invalid") return new MeshError("protocol_error", error.message, cause);
  return error;
}

async function listenLive(c: MeshContext): Promise<Response> {
  const request = c.req.raw;
  if (!isUpgrade(request)) {
    if (request.headers.get("accept")?.includes("text/event-stream") === true) {
      return listen(c, "stream", null);
    }
    const detail = "open it as a WebSocket, or send accept: text/event-stream";
    throw new MeshError("upgrade_required", detail);
  }
  const protocol = protocolFor(request);
  try {
    return await listen(c, "socket", protocol);
  } catch (error) {
    return c.env.LIVE_HOST.refuse(request, asClose(asMeshError(error, request)), protocol);
  }
}

async function getLiveKey(c: MeshContext): Promise<Response> {
  const signer = await liveSigner(c, appOf(c).appId);
  if (signer === null) throw new MeshError("app_not_found");
  const publicKey = toBase64Url(signer.publicKey);
  c.header("cache-control", `public, max-age=${KEY_MAX_AGE_SECONDS}`);
  return c.json({ algorithm: "ed25519", publicKey } satisfies LiveKeyBody);
}

export const live: Handlers<"getLiveKey" | "listenLive"> = { getLiveKey, listenLive };
