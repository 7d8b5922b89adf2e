/** The settings of the mesh, read and checked once per isolate. */
import * as z from "zod";
import { type Keyring, keyringOf } from "../core/identity/keyring.ts";
import { RegIdCache } from "../core/identity/reg-id.ts";
import { MeshError } from "../schema/errors.ts";
import { LIMITS } from "../schema/limits.ts";
import type { Env } from "./env.ts";

/** A shorter admin token could be guessed. `openssl rand -base64 24` prints 32 characters. */
const ADMIN_TOKEN_CHARS = 16;

const settings = z.object({
  ADMIN_TOKEN: z
    .string("is not set")
    .min(ADMIN_TOKEN_CHARS, `is shorter than ${ADMIN_TOKEN_CHARS} characters`),
  MESH_KEYS: z.string("is not set"),
  MAX_LINKS: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, "is not a decimal number from 1")
    .optional(),
});

export interface Config {
  readonly keyring: Keyring;
  readonly regIds: RegIdCache;
  readonly adminToken: string;
  /** Maximum number of links of this process; null if the platform limits them. */
  readonly maxLinks: number | null;
}

/** @throws MeshError `misconfigured` naming the wrong settings; it never quotes a secret */
function checkConfig(env: Env): Config {
  const parsed = settings.safeParse(env);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
    throw new MeshError("misconfigured", faults.join("; "));
  }
  const keyring = keyringOf(parsed.data.MESH_KEYS);
  if (typeof keyring === "string") throw new MeshError("misconfigured", keyring);
  const { ADMIN_TOKEN, MAX_LINKS } = parsed.data;
  const maxLinks = MAX_LINKS === undefined ? null : Number(MAX_LINKS);
  const regIds = new RegIdCache(keyring, LIMITS.REG_ID_CACHE_COUNT);
  return { keyring, regIds, adminToken: ADMIN_TOKEN, maxLinks };
}

let last: { readonly env: Env; readonly config: Config } | undefined;

/** The settings in `env`, which is the same object for every request of an isolate. */
export function configOf(env: Env): Config {
  if (last?.env !== env) last = { env, config: checkConfig(env) };
  return last.config;
}
