/** How a host brings a listener to its live node: like links, the one thing of listening that is not the same everywhere. */
import type { LiveName } from "../../core/tag/name.ts";
import type { MeshError } from "../../schema/errors.ts";

/** A request to listen that was let through. */
export interface Listen {
  /** The tag's name. */
  readonly tag: string;
  /** Position to resume after; null for only what is new. */
  readonly after: number | null;
  readonly transport: "socket" | "stream";
  /** The subprotocol to answer with; null where none was offered. */
  readonly protocol: string | null;
}

export interface ListenHost {
  /** Where the listener is, in lower-case letters; "local" where that is nowhere in particular. */
  regionOf(request: Request): string;
  /**
   * Hands the listener to a live node.
   *
   * @returns the upgrade's answer, or the event stream
   * @throws MeshError `live_full`, where there is no room at this node
   */
  open(request: Request, node: LiveName, listen: Listen): Promise<Response>;
  /** Accepts the WebSocket and closes it at once: a browser cannot read a refused upgrade. */
  refuse(request: Request, error: MeshError, protocol: string | null): Response;
}
