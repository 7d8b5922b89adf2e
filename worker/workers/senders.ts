/** Sender links on Workers: they end at the edge, in the isolate that took the request (docs/decisions/0010-sender-link.md). */
import { finish } from "../../objects/close.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { SenderHost, SenderSocket } from "../sender/host.ts";
import { SenderLinks } from "../sender/sender-links.ts";

const NOTHING = Promise.resolve();

/** @param isBounded whether the platform bounds the calls of an invocation: workerd on one machine does not */
export function workersSenders(isBounded: boolean): SenderLinks {
  const host: SenderHost = {
    maxCalls: isBounded ? LIMITS.SENDER_CALLS : null,
    // Each call of an object lets others have their turn.
    yield: () => NOTHING,

    accept(_request, protocol, events) {
      const { 0: client, 1: server } = new WebSocketPair();
      let heardAt = Date.now();
      let isOver = false;
      const end = () => {
        if (!isOver) events.closed();
        isOver = true;
      };
      server.binaryType = "arraybuffer";
      server.addEventListener("message", ({ data }) => {
        heardAt = Date.now();
        if (data === "ping") server.send("pong");
        else events.message(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
      });
      server.addEventListener("close", end);
      server.addEventListener("error", end);
      server.accept();
      const socket: SenderSocket = {
        get bufferedBytes() {
          return (server as { readonly bufferedAmount?: number }).bufferedAmount ?? 0;
        },
        silentMs: () => Date.now() - heardAt,
        send(bytes) {
          try {
            server.send(bytes);
          } catch {
            // It has closed; its event follows.
          }
        },
        close: (code, reason) => finish(server, code, reason),
      };
      const headers = { "sec-websocket-protocol": protocol };
      const answer = new Response(null, { status: 101, webSocket: client, headers });
      return { socket, answer };
    },
  };
  return new SenderLinks(host);
}
