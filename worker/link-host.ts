/** The port by which a host opens and refuses the WebSockets of devices. */
import type { Claims } from "../core/device/account.ts";
import type { MeshError } from "../schema/errors.ts";

export interface LinkHost {
  /**
   * Passes the WebSocket of an authenticated request to its device.
   *
   * @param name base64url of the device ID
   * @returns the answer to the upgrade; a device that refuses the claims accepts the socket and closes it
   */
  open(request: Request, name: string, claims: Claims): Promise<Response>;
  /** Accepts the WebSocket and closes it at once: browsers do not show the answer to a refused upgrade. */
  refuse(request: Request, error: MeshError): Response;
}
