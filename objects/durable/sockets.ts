/** What WebSockets of the hibernation API have in common. */

/** The runtime answers heartbeats by itself, and does not wake the object for them. */
export function answerHeartbeats(ctx: DurableObjectState): void {
  ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
}

/** The answer to an upgrade; `client` is the end of the pair that the caller gets. */
export const upgraded = (client: WebSocket, headers: Record<string, string>): Response =>
  new Response(null, { status: 101, webSocket: client, headers });
