/** Records changes in the audit log. */
import type { AuditEvent } from "../../core/operator/audit.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import { callInTime, directoryOf } from "../calls/objects.ts";
import type { MeshContext } from "../context.ts";
import { guesses } from "./guesses.ts";

/** Everything that is recorded. docs/operations/README.md lists it. */
export type AuditAction =
  | "app.create"
  | "app.delete"
  | "credential.create"
  | "credential.revoke"
  | "grant.revoke"
  | "grants.forget"
  | "key.create"
  | "key.revoke"
  | "live.set"
  | "policy.set"
  | "quota.set"
  | "registration.ban"
  | "registration.remove"
  | "registration.unban"
  | "webhook.change"
  | "webhook.create"
  | "webhook.delete"
  | "webhook.replay"
  | "webhook.rotate";

interface AuditOptions {
  /** The app that the change is about. Default: the one in the path, or that of the key that signed. */
  readonly appId?: string;
  readonly detail?: string;
}

/** As much of a text as an entry holds. */
const cut = (text: string): string =>
  text.length <= LIMITS.AUDIT_TEXT_CHARS ? text : `${text.slice(0, LIMITS.AUDIT_TEXT_CHARS - 1)}…`;

const REQUEST_ID_BYTES = 12;

/**
 * Records a change that was made. To be awaited before the request is answered: the entry is durable then. If the mesh is killed between
 * the change and its entry, the entry is lost; that change was not answered. If the entry cannot be written, it goes to the log of
 * the process, and the request fails.
 *
 * @param target what was changed, such as a keyId
 * @throws MeshError as `callInTime` does
 */
export async function audit(
  c: MeshContext,
  action: AuditAction,
  target: string,
  { appId, detail }: AuditOptions = {},
): Promise<void> {
  const event: AuditEvent = {
    at: Date.now(),
    ...actorOf(c),
    action,
    target: cut(target),
    appId: appId ?? c.req.param("appId") ?? appOfKey(c) ?? null,
    detail: detail === undefined ? null : cut(detail),
    address: c.env.ADDRESS_OF?.(c.req.raw) ?? null,
    requestId: toBase64Url(crypto.getRandomValues(new Uint8Array(REQUEST_ID_BYTES))),
  };
  c.header("x-request-id", event.requestId);
  const { count } = guesses;
  const events = count === 0 ? [event] : [guessed(event, count), event];
  try {
    await callInTime(() => directoryOf(c).audit(events));
    guesses.count -= count;
  } catch (error) {
    console.error(`not in the audit log: ${JSON.stringify(event)}`);
    throw error;
  }
}

/**
 * A call for a change, and whether the change has to be recorded. What changes nothing is not: repeated, it would push out the entries of
 * changes. If the call was made twice, its answer does not tell what the first one did.
 *
 * @param call as for `callObject`
 */
export function change<T>(call: () => Promise<T>) {
  let calls = 0;
  return {
    call(): Promise<T> {
      calls++;
      return call();
    },
    /** @param hasChanged what the answer says; an object of an older version does not */
    isWorthRecording: (hasChanged: boolean | undefined): boolean =>
      hasChanged !== false || calls > 1,
  };
}

function actorOf(c: MeshContext): Pick<AuditEvent, "actor" | "credentialId" | "role"> {
  const operator = c.get("operator");
  if (operator === undefined)
    return { actor: c.get("keyId") ?? "unknown", credentialId: null, role: "app" };
  const { name, credentialId, role } = operator;
  return { actor: name, credentialId, role };
}

const appOfKey = (c: MeshContext): string | undefined => c.get("keyId")?.split(".", 1)[0];

/** The entry of wrong tokens, before that of the change which brings it along. */
const guessed = (event: AuditEvent, count: number): AuditEvent => ({
  ...event,
  actor: "anyone",
  credentialId: null,
  role: "none",
  action: "admin.refused",
  target: "/v1/apps, /v1/admin",
  appId: null,
  detail: `${count} requests with a wrong admin token since the last entry of this process`,
  address: null,
});
