/** Opens links on Workers: the device's object accepts the socket. */
import { closeCodeOf, closeReason, LINK_SUBPROTOCOL } from "../../objects/close.ts";
import { connectHeaders } from "../../objects/interfaces/connections.ts";
import { callObject } from "../calls/objects.ts";
import type { ObjectNamespace } from "../env.ts";
import type { LinkHost } from "../link-host.ts";

export function workersLinks(devices: ObjectNamespace<Pick<Fetcher, "fetch">>): LinkHost {
  return {
    open(request, name, claims) {
      const headers = connectHeaders(claims);
      return callObject(() => devices.getByName(name).fetch(request.url, { headers }));
    },
    refuse(_request, error) {
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept();
      server.close(closeCodeOf(error.code), closeReason(error.code, error.message));
      const headers = { "sec-websocket-protocol": LINK_SUBPROTOCOL };
      return new Response(null, { status: 101, webSocket: client, headers });
    },
  };
}
