/** `/v1/admin`: the credentials of operators, and the audit log. */
import {
  OPERATOR_TOKEN_RANDOM_BYTES,
  sealOperatorToken,
} from "../../core/identity/operator-token.ts";
import { MeshError } from "../../schema/errors.ts";
import {
  type AuditAnswerBody,
  type AuditEntryBody,
  type CredentialAnswerBody,
  type CredentialsAnswerBody,
  ROUTES,
} from "../../schema/http.ts";
import { audit } from "../admin/audit.ts";
import { callInTime, directoryOf, onceInTime } from "../calls/objects.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { parseBody, parseQuery, readBody, requireJson } from "../request/body.ts";
import { requireLater } from "../request/times.ts";

async function listCredentials(c: MeshContext): Promise<Response> {
  const credentials = await callInTime(() => directoryOf(c).credentials());
  return c.json({ credentials } satisfies CredentialsAnswerBody);
}

async function createCredential(c: MeshContext): Promise<Response> {
  requireJson(c.req.raw);
  const { schema, maxBytes } = ROUTES.createCredential.body;
  const { name, role, expiresAt } = parseBody(schema, await readBody(c.req.raw, maxBytes));
  if (expiresAt !== null) requireLater(c, "expiresAt", expiresAt);
  const random = crypto.getRandomValues(new Uint8Array(OPERATOR_TOKEN_RANDOM_BYTES));
  const { token, credentialId, hash } = sealOperatorToken(c.get("config").keyring, random);
  // Not retried: if only the answer was lost, a second call would leave a credential that nobody knows.
  const made = await onceInTime(() =>
    directoryOf(c).addCredential({ credentialId, name, role, hash, expiresAt }),
  );
  if (made === null) throw new MeshError("too_many_credentials");
  await audit(c, "credential.create", credentialId, { detail: `${role} ${name}` });
  c.header("cache-control", "no-store");
  return c.json({ ...made, token } satisfies CredentialAnswerBody, 201);
}

async function revokeCredential(c: MeshContext): Promise<Response> {
  const credentialId = c.req.param("credentialId") ?? "";
  const revoked = await callInTime(() => directoryOf(c).revokeCredential(credentialId));
  if (revoked === null) throw new MeshError("credential_not_found");
  await audit(c, "credential.revoke", credentialId, { detail: `${revoked.role} ${revoked.name}` });
  return c.body(null, 204);
}

async function listAudit(c: MeshContext): Promise<Response> {
  const { appId = null, limit, cursor = null } = parseQuery(ROUTES.listAudit.query, c.req.url);
  const { entries, next } = await callInTime(() =>
    directoryOf(c).auditPage({ appId, limit, before: cursor }),
  );
  return c.json({
    entries: entries as readonly AuditEntryBody[],
    next: next === null ? null : String(next),
  } satisfies AuditAnswerBody);
}

export const operators: Handlers<
  "createCredential" | "listAudit" | "listCredentials" | "revokeCredential"
> = { createCredential, listAudit, listCredentials, revokeCredential };
