/** What a route of the HTTPS API is. */
import type * as z from "zod";
import type { ErrorCode } from "../errors.ts";

/** How the caller says who it is. */
export type Auth =
  | "none"
  /** An app server: RFC 9421, by a sending key. */
  | "signature"
  /** The operator: a bearer token. */
  | "admin"
  /** A device: a token in the WebSocket's subprotocols. */
  | "connect-token"
  /** A page: none for a tag that is open, else a token in the subprotocols, the query or a bearer token. */
  | "listen-token";

export interface HeaderRow {
  readonly description: string;
  /** Without it a request is refused, or an answer is wrong. */
  readonly required?: true;
}

/** One answer that is no refusal. */
export interface AnswerRow {
  readonly description: string;
  /** Of `application/json`; an answer without it has no body, or is a stream of events. */
  readonly body?: z.ZodType;
  /** Of `text/event-stream`: the data of each event. */
  readonly events?: z.ZodType;
  /** Beside content-type, by lower-case name. */
  readonly headers?: Readonly<Record<string, HeaderRow>>;
}

export interface Route {
  readonly method: "DELETE" | "GET" | "POST" | "PUT";
  /** As the router has it: `/v1/tags/:tag`. */
  readonly path: `/${string}`;
  readonly auth: Auth;
  /** It takes WebSocket upgrades. */
  readonly upgrade?: true;
  /** Pages of any origin may call it. */
  readonly cors?: true;
  readonly summary: string;
  readonly headers?: Readonly<Record<string, HeaderRow>>;
  readonly query?: z.ZodType;
  readonly body?: {
    readonly schema: z.ZodType;
    /** Of the body as it is sent. */
    readonly maxBytes: number;
  };
  /** By status; made when asked for, see `lazily`. */
  readonly answers: () => Readonly<Record<number, AnswerRow>>;
  /** Refusals, beside those that any request may get. */
  readonly errors: readonly ErrorCode[];
}
