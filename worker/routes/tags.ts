/** `/v1/tags`: the tags of an app, their members, and who may listen to them. */
import { parseKeyId } from "../../core/identity/app-id.ts";
import { deviceName } from "../../core/identity/device-id.ts";
import type { TagQuery } from "../../core/tag/directory/directory.ts";
import { directoryNames, mergePages } from "../../core/tag/directory/directory-shards.ts";
import { rootObjectName } from "../../core/tag/name.ts";
import { shardsOf } from "../../objects/bindings.ts";
import { MeshError } from "../../schema/errors.ts";
import {
  type ResultsAnswerBody,
  ROUTES,
  type TagAnswerBody,
  type TagsAnswerBody,
  tagText,
} from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { audit, change } from "../admin/audit.ts";
import { beginChange } from "../calls/changes.ts";
import { callInTime, wakeInTime } from "../calls/objects.ts";
import { forEachRegId } from "../calls/registrations.ts";
import { askRoot, rootOf } from "../calls/tag-root.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { forgetAccess } from "../live/access.ts";
import { parseBody, parseQuery } from "../request/body.ts";
import { nameInPath } from "../request/path.ts";
import { type Caller, readCaller, readSigned } from "../request/signed.ts";
import { appCache } from "../signature/authenticate.ts";

const tagInPath = (c: MeshContext): string => nameInPath(c, 3, "tag", tagText);

async function changeMembers(c: MeshContext): Promise<Response> {
  const { schema, maxBytes } = ROUTES.changeMembers.body;
  const { caller, bytes } = await readSigned(c, maxBytes);
  const { tag, add, remove } = parseBody(schema, bytes);
  await beginChange(c, caller, [...add, ...remove]);
  const adding = new Set(add);
  const results = await forEachRegId(c, caller, [...add, ...remove], (parts, regId) => {
    const lists = adding.has(regId) ? { add: [tag], remove: [] } : { add: [], remove: [tag] };
    const request = { app: caller.appName, generation: parts.generation, ...lists };
    const name = deviceName(parts.deviceId);
    const set = () => c.env.DEVICES.getByName(name).setTags(request);
    return wakeInTime(c, name, set, LIMITS.DEVICE_CALL_MS);
  });
  return c.json({ results } satisfies ResultsAnswerBody);
}

async function listTags(c: MeshContext): Promise<Response> {
  const { appName } = await readCaller(c);
  const query = parseQuery(ROUTES.listTags.query, c.req.url);
  const { prefix, sort, limit } = query;
  const asked: TagQuery = {
    prefix,
    minMembers: query.minMembers ?? null,
    maxMembers: query.maxMembers ?? null,
    broadcastAfter: query.broadcastAfter ?? null,
    broadcastBefore: query.broadcastBefore ?? null,
    sort,
    descending: query.order === "desc",
    limit,
    cursor: query.cursor ?? null,
  };
  const names = directoryNames(appName, shardsOf(c.env));
  const ask = (name: string) => callInTime(() => c.env.TAG_DIRECTORIES.getByName(name).list(asked));
  const page = mergePages(await Promise.all(names.map(ask)), asked);
  if (page === null) {
    const detail = "cursor: not one of this list, or of another order";
    throw new MeshError("field_invalid", detail, { field: "cursor" });
  }
  return c.json(page satisfies TagsAnswerBody);
}

async function getTag(c: MeshContext): Promise<Response> {
  const { appName } = await readCaller(c);
  const tag = tagInPath(c);
  const info = await askRoot(c, appName, tag, (root) => root.info());
  if (info === null) throw new MeshError("tag_unknown");
  const { members, nodes, depth, lastBroadcastAt, listeners, live } = info;
  const answer: TagAnswerBody = { tag, members, listeners, lastBroadcastAt, nodes, depth, live };
  return c.json(answer);
}

/** What nobody may hear live, no device hears by joining it. @throws MeshError `too_many_closed_tags` */
async function closeForDevices(
  c: MeshContext,
  { verified }: Caller,
  tag: string,
  isClosed: boolean,
): Promise<void> {
  const appId = parseKeyId(verified.verifier.keyId)?.appId ?? "";
  const changed = await callInTime(() => c.env.APPS.getByName(appId).closeTag(tag, isClosed));
  if (changed === "full") throw new MeshError("too_many_closed_tags");
  if (changed) appCache.forget(appId);
}

async function setLiveAccess(c: MeshContext): Promise<Response> {
  const { schema, maxBytes } = ROUTES.setLiveAccess.body;
  const { caller, bytes } = await readSigned(c, maxBytes);
  const tag = tagInPath(c);
  const { access } = parseBody(schema, bytes);
  await beginChange(c, caller);
  await closeForDevices(c, caller, tag, access === "closed");
  const setting = change(() => rootOf(c, caller.appName, tag).setLive(tag, access));
  const isOther = await wakeInTime(c, rootObjectName(caller.appName, tag), setting.call);
  forgetAccess(caller.appName, tag);
  if (setting.isWorthRecording(isOther)) await audit(c, "live.set", tag, { detail: access });
  return c.body(null, 204);
}

export const tags: Handlers<
  "changeMembers" | "getTag" | "getTagCalledMembers" | "listTags" | "setLiveAccess"
> = { changeMembers, getTag, getTagCalledMembers: getTag, listTags, setLiveAccess };
