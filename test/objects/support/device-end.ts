/** A device's end of a link in the tests of objects: it sends what it is told to, and keeps what comes. */
import type { Message, WritablePushUp } from "../../../schema/generated/link.ts";
import { acksOf, type Down, push, readDown } from "../../core/device/support/frames.ts";

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export class DeviceEnd {
  /** Sends one WebSocket message to the object. */
  readonly send: (frame: Uint8Array<ArrayBuffer> | string) => void;
  /** Settles when the mesh has closed it. */
  readonly closed: Promise<Closed>;
  readonly #close = Promise.withResolvers<Closed>();
  readonly #frames: (Down | string)[] = [];
  #wake: () => void = () => undefined;

  constructor(send: DeviceEnd["send"]) {
    this.send = send;
    this.closed = this.#close.promise;
  }

  /** One WebSocket message of the object. */
  arrive(data: string | Uint8Array): void {
    this.#frames.push(typeof data === "string" ? data : readDown(data));
    this.#wake();
  }

  /** The object's close. */
  end(closed: Closed): void {
    this.#close.resolve(closed);
  }

  /** What has come and was not asked for yet. */
  get unread(): readonly (Down | string)[] {
    return this.#frames;
  }

  command(frame: WritablePushUp): void {
    this.send(push(frame));
  }

  /** The next frame, in the order they came. */
  async next(): Promise<Down | string> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next frame, which has to be of this kind. */
  async expect<Kind extends Down["kind"]>(kind: Kind): Promise<Extract<Down, { kind: Kind }>> {
    const frame = await this.next();
    if (typeof frame === "string" || frame.kind !== kind) {
      throw new Error(`wanted ${kind}, got ${JSON.stringify(frame)}`);
    }
    return frame as Extract<Down, { kind: Kind }>;
  }

  /** The messages of the next Deliver. */
  async messages(): Promise<readonly Message[]> {
    return (await this.expect("deliver")).value.messages;
  }

  /** Acknowledges them. What the object has handled all of is known when `synced` settles. */
  acknowledge(messages: readonly Message[]): void {
    this.send(acksOf(messages));
  }

  /** Settles when the object has handled every frame sent before. */
  async synced(): Promise<void> {
    // An unknown slot is refused, in order.
    this.command({ kind: "detach", value: { slot: 31_337 } });
    await this.expect("refusal");
  }
}
