/** Lines of the operators in an export, since version 4. */
import * as z from "zod";
import { OPERATOR_ROLES } from "../http/enums.ts";
import { bytes, timeMs } from "./fields.ts";

export const credentialLine = z.strictObject({
  kind: z.literal("credential"),
  credentialId: z.string(),
  name: z.string(),
  role: z.enum(OPERATOR_ROLES),
  hash: bytes,
  createdAt: timeMs,
  expiresAt: timeMs.nullable(),
  usedAt: timeMs.nullable(),
});

/** See `AuditEntry` in core/operator/audit.ts. */
export const auditLine = z.strictObject({
  kind: z.literal("audit"),
  entries: z.array(
    z.strictObject({
      id: z.int().min(1),
      at: timeMs,
      actor: z.string(),
      credentialId: z.string().nullable(),
      role: z.string(),
      action: z.string(),
      target: z.string(),
      appId: z.string().nullable(),
      detail: z.string().nullable(),
      address: z.string().nullable(),
      requestId: z.string(),
    }),
  ),
});
