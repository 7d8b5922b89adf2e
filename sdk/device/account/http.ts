/** The two HTTPS requests of a device: for its account, and for the clock of the mesh. */
import type { DeviceAnswerBody } from "../../../schema/http.ts";
import { messageOf, PushError } from "../errors.ts";
import type { Host } from "../host.ts";

/** The longest time that any mesh makes a device wait before it asks for its account again. */
const RETRY_AFTER_MAX_MS = 86_400_000;

/** `POST /v1/devices`. Rejects with a PushError. */
export async function postDevice(
  host: Host,
  endpoint: string,
  proof: string,
  signal: AbortSignal,
): Promise<Pick<DeviceAnswerBody, "credential" | "deviceId" | "now">> {
  const answer = await request(host, `${endpoint}/v1/devices`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ proof }),
    signal,
  });
  const { credential, deviceId, now } = answer;
  if (typeof credential !== "string" || typeof deviceId !== "string") throw noMesh(endpoint, 200);
  return { credential, deviceId, now };
}

/** The mesh's clock, milliseconds since 1970. Rejects with a PushError. */
export async function getMeshTime(
  host: Host,
  endpoint: string,
  signal: AbortSignal,
): Promise<number> {
  return (await request(host, `${endpoint}/healthz`, { signal })).now;
}

/** Both requests are answered with the mesh's clock. */
async function request(
  host: Host,
  url: string,
  init: RequestInit,
): Promise<Record<string, unknown> & { readonly now: number }> {
  const response = await host.fetch(url, init).catch((cause: unknown) => {
    // Node's fetch says why in the cause of its error.
    const { code = messageOf(cause) } = Object(Object(cause).cause);
    throw networkError(`${url} gave no answer (${code})`, cause);
  });
  const body = Object(await response.json().catch(() => {}));
  if (response.ok && typeof body.now === "number") return body;
  const { code, detail, retry } = body;
  // A proxy or a captive portal answers in its own format, and may be gone later.
  if (typeof code !== "string" || !isRetry(retry)) throw noMesh(url, response.status);
  // Seconds (RFC 9110 §10.2.3); the mesh sends no dates.
  const retryAfterMs = Number(response.headers.get("retry-after")) * 1_000 || 0;
  throw new PushError({
    code,
    message: String(detail),
    retry,
    retryAfterMs: Math.min(retryAfterMs, RETRY_AFTER_MAX_MS),
  });
}

const RETRIES: readonly unknown[] = ["never", "later", "reauthenticate"];
const isRetry = (value: unknown): value is PushError["retry"] => RETRIES.includes(value);

/** Something else answered. */
const noMesh = (url: string, status: number): PushError =>
  networkError(`${url} answered HTTP ${status}, but not like a mesh`);

function networkError(what: string, cause?: unknown): PushError {
  const message = `${what}. Check the URL, and that the mesh runs.`;
  return new PushError({ code: "network_failed", message, retry: "later", cause });
}
