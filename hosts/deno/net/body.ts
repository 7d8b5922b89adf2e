/** Bounds bodies over HTTP/2, which Deno's server passes on as they arrive, without a limit in bytes or time. */
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { bodyBound } from "../../machine/net/http/body-bound.ts";

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
  // One more than the route accepts: it refuses a body of this length.
  const most = bodyBound(new URL(request.url).pathname) + 1;
  const late = new MeshError("request_timeout");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late), timeoutMs);
  });
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    while (bytes < most) {
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
