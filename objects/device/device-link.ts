/** The link of a device: its socket, and what stays with that while the object sleeps. */
import type { Device } from "../../core/device/device.ts";
import { LIMITS } from "../../schema/limits.ts";
import { links } from "../capacity/links.ts";
import type { ObjectRuntime, SocketPort, Timer } from "../runtime.ts";

export class DeviceLink {
  readonly #runtime: Pick<ObjectRuntime<unknown>, "name" | "scheduler">;
  readonly #onLateHello: (session: string) => void;
  #socket: SocketPort | null = null;
  #isReady = false;
  #hello: Timer | null = null;

  /** @param onLateHello told of a link that has waited for its Hello long enough */
  constructor(
    runtime: Pick<ObjectRuntime<unknown>, "name" | "scheduler">,
    onLateHello: (session: string) => void,
  ) {
    this.#runtime = runtime;
    this.#onLateHello = onLateHello;
  }

  /** Null without a link, or while it is not known. */
  get socket(): SocketPort | null {
    return this.#socket;
  }

  /** Whether what is saved with the socket says that there was a Hello. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Begins, in place of the one before. */
  begin(socket: SocketPort, session: string): void {
    if (this.#socket !== null) {
      this.#socket.close("replaced", "");
      this.#socket.save(null);
    }
    this.#hold(socket, false, session);
  }

  /**
   * Goes on with a socket that was there before, unless it was given up, or a newer one has replaced it.
   *
   * @param lastSeq as of `Device.restore`
   */
  takeUp(socket: SocketPort, device: Device, lastSeq: number | undefined): void {
    const snapshot = socket.saved();
    if (snapshot === null) return;
    const { lastSession } = device;
    // Of an account that is not stored there is no other word than its socket's.
    const isLast =
      lastSession === null ? snapshot.pending !== undefined : snapshot.session === lastSession;
    if (!isLast) return;
    device.restore(snapshot, lastSeq);
    this.#hold(socket, snapshot.ready, snapshot.session);
  }

  /** Saves what has changed since it was last saved. */
  save(device: Device, now: number): void {
    if (this.#socket === null) return;
    const snapshot = device.takeSnapshot(now);
    if (snapshot === null) return;
    this.#socket.save(snapshot);
    this.#isReady = snapshot.ready;
    // Not called for nothing: `clearTimeout` alone was 2 % of what broadcasts took (measured).
    if (this.#isReady && this.#hello !== null) this.#endHello();
  }

  /** There is none any more. */
  end(): void {
    if (this.#socket === null) return;
    this.#socket.save(null);
    this.#socket = null;
    this.#isReady = false;
    this.#endHello();
    links.delete(this.#runtime.name);
  }

  #hold(socket: SocketPort, isReady: boolean, session: string): void {
    this.#socket = socket;
    this.#isReady = isReady;
    links.add(this.#runtime.name);
    this.#endHello();
    if (isReady) return;
    const onLate = () => this.#onLateHello(session);
    this.#hello = this.#runtime.scheduler.timer(LIMITS.HELLO_TIMEOUT_MS, onLate);
  }

  #endHello(): void {
    this.#hello?.cancel();
    this.#hello = null;
  }
}
