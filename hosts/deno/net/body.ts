/** Bounds bodies over HTTP/2, which Deno's server passes on as they arrive, without a limit in bytes or time. */
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";

/** One more than any route accepts: the route refuses a body of this length. */
const MAX_BYTES = LIMITS.SUBSCRIBE_BODY_BYTES + 1;

/**
 * Returns the request with its body, after all of it has arrived.
 *
 * @throws MeshError `request_timeout`, or `request_malformed` if the body breaks off
 */
export async function readInTime(
  request: Request,
  timeoutMs: number = LIMITS.BODY_TIMEOUT_MS,
): Promise<Request> {
  if (request.body === null) return request;
  const reader = request.body.getReader();
  const late = new MeshError("request_timeout");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late), timeoutMs);
  });
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    while (bytes < MAX_BYTES) {
      const { value, done } = await Promise.race([reader.read(), timeout]);
      if (done) break;
      parts.push(value);
      bytes += value.length;
    }
  } catch (error) {
    if (error === late) throw late;
    throw new MeshError("request_malformed", "the body broke off");
  } finally {
    clearTimeout(timer);
    // Whatever still arrives is not read.
    void reader.cancel().catch(() => {});
  }
  const { method, url, headers } = request;
  return new Request(url, { method, headers, body: new Blob(parts) });
}
