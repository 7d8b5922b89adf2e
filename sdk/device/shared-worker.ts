/**
 * The script of a SharedWorker that holds the link for all tabs of an origin: see the option `worker` of `connect`.
 *
 * @example
 * // push-worker.js
 * import "pushmesh/shared-worker";
 *
 * @module
 */
import { serveWorker } from "./shared/serve-worker.ts";

serveWorker(globalThis as unknown as Parameters<typeof serveWorker>[0]);
