/** Times and sizes of the device SDK. */
import type { LIMITS } from "../../schema/limits.ts";

// Limits that the mesh has too. They are copies, because the whole table is a tenth of the size limit of the SDK in a browser. Their
// types are the numbers themselves, so that a copy that differs from schema/limits.ts does not compile.
type Limit<Name extends keyof typeof LIMITS> = (typeof LIMITS)[Name];
export const FRAME_BYTES: Limit<"FRAME_BYTES"> = 65_536;
export const ACK_WAIT_MAX_MS: Limit<"ACK_WAIT_MAX_MS"> = 20_000;
export const TOKEN_MAX_AGE_SECONDS: Limit<"TOKEN_MAX_AGE_SECONDS"> = 120;
export const DEVICE_IDENTIFIERS: Limit<"DEVICE_IDENTIFIERS"> = 8;
export const HEARTBEAT_DEFAULT_MS: Limit<"HEARTBEAT_DEFAULT_MS"> = 50_000;
export const RECONNECT_BASE_MS: Limit<"RECONNECT_BASE_MS"> = 1_000;
export const RECONNECT_MAX_MS: Limit<"RECONNECT_MAX_MS"> = 60_000;
export const SUBSCRIBE_TAGS: Limit<"SUBSCRIBE_TAGS"> = 100;
export const HELLO_CURSORS: Limit<"HELLO_CURSORS"> = 2_000;
export const DUPLICATE_WINDOW: Limit<"DUPLICATE_WINDOW"> = 1_024;
export const LINK_EPOCH_MAX_AGE_DAYS: Limit<"LINK_EPOCH_MAX_AGE_DAYS"> = 30;
export const DEVICE_EVENTS: Limit<"DEVICE_EVENTS"> = 64;

// Limits of the SDK only.

/** Events of messages that wait for the mesh, and of those that it has, to know them again. The oldest makes room. */
export const REPORTS_KEPT = 256;
/** Messages of which the time is remembered at which the app had them, to answer a recall. */
export const TIMES_KEPT = 256;
/** Length of what a message ID ends with if it is that of a broadcast. */
export const SOURCE_CHARS = 32;

export const DAY_MS = 86_400_000;
/** A link with no answer to `ping` for this long is dead (docs/protocol.md, section 3). */
export const PONG_TIMEOUT_MS = 10_000;
/** Longest wait for the account's or the health check's answer: well over a slow mobile round trip with TLS. */
export const AUTHENTICATE_TIMEOUT_MS = 20_000;
/** Longest wait for the socket to open: browsers' own limit is minutes. */
export const OPEN_TIMEOUT_MS = 20_000;
/** Longest wait for Welcome on an open socket: as long as the mesh waits for Hello. */
export const WELCOME_TIMEOUT_MS = 10_000;
/** Longest wait for the answer to an echo: a link with no answer for that long is dead. */
export const ECHO_TIMEOUT_MS = PONG_TIMEOUT_MS;
/**
 * First and longest wait before the retry of a message whose handler threw, or of a failed write, and first and longest window for a
 * command that was refused for now. Each doubles with every consecutive failure.
 */
export const RETRY_BASE_MS = 1_000;
export const RETRY_MAX_MS = 60_000;
/** At which part of its life a grant is renewed: this, plus up to the spread. */
export const GRANT_RENEW_FROM = 0.6;
export const GRANT_RENEW_SPREAD = 0.13;
/** Expired grants that an app may give for one `register` of an app that is not registered; another one asks as long as it takes. */
export const GRANT_ATTEMPTS = 5;
/** Longest wait for one write of the storage before the SDK continues: well above a disk that spins up, or a busy machine. */
export const STORAGE_TIMEOUT_MS = 30_000;
/** A handler that runs this long is reported: the messages behind its message wait. */
export const HANDLER_STUCK_MS = 30_000;
/** How long `close` waits for handlers. For twice as long, what they finish is still acknowledged. */
export const CLOSE_WAIT_MS = 5_000;
/** Keys in one segment of the duplicate window: a message costs one write of at most 64 × 22 bytes plus a head. */
export const WINDOW_SEGMENT_KEYS = 64;
/** Cursors in one segment: a broadcast rewrites at most 44 × 25 bytes. */
export const SEGMENT_CURSORS = 44;
/** Number of these segments: together they hold more cursors than a Hello may. */
export const CURSOR_SEGMENTS = 46;
/** Unhandled messages of one app on one link: the mesh sends 128 messages and 32 broadcasts, and those again after each new attach. */
export const QUEUE_MESSAGES = 1_024;
/** Start of `Message.seq`: 2024-01-01T00:00:00Z, milliseconds since 1970. */
export const SEQ_EPOCH_MS = 1_704_067_200_000;
/** Counter values of one millisecond in `Message.seq`. */
export const SEQ_PER_MS = 4_096;
/** `Hello.agent`. */
export const AGENT = "pushmesh-js/0.1.0";
/** Of the random name of a sign-out: two are never the same. */
export const SIGN_OUT_BYTES = 9;
/** Of the names of sign-outs that are over, and a space after each: eight clients may confirm one at a time. */
export const ENDED_LENGTH = 104;
/** How often the clients of a push service may end its link because the mesh broke the protocol. */
export const PORT_FAULT_MS = 600_000;
/** How long the mesh's keys are used before they are fetched again. */
export const LINK_KEYS_MAX_AGE_MS = DAY_MS;
/** Stored epochs of an app: the one in use, the one before it, and those whose setup the mesh has not confirmed. */
export const KEPT_EPOCHS = 6;
/** How often frames that do not open are reported. */
export const SEALED_REPORT_MS = 60_000;
/** Frames that wait to be opened: as many as messages may wait, since most frames have one. */
export const QUEUE_FRAMES = QUEUE_MESSAGES;
/** How often a command is sealed again that the mesh refuses for its key. */
export const SEAL_ATTEMPTS = 5;
/** A tab that does not say for this long that it has a call or a message is asleep, or its page is gone. */
export const LIVENESS_MS = 3_000;
/** How often a visible tab looks whether the leader is awake. */
export const PROBE_INTERVAL_MS = 15_000;
/** Messages that a tab remembers to have handled: as many as one lane of the stored duplicate window, which the engine asks first. */
export const HANDLED_MESSAGES = DUPLICATE_WINDOW;
/** Messages that wait in a tab that is asleep: further ones it does not get. */
export const SLEEPER_MESSAGES = QUEUE_MESSAGES;
