/** WebSockets of a server, which can have headers: Node's, Deno's and Bun's take them with their options, Workers open one by fetch. */
import { runtimeError } from "../errors.ts";

export interface SocketInit {
  readonly protocols: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

export interface SocketEvents {
  opened(): void;
  received(data: string | Uint8Array): void;
  /** Called once, also if it was never open. */
  closed(code: number, reason: string): void;
}

/** An open WebSocket, or one that opens. */
export interface ServerSocket {
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code: number, reason: string): void;
}

/** RFC 6455 §7.4.1: no close frame came. */
const ABNORMAL = 1006;

/** The WebSocket of Workers' fetch. */
type WorkersSocket = WebSocket & { accept(): void };

const isWorkers = (): boolean =>
  (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent ===
  "Cloudflare-Workers";

/** @throws PushServerError `runtime_unsupported` */
export function openSocket(url: string, init: SocketInit, events: SocketEvents): ServerSocket {
  if (isWorkers()) return openByFetch(url, init, events);
  if (typeof WebSocket !== "function") throw runtimeError("WebSocket");
  let socket: WebSocket;
  try {
    const { protocols, headers } = init;
    socket = new WebSocket(url, { protocols: [...protocols], headers } as never);
  } catch (error) {
    // A browser takes the options for the name of a subprotocol.
    throw runtimeError("WebSocket with headers", error);
  }
  socket.addEventListener("open", () => events.opened());
  listen(socket, events);
  return { send: (data) => socket.send(data), close: (code, reason) => socket.close(code, reason) };
}

function listen(socket: WebSocket, events: SocketEvents): void {
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }: { data: unknown }) =>
    events.received(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer)),
  );
  let isOver = false;
  const end = (code: number, reason: string) => {
    if (!isOver) events.closed(code, reason);
    isOver = true;
  };
  socket.addEventListener("close", ({ code, reason }) => end(code, reason));
  // A close follows, but not everywhere.
  socket.addEventListener("error", () =>
    setTimeout(() => end(ABNORMAL, "the connection failed"), 100),
  );
}

function openByFetch(url: string, { protocols, headers }: SocketInit, events: SocketEvents) {
  let socket: WorkersSocket | null = null;
  let isClosed = false;
  const upgrade = { upgrade: "websocket", "sec-websocket-protocol": protocols.join(", ") };
  const open = async (): Promise<void> => {
    const answer = await fetch(url.replace(/^ws/, "http"), { headers: { ...headers, ...upgrade } });
    socket = (answer as { webSocket?: WorkersSocket | null }).webSocket ?? null;
    if (socket === null) throw new Error(`HTTP ${answer.status}`);
    listen(socket, events);
    socket.accept();
    if (isClosed) socket.close(1000, "");
    else events.opened();
  };
  open().catch((error: unknown) => events.closed(ABNORMAL, `${error}`));
  return {
    send: (data: string | Uint8Array<ArrayBuffer>) => socket?.send(data),
    close(code: number, reason: string) {
      isClosed = true;
      socket?.close(code, reason);
    },
  };
}
