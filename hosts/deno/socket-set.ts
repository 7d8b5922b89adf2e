/** Open sockets. */

/** How long a stop waits for the answers to close frames. */
const CLOSE_WAIT_MS = 500;

/** A set that tells when its last member is deleted. */
export class SocketSet<Socket> extends Set<Socket> {
  #onEmpty: () => void = () => {};

  override delete(socket: Socket): boolean {
    const wasOpen = super.delete(socket);
    if (this.size === 0) this.#onEmpty();
    return wasOpen;
  }

  /** Resolves when no socket is left, or after `CLOSE_WAIT_MS`. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.size === 0) resolve();
      else setTimeout(resolve, CLOSE_WAIT_MS);
    });
  }
}
