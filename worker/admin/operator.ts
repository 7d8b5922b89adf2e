/** Authenticates operators: by the mesh's ADMIN_TOKEN, which is the first owner, or by a credential. */
import { sha256 } from "@noble/hashes/sha2.js";
import { createMiddleware } from "hono/factory";
import { equalBytes } from "../../core/identity/mac.ts";
import { openOperatorToken } from "../../core/identity/operator-token.ts";
import { mayAct } from "../../core/operator/credentials.ts";
import { MeshError } from "../../schema/errors.ts";
import type { OperatorRole } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { callInTime, directoryOf } from "../calls/objects.ts";
import type { AppEnv, MeshContext } from "../context.ts";
import { bearerToken } from "../request/bearer.ts";
import { guessed, requireGuess, succeeded } from "./guesses.ts";

/** Who calls a route of operators. */
export interface Operator {
  /** Of the credential; `ADMIN_TOKEN` for the mesh's own token. */
  readonly name: string;
  /** Null for ADMIN_TOKEN. */
  readonly credentialId: string | null;
  readonly role: OperatorRole;
}

const OWNER: Operator = { name: "ADMIN_TOKEN", credentialId: null, role: "owner" };

const utf8 = new TextEncoder();

/** Compares hashes, so that the time taken reveals neither the token's length nor the position of a difference. */
const sameToken = (guess: string, token: string): boolean =>
  equalBytes(sha256(utf8.encode(guess)), sha256(utf8.encode(token)));

async function operatorOf(c: MeshContext): Promise<Operator | null> {
  const token = bearerToken(c.req.header("authorization"));
  // Anybody may guess, and a long guess takes long to hash.
  if (token === undefined || token.length > LIMITS.TOKEN_CHARS) return null;
  requireGuess(c, token);
  const operator = await ownerOf(c, token);
  if (operator !== null) succeeded(c, token);
  return operator;
}

/** @throws MeshError `admin_token_invalid` for a credential that has expired */
async function ownerOf(c: MeshContext, token: string): Promise<Operator | null> {
  const { adminToken, keyring } = c.get("config");
  if (sameToken(token, adminToken)) return OWNER;
  const opened = openOperatorToken(keyring, token);
  if (opened === undefined) return null;
  const { credentialId, hash } = opened;
  // Not cached, so that a revoked credential ends at once. Only a token that this mesh issued gets here.
  const found = await callInTime(() => directoryOf(c).useCredential(credentialId, hash));
  if (found === "expired")
    throw new MeshError("admin_token_invalid", "the credential has expired; ask an owner for one");
  return found;
}

/** @throws MeshError `admin_token_invalid` */
export const requireAdmin = createMiddleware<AppEnv>(async (c, next) => {
  const operator = await operatorOf(c);
  if (operator === null) {
    guessed(c, bearerToken(c.req.header("authorization")));
    throw new MeshError("admin_token_invalid");
  }
  c.set("operator", operator);
  await next();
});

/** @throws MeshError `role_missing` */
export const requireRole = (role: OperatorRole) =>
  createMiddleware<AppEnv>(async (c, next) => {
    const own = c.get("operator")?.role;
    if (own === undefined || !mayAct(own, role)) {
      const detail = `this needs the role ${role}; your credential has the role ${own ?? "none"}`;
      throw new MeshError("role_missing", detail);
    }
    await next();
  });
