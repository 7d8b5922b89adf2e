/** How a host opens and refuses WebSockets: the one thing of the edge that is not the same everywhere. */
import type { Claims } from "../core/device/account.ts";
import { closeReason, LINK_SUBPROTOCOL } from "../objects/close.ts";
import { CONNECT_HEADERS, type DeviceRpc } from "../objects/interfaces/rpc.ts";
import type { MeshError } from "../schema/errors.ts";
import type { ObjectNamespace } from "./env.ts";
import { callObject } from "./objects.ts";

export interface LinkHost {
  /**
   * Hands the WebSocket of an authenticated request to its device.
   *
   * @param name base64url of the device ID
   * @returns the upgrade's answer; a device that refuses the claims answers by closing the socket it accepted
   */
  open(request: Request, name: string, claims: Claims): Promise<Response>;
  /** Accepts the WebSocket and closes it at once: a browser cannot read a refused upgrade. */
  refuse(request: Request, error: MeshError): Response;
}

/** On Workers the device's own object accepts the socket. */
export function workersLinks(
  devices: ObjectNamespace<DeviceRpc & Pick<Fetcher, "fetch">>,
): LinkHost {
  return {
    open(request, name, claims) {
      // None of the caller's own headers goes on: the object trusts these.
      const headers = {
        upgrade: "websocket",
        [CONNECT_HEADERS.generation]: String(claims.generation),
        [CONNECT_HEADERS.publicKey]: claims.publicKey,
        [CONNECT_HEADERS.tokenId]: claims.tokenId,
        [CONNECT_HEADERS.tokenExpires]: String(claims.tokenExpires),
      };
      return callObject(() => devices.getByName(name).fetch(request.url, { headers }));
    },
    refuse(_request, error) {
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept();
      server.close(error.row.close ?? INTERNAL_CLOSE, closeReason(error.code, error.message));
      const headers = { "sec-websocket-protocol": LINK_SUBPROTOCOL };
      return new Response(null, { status: 101, webSocket: client, headers });
    },
  };
}

/** For an error that has no close code of its own: `internal`'s. */
export const INTERNAL_CLOSE = 4003;
