/** The two HTTPS requests a device makes: for its account, and for the mesh's clock. */
import type { DeviceAnswerBody } from "../../../schema/http.ts";
import { PushError } from "../errors.ts";
import type { Host } from "../host.ts";

/** No mesh makes a device wait longer than this before it asks for its account again. */
const RETRY_AFTER_MAX_MS = 86_400_000;

/** `POST /v1/devices`. Rejects with a PushError. */
export async function postDevice(
  host: Host,
  endpoint: string,
  proof: string,
  signal: AbortSignal,
): Promise<DeviceAnswerBody> {
  const answer = await request(host, `${endpoint}/v1/devices`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ proof }),
    signal,
  });
  const { deviceId, generation, credential, now } = answer;
  if (
    typeof deviceId !== "string" ||
    typeof generation !== "number" ||
    typeof credential !== "string" ||
    typeof now !== "number"
  ) {
    throw notTheMesh(`${endpoint}/v1/devices`);
  }
  return { deviceId, generation, credential, now };
}

/** The mesh's clock, milliseconds since 1970. Rejects with a PushError. */
export async function getMeshTime(
  host: Host,
  endpoint: string,
  signal: AbortSignal,
): Promise<number> {
  const { now } = await request(host, `${endpoint}/healthz`, { signal });
  if (typeof now !== "number") throw notTheMesh(`${endpoint}/healthz`);
  return now;
}

async function request(
  host: Host,
  url: string,
  init: RequestInit,
): Promise<Record<string, unknown>> {
  let response: Response;
  let body: unknown;
  try {
    response = await host.fetch(url, init);
    body = await response.json().catch(() => undefined);
  } catch (cause) {
    const message = `${url} could not be reached.`;
    throw new PushError({ code: "network_failed", message, retry: "later", cause });
  }
  if (!isRecord(body)) throw notTheMesh(url, response.status);
  if (response.ok) return body;
  const { code, detail, retry } = body;
  // A proxy or a captive portal answers in a form of its own, and may be gone later.
  if (typeof code !== "string" || !isRetry(retry)) throw notTheMesh(url, response.status);
  throw new PushError({
    code,
    message: typeof detail === "string" ? detail : code,
    retry,
    retryAfterMs: retryAfterMs(response),
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRetry(value: unknown): value is PushError["retry"] {
  return value === "never" || value === "later" || value === "reauthenticate";
}

function notTheMesh(url: string, status?: number): PushError {
  const message = `${url} did not answer as a mesh does${status === undefined ? "" : ` (status ${status})`}.`;
  return new PushError({ code: "network_failed", message, retry: "later" });
}

/** `Retry-After` in seconds (RFC 9110 §10.2.3); the mesh sends no dates. */
function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return seconds >= 0 ? Math.min(seconds * 1_000, RETRY_AFTER_MAX_MS) : undefined;
}
