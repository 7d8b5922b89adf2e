/** Limits of the socket of a push service that several processes share. Frames are `frames.ts`. */

/** Of what the two sides say to each other. A change that an older side would misread has another number. */
export const SERVICE_VERSION = 1;
/** Largest message of an app: `open` with 4,096 cursors of 68 bytes has 280 KB, `subscribe` with 200 tags of escaped bytes 154 KB. */
export const TO_SERVICE_BYTES_MAX = 524_288;
/** Largest message to an app: a description of 2,000 tags of 128 bytes, each byte escaped as six, has 1.5 MB. */
export const TO_APP_BYTES_MAX = 2_097_152;
/** Unread bytes at which the side that does not read is given up: three times what a mesh has under way to one app, and a description. */
export const UNREAD_BYTES_MAX = 8_388_608;
/** Connections at a time: a device has 32 registrations, and each app may be about to attach again. */
export const CONNECTIONS_MAX = 256;
/** Unanswered requests of a connection, and their bytes: without a link all of them wait in memory. */
export const UNANSWERED_MAX = 1_024;
export const UNANSWERED_BYTES_MAX = 4_194_304;
/** Longest wait for the first frame of the other side, which is there within milliseconds. */
export const HELLO_TIMEOUT_MS = 10_000;
/** How long a stopping service waits until apps have read that it stops. */
export const STOP_WAIT_MS = 1_000;
/** How long `connect` waits for a service that is not there: it may be restarting. */
export const ATTACH_WAIT_MS = 3_000;
/** First and longest wait before the next attempt to attach, doubling in between. Nobody else pays for an attempt. */
export const ATTACH_BASE_MS = 100;
export const ATTACH_MAX_MS = 10_000;
/** How often an app attaches again that is told to be open elsewhere: the end of a killed process may be noticed after the start of the next. */
export const IN_USE_ATTEMPTS = 5;
/** The path of a Unix socket has at most 108 bytes on Linux and 104 on macOS, including a final zero. */
export const SOCKET_PATH_BYTES = 100;
