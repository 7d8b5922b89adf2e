/** One HTTPS call to the mesh: its deadline, and the interpretation of its answer. */
import type { ProblemBody } from "../../schema/http.ts";
import { noOrigin, originOf } from "../origin.ts";
import {
  optionError,
  PushServerError,
  RefusedError,
  runtimeError,
  UnreachableError,
} from "./errors.ts";
import {
  openSocket,
  type ServerSocket,
  type SocketEvents,
  type SocketInit,
} from "./link/socket.ts";

/** The quota of an app's sends, as the mesh last said it. */
export interface RateLimit {
  /** Sends in a window of `windowSeconds`, on average. */
  readonly limit: number;
  readonly windowSeconds: number;
  /** Sends that were left. Other servers of the app, and other edges of the mesh, may have used some since. */
  readonly remaining: number;
  /** Seconds after which there was to be one more; undefined if none was used. */
  readonly nextSeconds: number | undefined;
  /** When the answer arrived: milliseconds since 1970. */
  readonly at: number;
}

const POLICY = /^"sends";q=(\d+);w=(\d+)/;
const STATE = /^"sends";r=(\d+)(?:;t=(\d+))?/;

/** Reads the RateLimit headers of an answer (draft-ietf-httpapi-ratelimit-headers-10); undefined without a quota. */
export function rateLimitOf(headers: Headers, at: number): RateLimit | undefined {
  const policy = POLICY.exec(headers.get("ratelimit-policy") ?? "");
  const state = STATE.exec(headers.get("ratelimit") ?? "");
  if (policy === null || state === null) return undefined;
  return {
    limit: Number(policy[1]),
    windowSeconds: Number(policy[2]),
    remaining: Number(state[1]),
    nextSeconds: state[2] === undefined ? undefined : Number(state[2]),
    at,
  };
}

/** Options of every call. */
export interface CallOptions {
  /**
   * Cancels the call; it rejects with `aborted`. If it fires before the request is sent, nothing is sent. Later, the mesh may already have
   * carried it out. `AbortSignal.timeout(ms)` limits a call with all its attempts.
   */
  readonly signal?: AbortSignal | undefined;
}

/** What the server SDK needs from its host; replace it in tests, or to use a proxy. */
export interface ServerHost {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Milliseconds since 1970. */
  now(): number;
  /** 0 (included) to 1 (excluded). */
  random(): number;
  /** `signal` ends it early, if the host supports that; otherwise its timer keeps the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Opens a WebSocket with headers, for `PushServer.link`. */
  openSocket(url: string, init: SocketInit, events: SocketEvents): ServerSocket;
}

/** The default host. */
const SERVER_HOST: ServerHost = {
  fetch: (url, init) => fetch(url, init),
  now: Date.now,
  random: Math.random,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener("abort", () => clearTimeout(timer));
    }),
  openSocket,
};

/** The host of a client. @throws PushServerError `runtime_unsupported` if neither it nor the runtime has a needed feature */
export function hostOf(given: Partial<ServerHost>): ServerHost {
  if (given.fetch === undefined && typeof globalThis.fetch !== "function") {
    throw runtimeError("fetch");
  }
  return { ...SERVER_HOST, ...given };
}

/** Where a request goes, for the log: without names, regIds and queries. */
export const routeOf = (path: string): string => path.split(/[/?]/, 3).join("/");

/** @throws PushServerError `option_invalid` if `url` is not an http(s) origin. */
export function meshOrigin(url: string): string {
  const origin = originOf(url);
  if (origin === undefined) throw optionError(noOrigin(url));
  return origin;
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

/** @throws what it is given, unless that says that the whole answer has arrived, and is no JSON */
const noJson = (status: number) => (cause: unknown) => {
  if (!(cause instanceof SyntaxError)) throw cause;
  const message = `HTTP ${status} without JSON: is this the mesh?`;
  throw new UnreachableError({ code: "answer_invalid", message, retry: "later", status, cause });
};

async function refusal(response: Response): Promise<PushServerError> {
  const { status } = response;
  const body: unknown = await response.json().catch(() => undefined);
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : undefined;
  if (!isProblem(body)) {
    const message = `HTTP ${status} without a problem body: is this the mesh?`;
    // A proxy's 502 or 504 says nothing about the request; the next attempt may succeed.
    const retry = status >= 500 ? "later" : "never";
    return new UnreachableError({ code: "answer_invalid", message, retry, status, retryAfterMs });
  }
  const retry = RETRIES.includes(body.retry) ? body.retry : "never";
  return new RefusedError({
    code: body.code,
    message: body.detail,
    retry,
    status,
    problem: body,
    retryAfterMs,
  });
}

/** The error of a call that its caller cancelled. */
export function abortedError(signal: AbortSignal): PushServerError {
  const message = "The caller's signal ended the call.";
  return new PushServerError({ code: "aborted", message, retry: "later", cause: signal.reason });
}

/**
 * A signal for one attempt: it fires after `timeoutMs`, or with the caller's signal. `release` removes the listener from the caller's
 * signal, which may outlive many calls.
 */
function deadlineOf(timeoutMs: number, signal: AbortSignal | undefined) {
  const abort = new AbortController();
  const timer = setTimeout(
    () => abort.abort(new DOMException(`no answer in ${timeoutMs} ms`, "TimeoutError")),
    timeoutMs,
  );
  const onAbort = () => abort.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  const release = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  return { signal: abort.signal, release };
}

/** Whether fetch refuses the port of a URL (https://fetch.spec.whatwg.org/#port-blocking), as Node's tells it. */
const isBlockedPort = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && error.cause.message === "bad port";

/** Node's fetch says why in the cause of its error, by a code such as ECONNREFUSED. */
function whyOf(error: unknown): string {
  const { cause = error } = Object(error);
  const { code, message = String(cause) } = Object(cause);
  return typeof code === "string" ? code : `${message}`;
}

/**
 * Calls the mesh once.
 *
 * @param timeoutMs The limit from the start to the end of the answer.
 * @param signal Cancels the call. If it has already fired, nothing is sent.
 * @param onHeaders Called with the headers of any answer of the mesh.
 * @returns The JSON of the answer; undefined for 204.
 * @throws PushServerError
 */
export async function callMesh<T>(
  host: ServerHost,
  url: string,
  init: RequestInit,
  timeoutMs: number,
  signal?: AbortSignal,
  onHeaders?: (headers: Headers) => void,
): Promise<T> {
  if (signal?.aborted) throw abortedError(signal);
  const deadline = deadlineOf(timeoutMs, signal);
  try {
    const response = await host.fetch(url, { ...init, signal: deadline.signal });
    onHeaders?.(response.headers);
    if (response.status === 204) return undefined as T;
    if (response.ok) return (await response.json().catch(noJson(response.status))) as T;
    throw await refusal(response);
  } catch (cause) {
    if (cause instanceof PushServerError) throw cause;
    if (signal?.aborted) throw abortedError(signal);
    if (isBlockedPort(cause)) {
      throw optionError(`url: fetch refuses the port of ${new URL(url).origin}`, cause);
    }
    const message = `${init.method} ${url} failed (${whyOf(cause)}). Check the URL, and that the mesh runs.`;
    throw new UnreachableError({ code: "network_failed", message, retry: "later", cause });
  } finally {
    deadline.release();
  }
}
