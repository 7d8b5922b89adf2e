/** `/v1/registrations`: lists and describes registrations, removes them, and bans their devices. */
import {
  type BanLiftAnswerBody,
  type RegistrationAnswerBody,
  type RegistrationsAnswerBody,
  type RemovalAnswerBody,
  ROUTES,
} from "../../schema/http.ts";
import { audit, change } from "../admin/audit.ts";
import { beginChange } from "../calls/changes.ts";
import { refusal, wakeInTime } from "../calls/objects.ts";
import { describeRegistration, readRegistration } from "../calls/registrations.ts";
import { pageOf } from "../calls/walk.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { parseQuery } from "../request/body.ts";
import { readCaller } from "../request/signed.ts";

async function listRegistrations(c: MeshContext): Promise<Response> {
  const caller = await readCaller(c);
  const { cursor } = parseQuery(ROUTES.listRegistrations.query, c.req.url);
  return c.json((await pageOf(c, caller, cursor)) satisfies RegistrationsAnswerBody);
}

async function getRegistration(c: MeshContext): Promise<Response> {
  const described = await describeRegistration(c);
  const { regId, tags, aliases, attributes, connected } = described;
  const { lastSeenAt = null, pushEnabled = true } = described;
  // An object of an older version does not know of grants.
  const known = attributes && { ...attributes, granted: attributes.granted ?? {} };
  return c.json({
    regId,
    tags,
    aliases,
    attributes: known,
    connected,
    lastSeenAt: connected && lastSeenAt !== null ? Date.now() : lastSeenAt,
    pushEnabled,
  } satisfies RegistrationAnswerBody);
}

async function removeRegistration(c: MeshContext): Promise<Response> {
  const { caller, regId, generation, device } = await readRegistration(c);
  const { ban } = parseQuery(ROUTES.removeRegistration.query, c.req.url);
  // From the request's arrival, so that a retry of the call below bans for no longer.
  const bannedUntil = ban === undefined ? null : c.get("receivedAt") + ban * 1_000;
  await beginChange(c, caller, [regId]);
  const request = { app: caller.appName, generation, bannedUntil };
  const removal = change(() => c.env.DEVICES.getByName(device).remove(request));
  const answer = await wakeInTime(c, device, removal.call);
  if (!answer.ok) throw refusal(answer);
  const until = answer.bannedUntil === null ? {} : { detail: `until ${answer.bannedUntil}` };
  // A ban replaces the time of the one before.
  if (removal.isWorthRecording(answer.removed || ban !== undefined))
    await audit(c, ban === undefined ? "registration.remove" : "registration.ban", regId, until);
  const body = { regId, removed: answer.removed, bannedUntil: answer.bannedUntil };
  return c.json(body satisfies RemovalAnswerBody);
}

async function liftBan(c: MeshContext): Promise<Response> {
  const { caller, regId, device } = await readRegistration(c);
  await beginChange(c, caller, [regId]);
  const lifting = change(() => c.env.DEVICES.getByName(device).liftBan(caller.appName));
  const lifted = await wakeInTime(c, device, lifting.call);
  if (lifting.isWorthRecording(lifted)) await audit(c, "registration.unban", regId);
  return c.json({ regId, lifted: lifted !== false } satisfies BanLiftAnswerBody);
}

export const registrations: Handlers<
  "getRegistration" | "liftBan" | "listRegistrations" | "removeRegistration"
> = { getRegistration, liftBan, listRegistrations, removeRegistration };
