/** The two HTTPS requests of a device: for its account, and for the clock of the mesh. */
import type { DeviceAnswerBody } from "../../../schema/http.ts";
import { PushError } from "../errors.ts";
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
  if (typeof credential !== "string" || typeof deviceId !== "string" || typeof now !== "number") {
    throw networkError(endpoint, answer);
  }
  return { credential, deviceId, now };
}

/** The mesh's clock, milliseconds since 1970. Rejects with a PushError. */
export async function getMeshTime(
  host: Host,
  endpoint: string,
  signal: AbortSignal,
): Promise<number> {
  const { now } = await request(host, `${endpoint}/healthz`, { signal });
  if (typeof now !== "number") throw networkError(endpoint, now);
  return now;
}

async function request(
  host: Host,
  url: string,
  init: RequestInit,
): Promise<Record<string, unknown>> {
  let response: Response;
  let body: Record<string, unknown>;
  try {
    response = await host.fetch(url, init);
    body = Object(await response.json());
  } catch (cause) {
    throw networkError(url, cause);
  }
  if (response.ok) return body;
  const { code, detail, retry } = body;
  // A proxy or a captive portal answers in its own format, and may be gone later.
  if (typeof code !== "string" || !isRetry(retry)) throw networkError(url, response.status);
  // Seconds (RFC 9110 §10.2.3); the mesh sends no dates.
  const retryAfterMs = Number(response.headers.get("retry-after")) * 1_000 || 0;
  throw new PushError({
    code,
    message: String(detail),
    retry,
    retryAfterMs: Math.min(retryAfterMs, RETRY_AFTER_MAX_MS),
  });
}

function isRetry(value: unknown): value is PushError["retry"] {
  return value === "never" || value === "later" || value === "reauthenticate";
}

/** The error if the mesh could not be reached, or something else answered. */
function networkError(url: string, cause: unknown): PushError {
  const message = `${url} did not answer like a mesh.`;
  return new PushError({ code: "network_failed", message, retry: "later", cause });
}
