/** What the SDK needs from its host. It is injected, so that the same code runs in browsers, Node, Deno, Bun and tests. */
import type { NativeCrypto } from "../crypto-types.ts";
import { noOrigin, originOf } from "../origin.ts";
import { optionInvalid, PushError } from "./errors.ts";

/** Events of a socket. After `closed` there are no more. */
export interface SocketEvents {
  readonly opened: () => void;
  readonly received: (data: string | Uint8Array) => void;
  readonly closed: (code: number, reason: string) => void;
}

/** An open or opening WebSocket. */
export interface Socket {
  /** Sends one message. The SDK only calls it after `opened`. */
  send(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
}

/** The interface between the SDK and its runtime. */
export interface Host {
  /** Opens a WebSocket to `url` and offers `protocols`. May throw if the URL is invalid. */
  openSocket(url: string, protocols: string[], events: SocketEvents): Socket;
  fetch(url: string, init: RequestInit): Promise<Response>;
  readonly crypto: Pick<NativeCrypto, "subtle" | "getRandomValues">;
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds of a monotonic clock with any start, to measure durations. */
  elapsed(): number;
  /** Calls `act` once after `ms` milliseconds. The returned function cancels it. */
  after(ms: number, act: () => void): () => void;
  /** A random number from 0 (included) to 1 (excluded), to spread reconnects. */
  random(): number;
  /** Calls `act` whenever the network may have come back. The returned function removes the listener. */
  onOnline(act: () => void): () => void;
  /**
   * Calls `act` whenever the network may be gone. The returned function removes the listener. Absent if a host cannot detect it.
   */
  onOffline?(act: () => void): () => void;
  /** Receives errors that have no listener. */
  report(error: unknown): void;
}

/** The part of the WebSocket API that the SDK uses. The WebSocket of every host has it, and so has the `ws` package. */
export interface WebSocketConstructor {
  new (
    url: string,
    protocols: string[],
  ): {
    binaryType: string;
    send(data: string | Uint8Array<ArrayBuffer>): void;
    close(code?: number, reason?: string): void;
    addEventListener(type: "open" | "error", listener: () => void): void;
    addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
    addEventListener(
      type: "close",
      listener: (event: { code: number; reason: string }) => void,
    ): void;
  };
}

/** Creates a `Host.openSocket` from a WebSocket class. */
export function socketOpener(WebSocket: WebSocketConstructor): Host["openSocket"] {
  return (url, protocols, events) => {
    const socket = new WebSocket(url, protocols);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", events.opened);
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") events.received(data);
      else if (data instanceof ArrayBuffer) events.received(new Uint8Array(data));
    });
    socket.addEventListener("close", ({ code, reason }) => events.closed(code, reason));
    // A close event follows each error. Without a listener, some hosts throw the error.
    socket.addEventListener("error", () => {});
    return {
      send: (data) =>
        socket.send(typeof data === "string" ? data : (data as Uint8Array<ArrayBuffer>)),
      close: (code, reason) => socket.close(code, reason),
    };
  };
}

/** Listens to an event of a target, if the target exists. Returns a function that removes the listener. */
function listen(target: Partial<EventTarget> | undefined, type: string, act: () => void) {
  // Only browsers have these targets.
  target?.addEventListener?.(type, act);
  return () => target?.removeEventListener?.(type, act);
}

/** The origin of a URL of the mesh. @throws PushError `option_invalid` if it is none */
export function toOrigin(url: string): string {
  const origin = originOf(url);
  if (origin !== undefined) return origin;
  throw optionInvalid(noOrigin(url));
}

/** @throws PushError `runtime_unsupported` that names the missing global */
export function requireGlobals(...names: readonly ("WebSocket" | "fetch" | "crypto")[]): void {
  for (const name of names) {
    if (globalThis[name] !== undefined) continue;
    const message = `This runtime has no ${name}: use Node 22 or newer, or pass your own host.`;
    throw new PushError({ code: "runtime_unsupported", message, retry: "never" });
  }
}

/** What a live listener needs from its host. */
export type ListenHost = Pick<
  Host,
  "openSocket" | "after" | "random" | "onOnline" | "onOffline" | "report"
>;

/** The part of `defaultHost` that a live listener needs. */
export function defaultListenHost(): ListenHost {
  return {
    openSocket: (url, protocols, events) => socketOpener(WebSocket)(url, protocols, events),
    after: (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    random: Math.random,
    onOnline: (act) => {
      const forgetOnline = listen(globalThis, "online", act);
      // A hidden page may have been frozen, and its link may be dead.
      const forgetVisible = listen(globalThis.document, "visibilitychange", () => {
        if (document.visibilityState === "visible") act();
      });
      return () => {
        forgetOnline();
        forgetVisible();
      };
    },
    onOffline: (act) => listen(globalThis, "offline", act),
    report: console.error,
  };
}

/**
 * The host of `globalThis`: its WebSocket, fetch, Web Crypto and timers, and the browser events that tell when the network or
 * the user may have come back or gone.
 */
export function defaultHost(): Host {
  return {
    ...defaultListenHost(),
    fetch: (url, init) => fetch(url, init),
    crypto: globalThis.crypto,
    now: Date.now,
    elapsed: () => performance.now(),
  };
}
