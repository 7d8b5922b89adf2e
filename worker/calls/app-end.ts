/** What a deleted app leaves behind. */
import { EVERYONE } from "../../core/condition/types.ts";
import type { BroadcastRequest } from "../../core/tag/calls/broadcast.ts";
import { webhookNames } from "../../core/webhook/names.ts";
import { shardsOf } from "../../objects/bindings.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { MeshContext } from "../context.ts";
import { callInTime } from "./objects.ts";
import { rootOf } from "./tag-root.ts";

/** The same each time, so that a repeated deletion is the same broadcast. Keys of other broadcasts are hashes. */
const KEY = new Uint8Array(9);

/**
 * Ends the registrations of an app, by a broadcast to all its devices: so nobody has to list them, devices that are not connected are not
 * woken but get it with their next link, the rest are called at `LIMITS.APP_END_PACE`, and a kill or a node that cannot be reached delays it
 * only. Safe to repeat.
 *
 * @param app the app's bytes
 * @throws MeshError `overloaded` if the app has too many broadcasts under way
 */
export async function endRegistrations(c: MeshContext, app: Uint8Array): Promise<void> {
  const name = toBase64Url(app);
  const request: BroadcastRequest = {
    ...{ app: name, cover: [EVERYONE], condition: null, key: KEY, ends: true },
    // For a device whose object still runs older code: it matches none.
    filter: { platform: [] },
    ...{ lane: 3, contentType: 3, data: new Uint8Array(), collapseKey: null, signature: null },
    ttlSeconds: LIMITS.APP_END_SECONDS,
    pace: LIMITS.APP_END_PACE,
  };
  const answer = await callInTime(() => rootOf(c, name, EVERYONE).broadcast(request));
  // The app never had a registration.
  if (answer.ok || answer.code === "tag_unknown") return;
  throw new MeshError("overloaded", `the app's registrations cannot be ended now: ${answer.code}`);
}

/** Drops the webhooks of an app, with what waits for them. Safe to repeat. @param app the app's bytes */
export async function endWebhooks(c: MeshContext, app: Uint8Array): Promise<void> {
  const names = webhookNames(toBase64Url(app), shardsOf(c.env));
  const erase = (name: string) => callInTime(() => c.env.WEBHOOKS.getByName(name).erase());
  await Promise.all(names.map(erase));
}
