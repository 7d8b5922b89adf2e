/** One HTTPS call to the mesh: its deadline, and what its answer means. */
import type { ProblemBody } from "../../schema/http.ts";
import { optionError, PushServerError } from "./errors.ts";

/** The parts of the host, so that a test or a proxy can take their place. */
export interface ServerHost {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Milliseconds since 1970. */
  now(): number;
  /** 0 to under 1. */
  random(): number;
  sleep(ms: number): Promise<void>;
}

/** The host's own. */
export const SERVER_HOST: ServerHost = {
  fetch: (url, init) => fetch(url, init),
  now: Date.now,
  random: Math.random,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** @throws PushServerError `option_invalid` where `url` is no http(s) origin. */
export function meshOrigin(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const plain = parsed?.pathname === "/" && parsed.search === "" && parsed.hash === "";
  if (!plain || !/^https?:$/.test(parsed.protocol)) {
    throw optionError(`url: ${url} must be an origin such as https://push.example.com`);
  }
  return parsed.origin;
}

function isProblem(body: unknown): body is ProblemBody {
  return (
    typeof body === "object" &&
    body !== null &&
    "code" in body &&
    typeof body.code === "string" &&
    "detail" in body &&
    typeof body.detail === "string"
  );
}

const RETRIES: readonly unknown[] = ["never", "later", "reauthenticate"];

async function refusal(response: Response): Promise<PushServerError> {
  const { status } = response;
  const body: unknown = await response.json().catch(() => undefined);
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : undefined;
  if (!isProblem(body)) {
    const message = `HTTP ${status} without a problem body: is this the mesh?`;
    // A proxy's 502 or 504 says nothing of the request; the next try may get through.
    const retry = status >= 500 ? "later" : "never";
    return new PushServerError({ code: "answer_invalid", message, retry, status, retryAfterMs });
  }
  const retry = RETRIES.includes(body.retry) ? body.retry : "never";
  return new PushServerError({
    code: body.code,
    message: body.detail,
    retry,
    status,
    problem: body,
    retryAfterMs,
  });
}

/**
 * Calls the mesh once.
 *
 * @param timeoutMs - From the start to the end of the answer.
 * @returns The answer's JSON; undefined for 204.
 * @throws PushServerError
 */
export async function callMesh<T>(
  host: ServerHost,
  url: string,
  init: RequestInit,
  timeoutMs: number,
): Promise<T> {
  let response: Response;
  try {
    response = await host.fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    if (response.status === 204) return undefined as T;
    if (response.ok) return (await response.json()) as T;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `${init.method} ${url} failed: ${reason}`;
    throw new PushServerError({ code: "network_failed", message, retry: "later", cause });
  }
  throw await refusal(response);
}
