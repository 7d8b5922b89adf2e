/** Requests for a WebSocket (RFC 6455 §4.2.1). The router takes HEAD to the routes of GET, and HEAD has no answer that could be one. */
export const isUpgrade = (request: Request): boolean =>
  request.method === "GET" && request.headers.get("upgrade")?.toLowerCase() === "websocket";

/** The subprotocols that a request offers. */
export const offeredBy = (request: Request): string[] =>
  (request.headers.get("sec-websocket-protocol") ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

/** Browsers cannot send headers with a WebSocket, so a token is offered as a subprotocol with this prefix. */
const TOKEN_PROTOCOL = "pushmesh.token.";

/** The token among the offered subprotocols. */
export const offeredToken = (offered: readonly string[]): string | undefined =>
  offered.find((name) => name.startsWith(TOKEN_PROTOCOL))?.slice(TOKEN_PROTOCOL.length);
