/** Finds and checks the heads of requests in what a connection has received. */
import { MeshError } from "../../../../schema/errors.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { headEnd, type RequestHead, readHead, upgradeFault } from "./head.ts";

/** Methods that a route may have. workerd answers some others by itself, and the rest are of use only to attackers. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Whether a method may begin with the byte: a TLS client's hello begins with 22. */
const isVisible = (byte: number): boolean => byte > 32 && byte < 127;

export class HeadReader {
  #searched = 0;

  /** Whether nothing of the next head has arrived: its time starts with the first byte. */
  get isNew(): boolean {
    return this.#searched === 0;
  }

  /**
   * @param input everything received since the previous request, including what earlier calls saw
   * @returns the head and where it ends in `input`, why the request is refused, or null if the head is incomplete
   */
  read(input: Uint8Array): { readonly head: RequestHead; readonly end: number } | MeshError | null {
    // A TLS client waits for an answer, so the rest of the head never comes.
    const [first] = input;
    if (this.isNew && first !== undefined && !isVisible(first))
      return new MeshError("request_malformed", "this is not HTTP/1.1: is the client's URL https?");
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
