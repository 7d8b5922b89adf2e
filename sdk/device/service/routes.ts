/** What the mesh sends to registrations, on its way to the ports of their apps. */
import type { Sealed } from "../../../schema/generated/link.ts";
import { KEY_BYTES } from "../../../schema/text.ts";
import { type Incoming, isExpired } from "../client/message.ts";
import { ACK_WAIT_MAX_MS } from "../constants.ts";
import type { Host } from "../host.ts";
import type { Link } from "../link/link.ts";
import type { ToClient } from "../port.ts";
import type { App } from "./app.ts";

export class Routes {
  readonly #host: Host;
  readonly #apps: ReadonlyMap<string, App>;
  readonly #detached: ReadonlySet<number>;
  readonly #link: Pick<Link, "connected" | "fault">;
  /** Number of the current link; 0 before the first. */
  link = 0;
  /** The highest seq of a message, or number of a sealed frame, that has arrived in this process. */
  lastSeq = 0;
  /** The clock of the mesh minus `Host.elapsed`, at the last Welcome: our own clock may be changed in between. */
  #meshOffsetMs = 0;

  /** @param detached as `AppOwner.detached` */
  constructor(
    host: Host,
    apps: ReadonlyMap<string, App>,
    detached: ReadonlySet<number>,
    link: Pick<Link, "connected" | "fault">,
  ) {
    this.#host = host;
    this.#apps = apps;
    this.#detached = detached;
    this.#link = link;
  }

  /** Link number `link` is open. @param meshNow the clock of the mesh, milliseconds since 1970 */
  begin(link: number, meshNow: number): void {
    this.link = link;
    this.#meshOffsetMs = meshNow - this.#host.elapsed();
  }

  deliver(messages: readonly Incoming[]): void {
    for (const message of messages) {
      // Messages after one that ended the link come again after it.
      if (!this.#link.connected) return;
      const { key, data } = message;
      if (key.length !== KEY_BYTES) {
        this.#link.fault(`a message key of ${key.length} bytes`);
        return;
      }
      if (!("tag" in message)) this.lastSeq = Math.max(this.lastSeq, message.seq);
      // So late that nobody read the socket, or that the clock of the mesh was changed: the next Welcome has the time, and the
      // mesh sends what is still valid.
      if (isExpired(message, this.#meshNow, ACK_WAIT_MAX_MS)) {
        this.#link.fault("late");
        return;
      }
      // Copies, because the views hold a whole frame, and a port to another thread would send all of it with each message.
      const own = { ...message, key: key.slice(), data: data.slice() };
      this.post(message.slot, { kind: "deliver", link: this.link, message: own });
    }
  }

  /** Passes a frame on that only the app of its slot can read. */
  passSealed({ slot, epoch, number, body }: Sealed): void {
    this.lastSeq = Math.max(this.lastSeq, number);
    const sealed = { link: this.link, epoch, number, body: body.slice(), atMs: this.#meshNow };
    for (const app of this.#apps.values()) {
      if (app.registration?.slot !== slot) continue;
      const { turn } = app;
      app.port.postMessage({ kind: "sealed", ...sealed, turn, isLate: this.#isLate(app, slot) });
    }
  }

  /** Posts to the app of the slot; messages only if it listens. */
  post(slot: number, message: ToClient): void {
    for (const app of this.#apps.values()) {
      if (app.registration?.slot !== slot) continue;
      if (message.kind !== "deliver") app.port.postMessage(message);
      else if (!this.#isLate(app, slot)) app.port.postMessage({ ...message, turn: app.turn });
    }
  }

  /** Messages sent before the mesh received Detach may have ended since; the others come again. */
  #isLate({ listening }: App, slot: number): boolean {
    return !listening || this.#detached.has(slot);
  }

  get #meshNow(): number {
    return this.#host.elapsed() + this.#meshOffsetMs;
  }
}
