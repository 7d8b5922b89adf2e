/** Registers of the port itself, whose answers prove the regId. */
import { RETRY_BASE_MS, RETRY_MAX_MS } from "../../constants.ts";
import type { Host } from "../../host.ts";
import type { ToClient, ToService } from "../../port.ts";
import type { Requests } from "../requests.ts";
import { NOT_SEALED } from "./commands.ts";

/** Requests of the port itself have numbers from here on. */
export const OWN_REQUESTS = 2 ** 40;

export const registerAgain = (requests: Requests) =>
  requests.make({ kind: "register", isHeld: true, grants: true, renews: true }, {});

/**
 * Answers to registers whose regId has no proof. If the mesh has taken no key, it may be in the middle of a deploy: its edges give keys, and its objects
 * are of a version that takes none.
 */
export class UnprovenAnswers {
  readonly #host: Host;
  readonly #requests: Requests;
  /** Ends of registrations that the app has asked for. */
  #ends = 0;
  readonly #waiting = new Set<number>();
  readonly #cancelled = new Set<number>();

  constructor(host: Host, requests: Requests) {
    this.#host = host;
    this.#requests = requests;
  }

  /** Of each message of the app. */
  sent(message: ToService): void {
    if (message.kind === "unregister") this.#ends++;
    if (message.kind === "cancel" && this.#waiting.has(message.request))
      this.#cancelled.add(message.request);
  }

  /** @param answer called once, with `done` or `failed` */
  answer(
    { request, epoch }: Extract<ToClient, { readonly kind: "done" }>,
    answer: (event: ToClient) => void,
  ): void {
    const ends = this.#ends;
    const isWanted = () => this.#ends === ends && !this.#cancelled.has(request);
    const isDeploy = epoch === undefined && request < OWN_REQUESTS;
    if (isDeploy) this.#waiting.add(request);
    const asked = isDeploy
      ? this.#untilSealed(isWanted, RETRY_BASE_MS)
      : Promise.reject(NOT_SEALED);
    asked
      .then(
        (value) => answer({ kind: "done", request, value }),
        (error) => answer({ kind: "failed", request, error }),
      )
      .finally(() => {
        this.#waiting.delete(request);
        this.#cancelled.delete(request);
      });
  }

  /**
   * Registers again, less and less often, for a minute or two, until the mesh takes a key. Any other refusal ends it, and so does the app: who has signed
   * out or cancelled the call must not be registered by it.
   */
  async #untilSealed(isWanted: () => boolean, waitMs: number): ReturnType<typeof registerAgain> {
    await new Promise<void>((go) => this.#host.after(waitMs * (1 + this.#host.random()), go));
    if (!isWanted()) throw NOT_SEALED;
    return registerAgain(this.#requests).catch((error) => {
      if (waitMs > RETRY_MAX_MS / 2 || error.code !== NOT_SEALED.code) throw error;
      return this.#untilSealed(isWanted, waitMs * 2);
    });
  }
}
