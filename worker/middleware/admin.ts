/** Guards the operator's routes by a bearer token, compared in constant time. */
import { sha256 } from "@noble/hashes/sha2.js";
import { createMiddleware } from "hono/factory";
import { equalBytes } from "../../core/identity/mac.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AppEnv } from "../context.ts";
import { bearerToken } from "../request/bearer.ts";

const utf8 = new TextEncoder();

/** Compares hashes, so that the time taken reveals neither the token's length nor the position of a difference. */
const sameToken = (guess: string, token: string): boolean =>
  // Anybody may guess, and a long guess takes long to hash.
  guess.length <= LIMITS.TOKEN_CHARS &&
  equalBytes(sha256(utf8.encode(guess)), sha256(utf8.encode(token)));

/** @throws MeshError `admin_token_invalid` */
export const requireAdmin = createMiddleware<AppEnv>(async (c, next) => {
  const token = bearerToken(c.req.header("authorization"));
  if (token === undefined || !sameToken(token, c.get("config").adminToken)) {
    throw new MeshError("admin_token_invalid");
  }
  await next();
});
