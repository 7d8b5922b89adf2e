/** Guards the operator's routes by a bearer token, compared in constant time. */
import { sha256 } from "@noble/hashes/sha2.js";
import { createMiddleware } from "hono/factory";
import { equalBytes } from "../../core/identity/mac.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AppEnv } from "../context.ts";

const utf8 = new TextEncoder();

/** Compares hashes, so that the time taken reveals neither the token's length nor the position of a difference. */
const sameToken = (guess: string, token: string): boolean =>
  // Anybody may guess, and a long guess takes long to hash.
  guess.length <= LIMITS.TOKEN_CHARS &&
  equalBytes(sha256(utf8.encode(guess)), sha256(utf8.encode(token)));

/** RFC 6750 §2.1. The scheme is case-insensitive (RFC 9110 §11.1). */
const BEARER = /^bearer +(\S+)$/i;

/** @throws MeshError `admin_token_invalid` */
export const requireAdmin = createMiddleware<AppEnv>(async (c, next) => {
  const token = BEARER.exec(c.req.header("authorization") ?? "")?.[1];
  if (token === undefined || !sameToken(token, c.get("config").adminToken)) {
    throw new MeshError("admin_token_invalid");
  }
  await next();
});
