/**
 * Listens to a tag of pushmesh live, without a device or an account, for example in a public web page. Runs in browsers,
 * Node ≥ 22, Deno and Bun.
 *
 * @example
 * import { listenLive } from "pushmesh/live";
 *
 * const listener = listenLive({
 *   url: "https://push.example.com",
 *   appId: "…",
 *   tag: "news",
 *   onMessage: ({ data }) => console.log(data),
 *   onPresence: (listeners) => console.log(`${listeners} listen`),
 * });
 * listener.close();
 *
 * @module pushmesh/live
 */
export type { LiveMessageBody as LiveMessage } from "../../../schema/http.ts";
export type { Log, LogEntry } from "../../log.ts";
export { PushError } from "../errors.ts";
export {
  type ListenOptions,
  type ListenState,
  type LiveListener,
  listenLive,
} from "./listen.ts";
export { type LiveSigner, verifyLive } from "./verify.ts";
