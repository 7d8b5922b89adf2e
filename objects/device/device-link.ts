/** The link of a device: its socket, and the snapshot kept with that while the object sleeps. */
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

  /** @param onLateHello called if a link gets no Hello in time */
  constructor(
    runtime: Pick<ObjectRuntime<unknown>, "name" | "scheduler">,
    onLateHello: (session: string) => void,
  ) {
    this.#runtime = runtime;
    this.#onLateHello = onLateHello;
  }

  /** Null if there is no link, or none was taken up yet. */
  get socket(): SocketPort | null {
    return this.#socket;
  }

  /** Whether the snapshot saved with the socket says that there was a Hello. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Begins a link, which replaces the current one. */
  begin(socket: SocketPort, session: string): void {
    if (this.#socket !== null) {
      this.#socket.close("replaced", "");
      this.#socket.save(null);
    }
    this.#hold(socket, false, session);
  }

  /**
   * Goes on with a socket from before, unless it was given up or replaced by a newer one.
   *
   * @param lastSeq as of `Device.restore`
   */
  takeUp(socket: SocketPort, device: Device, lastSeq: number | undefined): void {
    const snapshot = socket.saved();
    if (snapshot === null) return;
    const { lastSession } = device;
    // An account that is not stored yet is known from its socket alone.
    const isLast =
      lastSession === null ? snapshot.pending !== undefined : snapshot.session === lastSession;
    if (!isLast) return;
    device.restore(snapshot, lastSeq);
    this.#hold(socket, snapshot.ready, snapshot.session);
  }

  /** Saves the link, if it has changed since it was last saved. */
  save(device: Device, now: number): void {
    if (this.#socket === null) return;
    const snapshot = device.takeSnapshot(now);
    if (snapshot === null) return;
    this.#socket.save(snapshot);
    this.#isReady = snapshot.ready;
    // Only if there is a timer: `clearTimeout` alone took 2 % of a broadcast (measured).
    if (this.#isReady && this.#hello !== null) this.#endHello();
  }

  /** The link has ended. */
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
