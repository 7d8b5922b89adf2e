/** Everything the SDK needs of its host, injected, so that the same code runs in browsers, Node, Deno, Bun and tests. */

import type { NativeCrypto } from "../crypto-types.ts";
import { PushError } from "./errors.ts";

/** What a socket tells the SDK. After `closed` nothing more comes. */
export interface SocketEvents {
  readonly opened: () => void;
  readonly received: (data: string | Uint8Array) => void;
  readonly closed: (code: number, reason: string) => void;
}

/** An open or opening WebSocket. */
export interface Socket {
  /** Sends one message; only called after `opened`. */
  send(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
}

/** The seam between the SDK and what it runs on. */
export interface Host {
  /** Opens a WebSocket to `url`, offering `protocols`; may throw where the URL is refused. */
  openSocket(url: string, protocols: string[], events: SocketEvents): Socket;
  fetch(url: string, init: RequestInit): Promise<Response>;
  readonly crypto: Pick<NativeCrypto, "subtle" | "getRandomValues">;
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds by a clock that nobody sets, from any start: tells how long something took. */
  elapsed(): number;
  /** Calls `act` once after `ms` milliseconds; the answer cancels it. */
  after(ms: number, act: () => void): () => void;
  /** A number from 0 up to 1, for spreading reconnects. */
  random(): number;
  /** Calls `act` each time the network may have come back; the answer ends that. */
  onOnline(act: () => void): () => void;
  /** Calls `act` each time the network may have gone; the answer ends that. Absent where a host cannot tell. */
  onOffline?(act: () => void): () => void;
  /** Takes errors that nobody listens for. */
  report(error: unknown): void;
}

/** The part of the WebSocket API that the SDK uses; every host's WebSocket and the `ws` package have it. */
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

/** Makes `Host.openSocket` of a WebSocket class. */
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
    // A close event follows each error; without a listener some hosts would throw the error.
    socket.addEventListener("error", () => {});
    return {
      send: (data) =>
        socket.send(typeof data === "string" ? data : (data as Uint8Array<ArrayBuffer>)),
      close: (code, reason) => socket.close(code, reason),
    };
  };
}

/** Calls `act` at an event of a target, where there is one; the answer ends that. */
function listen(target: Partial<EventTarget> | undefined, type: string, act: () => void) {
  // Only browsers have these.
  target?.addEventListener?.(type, act);
  return () => target?.removeEventListener?.(type, act);
}

/** @throws PushError `runtime_unsupported` naming the global that is not there */
export function requireGlobals(...names: readonly ("WebSocket" | "fetch" | "crypto")[]): void {
  for (const name of names) {
    if (globalThis[name] !== undefined) continue;
    const message = `This runtime has no ${name}: use Node 22 or newer, or give a host of your own.`;
    throw new PushError({ code: "runtime_unsupported", message, retry: "never" });
  }
}

/**
 * The host that `globalThis` is: its WebSocket, fetch, Web Crypto, timers, and the events of browsers by which the network or
 * the user may have come or gone.
 */
export function defaultHost(): Host {
  return {
    openSocket: (url, protocols, events) => socketOpener(WebSocket)(url, protocols, events),
    fetch: (url, init) => fetch(url, init),
    crypto: globalThis.crypto,
    now: Date.now,
    elapsed: () => performance.now(),
    after: (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    random: Math.random,
    onOnline: (act) => {
      const forgetOnline = listen(globalThis, "online", act);
      // A page that was hidden may have been frozen, and its link cut meanwhile.
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
