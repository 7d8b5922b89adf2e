/**
 * How the edge hands a connection to the object that is to serve it, on Workers: by `fetch`, with these headers in place of the caller's
 * own. The object trusts them, because only the edge can call it.
 */
import type { Claims } from "../../core/device/account.ts";
import type { Pass } from "../../core/live/access.ts";

/** What is read of a request's or an answer's headers. */
interface HeaderFields {
  get(name: string): string | null;
}

const CONNECT = {
  /** Decimal. */
  generation: "x-pushmesh-generation",
  /** Raw public key in base64url. */
  publicKey: "x-pushmesh-key",
  /** The token's `jti`. */
  tokenId: "x-pushmesh-jti",
  /** The token's `exp`, seconds. */
  tokenExpires: "x-pushmesh-exp",
} as const;

/** Of a request for a device's link that the edge has authenticated. */
export const connectHeaders = (claims: Claims): Record<string, string> => ({
  upgrade: "websocket",
  [CONNECT.generation]: String(claims.generation),
  [CONNECT.publicKey]: claims.publicKey,
  [CONNECT.tokenId]: claims.tokenId,
  [CONNECT.tokenExpires]: String(claims.tokenExpires),
});

export const claimsIn = (headers: HeaderFields): Claims => ({
  generation: Number(headers.get(CONNECT.generation)),
  publicKey: headers.get(CONNECT.publicKey) ?? "",
  tokenId: headers.get(CONNECT.tokenId) ?? "",
  tokenExpires: Number(headers.get(CONNECT.tokenExpires)),
});

/**
 * In the answer to a device that has a registration, for a front before the worker: if there is not room for all links, it keeps these. The
 * value does not matter.
 */
export const REGISTERED_HEADER = "x-pushmesh-registered";

/** A request to listen that the edge has let through. */
export interface Listen {
  /** The tag's name. */
  readonly tag: string;
  /** Position to resume after; null for only what is new. */
  readonly after: number | null;
  readonly transport: "socket" | "stream";
  /** The subprotocol to answer with; null if none was offered. */
  readonly protocol: string | null;
  /** Null if it showed no token. */
  readonly pass: Pass | null;
}

const LISTEN = {
  /** The tag's name, percent-encoded. */
  tag: "x-pushmesh-tag",
  /** Decimal position; absent for only what is new. */
  after: "x-pushmesh-after",
  /** Three decimal numbers: until, key, trust. Absent if it showed no token. */
  pass: "x-pushmesh-pass",
  upgrade: "upgrade",
  protocol: "sec-websocket-protocol",
} as const;

export const listenHeaders = ({ tag, after, transport, protocol, pass }: Listen) => ({
  [LISTEN.tag]: encodeURIComponent(tag),
  ...(after === null ? {} : { [LISTEN.after]: String(after) }),
  ...(transport === "socket" ? { [LISTEN.upgrade]: "websocket" } : {}),
  ...(protocol === null ? {} : { [LISTEN.protocol]: protocol }),
  ...(pass === null ? {} : { [LISTEN.pass]: `${pass.until} ${pass.key} ${pass.trust}` }),
});

export function listenIn(headers: HeaderFields): Listen {
  const after = headers.get(LISTEN.after);
  const pass = headers.get(LISTEN.pass)?.split(" ").map(Number);
  return {
    tag: decodeURIComponent(headers.get(LISTEN.tag) ?? ""),
    after: after === null ? null : Number(after),
    transport: headers.get(LISTEN.upgrade) === null ? "stream" : "socket",
    protocol: headers.get(LISTEN.protocol),
    pass: pass === undefined ? null : passOf(pass),
  };
}

const passOf = ([until = 0, key = 0, trust = 0]: readonly number[]): Pass => ({
  until,
  key,
  trust,
});

/** In the answer of a live node that refuses a listener, which has status 503: the name of the error. */
export const LIVE_ERROR_HEADER = "x-pushmesh-error";
