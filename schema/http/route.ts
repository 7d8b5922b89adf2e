/** The type of a row in the table of routes. */
import type * as z from "zod";
import type { ErrorCode } from "../errors.ts";
import type { OperatorRole, Scope } from "./enums.ts";

/** How the caller authenticates. */
export type Auth =
  | "none"
  /** An app server: RFC 9421, with a sending key. */
  | "signature"
  /** The operator: a bearer token. */
  | "admin"
  /** A device: a token in the WebSocket's subprotocols. */
  | "connect-token"
  /** A page: nothing for an open tag, otherwise a token in the subprotocols, the query or the Authorization header. */
  | "listen-token";

export interface HeaderRow {
  readonly description: string;
  /** Requests without it are refused; answers always have it. */
  readonly required?: true;
}

/** A successful answer. */
export interface AnswerRow {
  readonly description: string;
  /** As `application/json`. Without it, the answer has no body, or is a stream of events or a file. */
  readonly body?: z.ZodType;
  /** As `text/event-stream`: the data of each event. */
  readonly events?: z.ZodType;
  /** A file, of the type that its name says. */
  readonly file?: true;
  /** Headers besides content-type, by lower-case name. */
  readonly headers?: Readonly<Record<string, HeaderRow>>;
}

export interface Route {
  readonly method: "DELETE" | "GET" | "PATCH" | "POST" | "PUT";
  /** In the router's syntax: `/v1/tags/:tag`, and `*` for everything below. */
  readonly path: `/${string}`;
  readonly auth: Auth;
  /** Of a signed request: the key must have one of these. */
  readonly scopes?: readonly Scope[];
  /** Of a route of operators: the least role that may call it. Without it, only owners may. */
  readonly role?: OperatorRole;
  /** It accepts WebSocket upgrades. */
  readonly upgrade?: true;
  /** Pages of any origin may call it. */
  readonly cors?: true;
  readonly summary: string;
  readonly headers?: Readonly<Record<string, HeaderRow>>;
  readonly query?: z.ZodType;
  /** With a send token, the body may be text, and this is the query. */
  readonly textQuery?: z.ZodType;
  readonly body?: {
    readonly schema: z.ZodType;
    /** Limit of the body as sent, bytes. */
    readonly maxBytes: number;
  };
  /** By status. Created when first used: see `lazily`. */
  readonly answers: () => Readonly<Record<number, AnswerRow>>;
  /** Error codes, besides those of `ANY_REQUEST`. */
  readonly errors: readonly ErrorCode[];
}
