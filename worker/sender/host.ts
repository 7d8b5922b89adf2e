/** The port by which a host opens sender links. */

/** A WebSocket to an app server. */
export interface SenderSocket {
  readonly bufferedBytes: number;
  /** How long nothing has arrived, milliseconds. */
  silentMs(): number;
  send(bytes: Uint8Array<ArrayBuffer>): void;
  close(code: number, reason: string): void;
}

/** Whom the host tells what happens on a socket. The heartbeat it answers itself. */
export interface SenderEvents {
  message(data: Uint8Array | string): void;
  closed(): void;
}

export interface SenderHost {
  /** The most calls of objects that one link may make; null for any number. */
  readonly maxCalls: number | null;
  /**
   * Accepts the WebSocket of a request.
   *
   * @throws MeshError `mesh_full`, `going_away`
   */
  accept(
    request: Request,
    protocol: string,
    events: SenderEvents,
  ): { readonly socket: SenderSocket; readonly answer: Response };
  /** Resolves when other work has had its turn. */
  yield(): Promise<void>;
}
