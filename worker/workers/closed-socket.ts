/** A WebSocket that is closed at once: browsers do not show the answer to a refused upgrade. */
import { closeWith } from "../../objects/close.ts";
import type { MeshError } from "../../schema/errors.ts";

/** @param protocol the subprotocol to answer with; null for none */
export function closedSocket({ code, message }: MeshError, protocol: string | null): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  closeWith(server, code, message);
  const headers = protocol === null ? {} : { "sec-websocket-protocol": protocol };
  return new Response(null, { status: 101, webSocket: client, headers });
}
