/** What Hono carries through a request. Read it with `c.get`: `c.var` copies all of it each time. */
import type { Context } from "hono";
import type { OperationId, Scope } from "../schema/http.ts";
import type { Operator } from "./admin/operator.ts";
import type { Config } from "./config.ts";
import type { Env } from "./env.ts";
import type { AppQuota } from "./signature/keys.ts";

export interface AppEnv {
  Bindings: Env;
  Variables: {
    config: Config;
    /** When the request reached the edge: milliseconds since 1970. */
    receivedAt: number;
    /** Of a signed route: the key must have one of these. */
    scopes: readonly Scope[] | undefined;
    /** Name of the app that signed it, as objects use it; undefined until the signature is verified. */
    signedBy: string | undefined;
    /** The quota of that app, if it has one, until its state is in the headers of an answer. */
    quota: AppQuota | undefined;
    /** ID of the key that signed it; undefined until the signature is verified. */
    keyId: string | undefined;
    /** Who calls a route of operators; undefined on other routes. */
    operator: Operator | undefined;
  };
}

export type MeshContext = Context<AppEnv>;

/** What a call of objects needs of the request that it is made for: for a send that no request of its own carries, too. */
export interface CallContext {
  readonly env: Env;
  readonly executionCtx: { waitUntil(promise: Promise<unknown>): void };
  get<Key extends "config" | "receivedAt" | "signedBy">(key: Key): AppEnv["Variables"][Key];
}

/** Handlers by operation ID. */
export type Handlers<Id extends OperationId = OperationId> = Readonly<
  Record<Id, (c: MeshContext) => Response | Promise<Response>>
>;
