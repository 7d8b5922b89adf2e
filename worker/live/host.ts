/** The port by which a host connects a listener to its live node. */
import type { LiveName } from "../../core/tag/name.ts";
import type { Listen } from "../../objects/interfaces/connections.ts";
import type { MeshError } from "../../schema/errors.ts";

export interface ListenHost {
  /** The region of the listener, in lower-case letters; "local" if the host has only one. */
  regionOf(request: Request): string;
  /**
   * Passes the listener to a live node.
   *
   * @returns the answer to the upgrade, or the event stream
   * @throws MeshError `live_full` if this node has no room
   */
  open(request: Request, node: LiveName, listen: Listen): Promise<Response>;
  /** Accepts the WebSocket and closes it at once: browsers do not show the answer to a refused upgrade. */
  refuse(request: Request, error: MeshError, protocol: string | null): Response;
}
