/** Echo requests in progress: they measure the round trip to the device's object in the mesh. */
import type { Echo } from "../../../schema/generated/link.ts";
import { ECHO_TIMEOUT_MS } from "../constants.ts";
import type { PushErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import type { ServicePort } from "../port.ts";

const LOST: PushErrorData = {
  code: "link_lost",
  message: "There is no link.",
  retry: "later",
};
const TIMEOUT: PushErrorData = {
  code: "timeout",
  message: "No echo in time.",
  retry: "later",
};

export class Echoes {
  readonly #host: Host;
  /** By nonce: ends the wait, with or without an error. */
  readonly #waiting = new Map<number, (error?: PushErrorData) => void>();
  #nonce = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** @param send Sends the frame; undefined if there is no link. */
  start(port: ServicePort, request: number, send: ((nonce: number) => void) | undefined): void {
    const nonce = ++this.#nonce;
    const sentAtMs = this.#host.elapsed();
    const settle = (error?: PushErrorData): void => {
      this.#waiting.delete(nonce);
      cancel();
      port.postMessage(
        error === undefined
          ? { kind: "done", request, value: this.#host.elapsed() - sentAtMs }
          : { kind: "failed", request, error },
      );
    };
    const cancel = this.#host.after(ECHO_TIMEOUT_MS, () => settle(TIMEOUT));
    this.#waiting.set(nonce, settle);
    if (send === undefined) settle(LOST);
    else send(nonce);
  }

  /** Calls `act` when an echo came back; never if the link ends first. */
  after(send: (nonce: number) => void, act: () => void): void {
    const nonce = ++this.#nonce;
    this.#waiting.set(nonce, (error) => {
      this.#waiting.delete(nonce);
      if (error === undefined) act();
    });
    send(nonce);
  }

  /** An echo that nobody waits for is too late. */
  receive({ nonce }: Echo): void {
    this.#waiting.get(nonce)?.();
  }

  /** The link ended. */
  clear(): void {
    for (const settle of [...this.#waiting.values()]) settle(LOST);
  }
}
