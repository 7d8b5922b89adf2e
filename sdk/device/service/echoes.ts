/** Echo requests under way: how long the way to the mesh's device object and back takes. */
import type { Echo } from "../../../schema/generated/link.ts";
import { ECHO_TIMEOUT_MS } from "../constants.ts";
import type { PushErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import type { ServicePort } from "../port.ts";

interface Waiting {
  readonly port: ServicePort;
  readonly request: number;
  readonly sentAtMs: number;
  readonly cancel: () => void;
}

const LOST: PushErrorData = {
  code: "link_lost",
  message: "The link does not stand.",
  retry: "later",
};
const TIMEOUT: PushErrorData = {
  code: "timeout",
  message: `The mesh echoed nothing within ${ECHO_TIMEOUT_MS} ms.`,
  retry: "later",
};

export class Echoes {
  readonly #host: Host;
  readonly #waiting = new Map<number, Waiting>();
  #nextNonce = 1;

  constructor(host: Host) {
    this.#host = host;
  }

  /** @param send Sends the frame; undefined where the link does not stand. */
  start(port: ServicePort, request: number, send: ((nonce: number) => void) | undefined): void {
    if (send === undefined) {
      port.postMessage({ kind: "failed", request, error: LOST });
      return;
    }
    const nonce = this.#nextNonce++;
    const cancel = this.#host.after(ECHO_TIMEOUT_MS, () => this.#fail(nonce, TIMEOUT));
    this.#waiting.set(nonce, { port, request, sentAtMs: this.#host.now(), cancel });
    send(nonce);
  }

  /** An echo that nobody waits for came too late. */
  receive({ nonce }: Echo): void {
    const waiting = this.#take(nonce);
    if (waiting === undefined) return;
    const value = this.#host.now() - waiting.sentAtMs;
    waiting.port.postMessage({ kind: "done", request: waiting.request, value });
  }

  /** The link ended. */
  clear(): void {
    for (const nonce of [...this.#waiting.keys()]) this.#fail(nonce, LOST);
  }

  #fail(nonce: number, error: PushErrorData): void {
    const waiting = this.#take(nonce);
    waiting?.port.postMessage({ kind: "failed", request: waiting.request, error });
  }

  #take(nonce: number): Waiting | undefined {
    const waiting = this.#waiting.get(nonce);
    this.#waiting.delete(nonce);
    waiting?.cancel();
    return waiting;
  }
}
