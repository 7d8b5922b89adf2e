/** Opens links on Workers: the device's object accepts the socket. */
import { LINK_SUBPROTOCOL } from "../../objects/close.ts";
import { connectHeaders } from "../../objects/interfaces/connections.ts";
import { callObject } from "../calls/objects.ts";
import type { ObjectNamespace } from "../env.ts";
import type { LinkHost } from "../link-host.ts";
import { closedSocket } from "./closed-socket.ts";

export function workersLinks(devices: ObjectNamespace<Pick<Fetcher, "fetch">>): LinkHost {
  return {
    open(request, name, claims) {
      const headers = connectHeaders(claims);
      return callObject(() => devices.getByName(name).fetch(request.url, { headers }));
    },
    refuse: (_request, error) => closedSocket(error, LINK_SUBPROTOCOL),
  };
}
