/** How a host opens and refuses WebSockets: the one thing of the edge that is not the same everywhere. */
import type { Claims } from "../core/device/account.ts";
import type { MeshError } from "../schema/errors.ts";

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
