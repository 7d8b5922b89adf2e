/** What Hono carries through a request. Read it with `c.get`: `c.var` copies all of it each time. */
import type { Context } from "hono";
import type { OperationId, Scope } from "../schema/http.ts";
import type { Config } from "./config.ts";
import type { Env } from "./env.ts";

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
  };
}

export type MeshContext = Context<AppEnv>;

/** Handlers by operation ID. */
export type Handlers<Id extends OperationId = OperationId> = Readonly<
  Record<Id, (c: MeshContext) => Response | Promise<Response>>
>;
