/** Takes the heads of requests off what a connection has received, one after the other, and says which are refused. */
import { MeshError } from "../../../../schema/errors.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { headEnd, type RequestHead, readHead, upgradeFault } from "./head.ts";

/** Those that a route may take. Others are of proxies and of no use but to attackers, or workerd answers them by itself. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

export class HeadReader {
  #searched = 0;

  /** Nothing of the next head has been looked at: its time begins with what comes. */
  get isNew(): boolean {
    return this.#searched === 0;
  }

  /**
   * @param input what has come since the request before; the same and more where there was no end in it
   * @returns the head and where it ends in `input`, why the request is refused, or null where there is more to come
   */
  read(input: Uint8Array): { readonly head: RequestHead; readonly end: number } | MeshError | null {
    const end = headEnd(input, this.#searched);
    if ((end < 0 ? input.length : end) > LIMITS.HEAD_BYTES) {
      const detail = `the request's head is over ${LIMITS.HEAD_BYTES} bytes`;
      return new MeshError("head_too_large", detail);
    }
    if (end < 0) {
      this.#searched = input.length;
      return null;
    }
    this.#searched = 0;
    const head = readHead(input.subarray(0, end));
    if (typeof head === "string") return new MeshError("request_malformed", head);
    if (!METHODS.has(head.method)) return new MeshError("method_not_allowed");
    const fault = head.isUpgrade ? upgradeFault(head) : null;
    return fault === null ? { head, end } : new MeshError("request_malformed", fault);
  }
}
