/**
 * The life of the link as a pure state machine: an event comes in, the next state and what should happen come
 * out. It knows no socket, no timer and no clock; `link.ts` does what it says.
 */
import { closeVerdict } from "../../../schema/errors.ts";
import type { Welcome } from "../../../schema/generated/link.ts";
import {
  AUTHENTICATE_TIMEOUT_MS,
  OPEN_TIMEOUT_MS,
  PONG_TIMEOUT_MS,
  WELCOME_TIMEOUT_MS,
} from "../constants.ts";
import type { PushErrorData } from "../errors.ts";
import { closeName } from "./close-names.ts";

/** `authenticating`, `opening` and `greeting` are the three steps of what the app sees as `connecting`. */
export type LinkPhase =
  | "idle"
  | "authenticating"
  | "opening"
  | "greeting"
  | "connected"
  | "waiting"
  | "closed";

/** How much of the credentials to make anew before the next token; each includes the ones before it. */
export type Renewal = "none" | "clock" | "account";

export interface LinkState {
  readonly phase: LinkPhase;
  /** Index of the endpoint in use; taken modulo their number. */
  readonly endpoint: number;
  /** Failures since the last Welcome: the backoff's exponent. */
  readonly failures: number;
  /** Links in a row that this side cut for a broken frame. A Welcome does not reset it, a pong does. */
  readonly faults: number;
  /** Refusals of our credentials in a row. */
  readonly refusals: number;
  readonly reconnectBaseMs: number;
  readonly reconnectMaxMs: number;
  readonly heartbeatMs: number;
  readonly session: Uint8Array | undefined;
  /** A `ping` is out and nothing was heard since. */
  readonly probing: boolean;
  /** The window of a Goaway, until the socket closes. */
  readonly goawayMs: number | undefined;
}

export type LinkEvent =
  | { readonly kind: "start" }
  /** The app closes the link. */
  | { readonly kind: "stop" }
  /** The network may have come back, or the app asks. */
  | { readonly kind: "wake" }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "refused"; readonly error: PushErrorData }
  | { readonly kind: "opened" }
  | { readonly kind: "welcome"; readonly welcome: Welcome }
  | { readonly kind: "goaway"; readonly withinMs: number }
  /** Anything came from the mesh, a `pong` too. */
  | { readonly kind: "heard" }
  /** The mesh sent what is no frame. */
  | { readonly kind: "fault"; readonly message: string }
  | { readonly kind: "ended"; readonly code: number; readonly reason: string }
  /** The one timer ran out. */
  | { readonly kind: "timer" };

export type LinkEffect =
  | { readonly kind: "authenticate"; readonly renewal: Renewal }
  | { readonly kind: "open"; readonly token: string }
  | { readonly kind: "hello"; readonly session: Uint8Array | undefined }
  | { readonly kind: "ping" }
  /** Close the socket and hear no more of it. */
  | { readonly kind: "cut"; readonly code: number; readonly reason: string }
  /** Set the one timer, in place of what it was set to; null for none. */
  | { readonly kind: "timer"; readonly ms: number | null }
  /** The stored credential is void. */
  | { readonly kind: "forget" }
  /** What the app sees has changed: `state` is in the new state's phase. */
  | {
      readonly kind: "status";
      readonly error?: PushErrorData;
      readonly retryInMs?: number;
    };

/** Effects are done in order; the timer comes before what may fail at once and set it anew. */
export interface Step {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
}

/** What a device starts from, until a Welcome says otherwise (docs/protocol.md, section 7). */
export interface LinkDefaults {
  readonly reconnectBaseMs: number;
  readonly reconnectMaxMs: number;
  readonly heartbeatMs: number;
}

export function initialLink(defaults: LinkDefaults): LinkState {
  return {
    phase: "idle",
    endpoint: 0,
    failures: 0,
    faults: 0,
    refusals: 0,
    ...defaults,
    session: undefined,
    probing: false,
    goawayMs: undefined,
  };
}

/** Codes of the WebSocket close that this side sends (RFC 6455; docs/protocol.md, section 7). */
const CLOSE_NORMAL = 1000;
const CLOSE_PROTOCOL = 4202;

/** No mesh, however wrong, makes a device reconnect or ping more often than this. */
const INTERVAL_MIN_MS = 100;
/** The longest that timers of JavaScript hosts can be set to. */
const TIMER_MAX_MS = 2 ** 31 - 1;

const DONE: readonly LinkEffect[] = [];

/**
 * One step.
 *
 * @param random A number from 0 up to 1: the place of the next attempt in its window.
 */
export function step(state: LinkState, event: LinkEvent, random: number): Step {
  if (state.phase === "closed") return { state, effects: DONE };
  switch (event.kind) {
    case "start":
      return state.phase === "idle" ? begin(state) : { state, effects: DONE };
    case "stop":
      return close(state, undefined);
    case "wake":
      return wake(state);
    case "timer":
      return timer(state, random);
    case "token":
      if (state.phase !== "authenticating") break;
      return {
        state: { ...state, phase: "opening" },
        effects: [
          { kind: "timer", ms: OPEN_TIMEOUT_MS },
          { kind: "open", token: event.token },
        ],
      };
    case "refused":
      if (state.phase === "authenticating") return refused(state, event.error, random);
      break;
    case "opened":
      if (state.phase !== "opening") break;
      return {
        state: { ...state, phase: "greeting" },
        effects: [
          { kind: "timer", ms: WELCOME_TIMEOUT_MS },
          { kind: "hello", session: state.session },
        ],
      };
    case "welcome":
      if (state.phase === "greeting") return welcome(state, event.welcome);
      if (state.phase === "connected") return fault(state, "a second Welcome", random);
      break;
    case "goaway":
      if (state.phase !== "connected") break;
      return { state: { ...state, goawayMs: event.withinMs }, effects: DONE };
    case "heard":
      if (state.phase !== "connected" || !state.probing) break;
      return {
        state: { ...state, probing: false, faults: 0 },
        effects: [{ kind: "timer", ms: state.heartbeatMs }],
      };
    case "fault":
      if (hasSocket(state)) return fault(state, event.message, random);
      break;
    case "ended":
      if (hasSocket(state)) return ended(state, event.code, event.reason, random);
      break;
  }
  return { state, effects: DONE };
}

function hasSocket({ phase }: LinkState): boolean {
  return phase === "opening" || phase === "greeting" || phase === "connected";
}

/** Makes a token for the next attempt. */
function begin(state: LinkState): Step {
  const renewal = state.refusals === 0 ? "none" : state.refusals === 1 ? "clock" : "account";
  return {
    state: { ...state, phase: "authenticating", probing: false, goawayMs: undefined },
    effects: [
      { kind: "timer", ms: AUTHENTICATE_TIMEOUT_MS },
      { kind: "status" },
      { kind: "authenticate", renewal },
    ],
  };
}

function welcome(state: LinkState, welcome: Welcome): Step {
  const { heartbeatMinMs, heartbeatMaxMs, heartbeatMs } = welcome;
  const next: LinkState = {
    ...state,
    phase: "connected",
    failures: 0,
    refusals: 0,
    reconnectBaseMs: Math.max(INTERVAL_MIN_MS, welcome.reconnectBaseMs),
    reconnectMaxMs: Math.max(INTERVAL_MIN_MS, welcome.reconnectMaxMs),
    heartbeatMs: Math.max(INTERVAL_MIN_MS, heartbeatMinMs, Math.min(heartbeatMaxMs, heartbeatMs)),
    session: welcome.session.slice(),
  };
  return {
    state: next,
    effects: [{ kind: "timer", ms: next.heartbeatMs }, { kind: "status" }],
  };
}

function wake(state: LinkState): Step {
  if (state.phase === "waiting") return begin({ ...state, failures: 0 });
  if (state.phase === "connected" && !state.probing) return probe(state);
  return { state, effects: DONE };
}

function probe(state: LinkState): Step {
  return {
    state: { ...state, probing: true },
    effects: [{ kind: "timer", ms: PONG_TIMEOUT_MS }, { kind: "ping" }],
  };
}

/** What the timer means depends on the phase alone. */
function timer(state: LinkState, random: number): Step {
  switch (state.phase) {
    case "waiting":
      return begin(state);
    case "authenticating":
      return failed(state, timeout("The mesh did not answer the account request."), random);
    case "opening":
      return cut(state, CLOSE_NORMAL, timeout("The socket did not open."), random);
    case "greeting":
      return cut(state, CLOSE_NORMAL, timeout("No welcome came."), random);
    case "connected":
      if (!state.probing) return probe(state);
      return cut(state, CLOSE_NORMAL, timeout("The link is dead: no answer to a ping."), random);
    default:
      return { state, effects: DONE };
  }
}

function timeout(message: string): PushErrorData {
  return { code: "timeout", message, retry: "later" };
}

function fault(state: LinkState, message: string, random: number): Step {
  const error: PushErrorData = { code: "protocol_error", message, retry: "later" };
  // A mesh that welcomes and then always sends the same broken frame must not be called every second.
  return cut({ ...state, faults: state.faults + 1 }, CLOSE_PROTOCOL, error, random);
}

/** Closes a socket whose own `closed` event is not waited for, and goes on as if it had failed. */
function cut(state: LinkState, code: number, error: PushErrorData, random: number): Step {
  const next = failed(state, error, random);
  const effect: LinkEffect = { kind: "cut", code, reason: error.message };
  return { state: next.state, effects: [effect, ...next.effects] };
}

function ended(state: LinkState, code: number, reason: string, random: number): Step {
  const verdict = closeVerdict(code);
  const error: PushErrorData = {
    code: closeName(code) ?? (state.phase === "connected" ? "link_lost" : "network_failed"),
    message: reason === "" ? `The link ended with code ${code}.` : reason,
    retry: verdict === "stop" ? "never" : verdict === "reauthenticate" ? verdict : "later",
    closeCode: code,
  };
  if (verdict === "reconnect") return failed(state, error, random);
  if (verdict === "reauthenticate") return refused(state, error, random);
  const next = close(state, error);
  // The key is not this device's key any more: the next start has to make the account again.
  if (error.code !== "account_replaced") return next;
  return { state: next.state, effects: [{ kind: "forget" }, ...next.effects] };
}

/** The mesh refused our credentials, or to make an account. */
function refused(state: LinkState, error: PushErrorData, random: number): Step {
  if (error.retry === "never") return close(state, error);
  if (error.retry === "later") return failed(state, error, random);
  return failed({ ...state, refusals: state.refusals + 1 }, error, random);
}

/** Waits a random time, then tries again: at the next endpoint, where this one was never reached. */
function failed(state: LinkState, error: PushErrorData, random: number): Step {
  const stood = state.phase === "connected";
  const exponent = Math.max(state.failures, state.faults);
  const backoffMs = Math.min(state.reconnectMaxMs, state.reconnectBaseMs * 2 ** exponent);
  const windowMs = state.goawayMs ?? backoffMs;
  const waitMs = Math.round(random * windowMs) + (error.retryAfterMs ?? 0);
  const retryInMs = Math.max(0, Math.min(TIMER_MAX_MS, waitMs));
  return {
    state: {
      ...state,
      phase: "waiting",
      endpoint: stood ? state.endpoint : state.endpoint + 1,
      failures: state.failures + 1,
      probing: false,
      goawayMs: undefined,
    },
    effects: [
      { kind: "timer", ms: retryInMs },
      { kind: "status", error, retryInMs },
    ],
  };
}

function close(state: LinkState, error: PushErrorData | undefined): Step {
  return {
    state: { ...state, phase: "closed", probing: false, goawayMs: undefined },
    effects: [
      { kind: "cut", code: CLOSE_NORMAL, reason: "" },
      { kind: "timer", ms: null },
      error === undefined ? { kind: "status" } : { kind: "status", error },
    ],
  };
}
