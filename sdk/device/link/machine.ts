/**
 * The link as a pure state machine: an event goes in, the next state and the effects come out. It knows no socket, no timer and
 * no clock; `link.ts` carries out the effects.
 */
import { closeVerdict, FIRST_MESH_CLOSE } from "../../../schema/errors.ts";
import type { Welcome } from "../../../schema/generated/link.ts";
import {
  AUTHENTICATE_TIMEOUT_MS,
  OPEN_TIMEOUT_MS,
  PONG_TIMEOUT_MS,
  WELCOME_TIMEOUT_MS,
} from "../constants.ts";
import type { PushErrorData } from "../errors.ts";

/** `authenticating`, `opening` and `greeting` are the three steps of the state that the app sees as `connecting`. */
export type LinkPhase =
  | "idle"
  | "authenticating"
  | "opening"
  | "greeting"
  | "connected"
  | "waiting"
  | "closed";

/** Which credentials to renew before the next token; each includes the ones before it. */
export type Renewal = "none" | "clock" | "account";

export interface LinkState {
  readonly phase: LinkPhase;
  /** Index of the endpoint in use; taken modulo their number. */
  readonly endpoint: number;
  /** Failures since the last Welcome: the exponent of the backoff. */
  readonly failures: number;
  /** Consecutive links that this side closed because of a broken frame. A pong resets it, a Welcome does not. */
  readonly faults: number;
  /** Consecutive refusals of our credentials. */
  readonly refusals: number;
  readonly reconnectBaseMs: number;
  readonly reconnectMaxMs: number;
  /** Window of the first reconnect after the mesh closed an established link. */
  readonly reconnectFirstMs: number;
  readonly heartbeatMs: number;
  readonly session: Uint8Array | undefined;
  /** A `ping` was sent, and nothing arrived since. */
  readonly probing: boolean;
  /** The window of a Goaway, until the socket closes. */
  readonly goawayMs: number | undefined;
}

export type LinkEvent =
  | { readonly kind: "start" }
  /** The app closes the link. */
  | { readonly kind: "stop" }
  /** The network may have come back, or the app asks to reconnect. */
  | { readonly kind: "wake" }
  /** The network may be gone. */
  | { readonly kind: "probe" }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "refused"; readonly error: PushErrorData }
  | { readonly kind: "opened" }
  | { readonly kind: "welcome"; readonly welcome: Welcome }
  | { readonly kind: "goaway"; readonly withinMs: number }
  /** Anything arrived from the mesh, including a `pong`. */
  | { readonly kind: "heard" }
  /** The mesh sent something that is not a frame. */
  | { readonly kind: "fault"; readonly message: string }
  | { readonly kind: "ended"; readonly code: number; readonly reason: string }
  /** The one timer fired. */
  | { readonly kind: "timer" };

export type LinkEffect =
  | { readonly kind: "authenticate"; readonly renewal: Renewal }
  | { readonly kind: "open"; readonly token: string }
  | { readonly kind: "hello"; readonly session: Uint8Array | undefined }
  | { readonly kind: "ping" }
  /** Close the socket and ignore its later events. */
  | { readonly kind: "cut"; readonly code: number; readonly reason: string }
  /** Set the one timer anew; null for none. */
  | { readonly kind: "timer"; readonly ms: number | null }
  /** The stored credential is invalid. */
  | { readonly kind: "forget" }
  /** The state that the app sees has changed: it follows from the phase of the new state. */
  | {
      readonly kind: "status";
      readonly error?: PushErrorData;
      readonly retryInMs?: number;
    };

/** Effects run in order; the timer comes before effects that may fail at once and set it anew. */
export interface Step {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
}

/** Initial values, until a Welcome says otherwise (docs/protocol.md, section 7). */
interface LinkDefaults {
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
    reconnectFirstMs: defaults.reconnectBaseMs,
    session: undefined,
    probing: false,
    goawayMs: undefined,
  };
}

/** Close codes that this side sends (RFC 6455; docs/protocol.md, section 7). */
const CLOSE_NORMAL = 1000;
const CLOSE_PROTOCOL = 4202;
/** `account_replaced`, which the mesh sends. */
const CLOSE_ACCOUNT_REPLACED = 4201;

/** No mesh, however faulty, can make a device reconnect or ping more often than this. */
const INTERVAL_MIN_MS = 100;
/** The longest delay of timers in JavaScript hosts. */
const TIMER_MAX_MS = 2 ** 31 - 1;

const STATUS: LinkEffect = { kind: "status" };

const to = (state: LinkState, patch: Partial<LinkState>, ...effects: LinkEffect[]): Step => ({
  state: { ...state, ...patch },
  effects,
});

/**
 * One step. An event without a meaning in a phase, such as a late answer, changes nothing.
 *
 * @param random A number from 0 (included) to 1 (excluded): the position of the next attempt in its window.
 */
export function step(state: LinkState, event: LinkEvent, random: number): Step {
  const { phase } = state;
  if (phase === "closed") return to(state, {});
  switch (event.kind) {
    case "start":
      if (phase === "idle") return begin(state);
      break;
    case "stop":
      return close(state, STATUS);
    case "wake":
      if (phase === "waiting") return begin({ ...state, failures: 0 });
      return probeIfConnected(state);
    case "probe":
      return probeIfConnected(state);
    case "timer":
      return timer(state, random);
    case "token":
      if (phase === "authenticating") {
        return to(state, { phase: "opening" }, setTimer(OPEN_TIMEOUT_MS), {
          kind: "open",
          token: event.token,
        });
      }
      break;
    case "refused":
      if (phase === "authenticating") return refused(state, event.error, random);
      break;
    case "opened":
      if (phase === "opening") {
        return to(state, { phase: "greeting" }, setTimer(WELCOME_TIMEOUT_MS), {
          kind: "hello",
          session: state.session,
        });
      }
      break;
    case "welcome":
      if (phase === "greeting") return welcome(state, event.welcome);
      if (phase === "connected") return fault(state, "a second Welcome", random);
      break;
    case "goaway":
      if (phase === "connected") return to(state, { goawayMs: event.withinMs });
      break;
    case "heard":
      if (state.probing) {
        return to(state, { probing: false, faults: 0 }, setTimer(state.heartbeatMs));
      }
      break;
    case "fault":
      if (hasSocket(phase)) return fault(state, event.message, random);
      break;
    case "ended":
      if (hasSocket(phase)) return ended(state, event.code, event.reason, random);
  }
  return to(state, {});
}

function hasSocket(phase: LinkPhase): boolean {
  return phase === "opening" || phase === "greeting" || phase === "connected";
}

function setTimer(ms: number | null): LinkEffect {
  return { kind: "timer", ms };
}

/** Requests a token for the next attempt. */
function begin(state: LinkState): Step {
  const renewal = RENEWALS[state.refusals] ?? "account";
  return to(state, { phase: "authenticating" }, setTimer(AUTHENTICATE_TIMEOUT_MS), STATUS, {
    kind: "authenticate",
    renewal,
  });
}

/** By consecutive refusals of our credentials. */
const RENEWALS: readonly Renewal[] = ["none", "clock"];

function welcome(state: LinkState, welcome: Welcome): Step {
  const { heartbeatMinMs, heartbeatMaxMs } = welcome;
  const atLeast = (...ms: number[]): number => Math.max(INTERVAL_MIN_MS, ...ms);
  const heartbeatMs = atLeast(heartbeatMinMs, Math.min(heartbeatMaxMs, welcome.heartbeatMs));
  return to(
    state,
    {
      phase: "connected",
      failures: 0,
      refusals: 0,
      reconnectBaseMs: atLeast(welcome.reconnectBaseMs),
      reconnectMaxMs: atLeast(welcome.reconnectMaxMs),
      reconnectFirstMs: atLeast(welcome.reconnectFirstMs ?? welcome.reconnectBaseMs),
      heartbeatMs,
      session: welcome.session.slice(),
    },
    setTimer(heartbeatMs),
    STATUS,
  );
}

/** Probes an open link. */
function probeIfConnected(state: LinkState): Step {
  return state.phase === "connected" && !state.probing ? probe(state) : to(state, {});
}

function probe(state: LinkState): Step {
  return to(state, { probing: true }, setTimer(PONG_TIMEOUT_MS), { kind: "ping" });
}

/** The meaning of the timer depends only on the phase. */
function timer(state: LinkState, random: number): Step {
  const { phase, probing } = state;
  if (phase === "waiting") return begin(state);
  if (phase === "connected" && !probing) return probe(state);
  const message = `No answer in time while ${probing ? "probing" : phase}.`;
  return cut(state, CLOSE_NORMAL, { code: "timeout", message, retry: "later" }, random);
}

function fault(state: LinkState, message: string, random: number): Step {
  const error: PushErrorData = { code: "protocol_error", message, retry: "later" };
  // If a mesh welcomes and then always sends the same broken frame, do not reconnect every second.
  return cut({ ...state, faults: state.faults + 1 }, CLOSE_PROTOCOL, error, random);
}

/** Abandons the attempt or the link, and continues as if it had failed. */
function cut(state: LinkState, code: number, error: PushErrorData, random: number): Step {
  const next = failed(state, error, random);
  const effect: LinkEffect = { kind: "cut", code, reason: error.message };
  return to(next.state, {}, effect, ...next.effects);
}

function ended(state: LinkState, code: number, reason: string, random: number): Step {
  const verdict = closeVerdict(code);
  // Reasons from the mesh start with the name of the error (docs/protocol.md, section 7).
  const name = code >= FIRST_MESH_CLOSE ? /^[a-z_]+/.exec(reason)?.[0] : undefined;
  return refused(
    state,
    {
      code: name ?? (state.phase === "connected" ? "link_lost" : "network_failed"),
      message: `The link ended with code ${code} ${reason}`.trim(),
      retry: RETRY[verdict],
      closeCode: code,
    },
    random,
  );
}

const RETRY = { reconnect: "later", reauthenticate: "reauthenticate", stop: "never" } as const;

/** The mesh refused our credentials, an account, or the link. */
function refused(state: LinkState, error: PushErrorData, random: number): Step {
  const { retry, closeCode } = error;
  if (retry === "never") {
    const status: LinkEffect = { kind: "status", error };
    // The account has another key now: the next start must create it again.
    return closeCode === CLOSE_ACCOUNT_REPLACED
      ? close(state, { kind: "forget" }, status)
      : close(state, status);
  }
  const refusals = state.refusals + (retry === "later" ? 0 : 1);
  return failed({ ...state, refusals }, error, random);
}

/** Waits a random time, then retries; at the next endpoint if this one was never reached. */
function failed(state: LinkState, error: PushErrorData, random: number): Step {
  const { phase, endpoint, failures, faults, reconnectBaseMs, reconnectMaxMs, goawayMs } = state;
  // The mesh may close the links of all devices at once; a link that we close is only ours.
  const isClosed = phase === "connected" && error.closeCode !== undefined;
  const firstMs = isClosed ? state.reconnectFirstMs : 0;
  const doubledMs = reconnectBaseMs * 2 ** Math.max(failures, faults);
  const backoffMs = Math.max(firstMs, Math.min(reconnectMaxMs, doubledMs));
  const waitMs = Math.round(random * (goawayMs ?? backoffMs)) + (error.retryAfterMs ?? 0);
  const retryInMs = Math.max(0, Math.min(TIMER_MAX_MS, waitMs));
  return to(
    state,
    {
      phase: "waiting",
      endpoint: phase === "connected" ? endpoint : endpoint + 1,
      failures: failures + 1,
      probing: false,
      goawayMs: undefined,
    },
    setTimer(retryInMs),
    { kind: "status", error, retryInMs },
  );
}

function close(state: LinkState, ...effects: LinkEffect[]): Step {
  const cut: LinkEffect = { kind: "cut", code: CLOSE_NORMAL, reason: "" };
  return to(state, { phase: "closed" }, cut, setTimer(null), ...effects);
}
