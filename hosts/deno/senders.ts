/** Sender links of app servers, which count towards the maximum of links. */
import type { SenderHost, SenderSocket } from "../../worker/sender/host.ts";
import { SenderLinks } from "../../worker/sender/sender-links.ts";
import { type DenoLinks, UPGRADED } from "./links.ts";
import { connectionOf } from "./net/http.ts";
import type { Mesh } from "./objects/mesh.ts";

/** @param links shares its maximum */
export function denoSenders(mesh: Mesh, links: DenoLinks): SenderLinks {
  const host: SenderHost = {
    maxCalls: null,
    yield: () => mesh.turns.yield(),

    accept(request, protocol, events) {
      const connection = connectionOf(request);
      links.requireRoom(connection);
      const socket = connection.acceptSender(request, protocol);
      socket.onmessage = (data) =>
        events.message(typeof data === "string" ? data : new Uint8Array(data));
      socket.onclose = () => events.closed();
      const port: SenderSocket = {
        get bufferedBytes() {
          return socket.bufferedAmount;
        },
        silentMs: () => performance.now() - socket.heardAt,
        send: (bytes) => socket.send(bytes),
        close: (code, reason) => socket.close(code, reason),
      };
      return { socket: port, answer: UPGRADED };
    },
  };
  const senders = new SenderLinks(host);
  links.shareRoom(senders);
  return senders;
}
