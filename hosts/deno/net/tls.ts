/**
 * The server's end of TLS. It uses Node's TLS, because a connection of Deno.listenTls cannot be closed before its handshake is done: its
 * descriptor stays open as long as the client likes, and seven bytes on each of a thousand connections used up all descriptors. The cost
 * is in docs/decisions/0009-own-front.md.
 */
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { devNull } from "node:os";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { joined } from "../../machine/net/frames.ts";
import type { Conn } from "./transport.ts";

const PROTOCOLS = ["h2", "http/1.1"];
/** Bound of what is read ahead, and of one write. */
const READ_BYTES = 16_384;
const WRITE_BYTES = 65_536;
const NOTHING = new Uint8Array();

/** PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** The internal handle of a server or a socket. It is not part of Node's API. */
interface Handle {
  /** @returns 0, or the number of an error */
  listen?(backlog: number): number;
  readStop?(): number;
  readStart?(): number;
}

const handleOf = (owner: Server | Socket): Handle | null =>
  (owner as unknown as { _handle: Handle | null })._handle;

/** Node's default. */
const BACKLOG = 511;

/** Accepts connections for TLS. */
export class TlsServer {
  /** Called for each connection, and has to close it in the end. Default: refuses connections. */
  onConnection: (end: TlsEnd, peer: string) => void = (end) => end.close();
  readonly #server: Server;
  #handle: Handle | null = null;
  #isLooking = false;
  #failure: Error | null = null;

  /** @throws if the certificate is not valid, or does not belong to the key */
  constructor(certificate: Certificate) {
    // Node would report a wrong certificate only to each client that connects.
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...certificate }).close();
    const context = createSecureContext({ ...certificate });
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on("close", () => this.#lookAgain());
      const peer = socket.remoteAddress;
      // The client has already left.
      if (peer === undefined) socket.destroy();
      else this.onConnection(new TlsEnd(socket, context), peer);
    });
  }

  /** @returns the port. @throws what Node's server does */
  async listen(hostname: string, port: number): Promise<number> {
    this.#server.listen(port, hostname, BACKLOG);
    await once(this.#server, "listening");
    this.#server.on("error", (error) => (this.#failure = error));
    this.#handle = handleOf(this.#server);
    const { readStop, readStart } = this.#handle ?? {};
    if (!readStop || !readStart || this.#listenAgain() !== 0) {
      this.#server.close();
      throw new Error(`TLS does not work with this version of Deno, ${Deno.version.deno}`);
    }
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Accepts waiting connections: to be called a few times a second, because Deno (2.9.6) silently stops accepting after a failure for
   * want of a descriptor.
   *
   * @throws if there is no free descriptor, or Node's server has failed
   */
  look(): void {
    this.#listenAgain();
    closeSync(openSync(devNull, "r"));
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure;
  }

  close(): void {
    this.#server.close();
  }

  /** A descriptor became free: accepts waiting connections in the next turn. */
  #lookAgain(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    setImmediate(() => {
      this.#isLooking = false;
      this.#listenAgain();
    });
  }

  /** Has Deno ask the system for waiting connections. */
  #listenAgain(): number | undefined {
    return this.#handle?.listen?.(BACKLOG);
  }
}

/** One TLS connection. */
export class TlsEnd implements Conn {
  readonly #socket: Socket;
  readonly #context: SecureContext;
  /** Null before the handshake. */
  #tls: TLSSocket | null = null;
  #read: Uint8Array = NOTHING;
  #isPaused = false;
  #hasEnded = false;
  #wake: () => void = () => {};

  constructor(socket: Socket, context: SecureContext) {
    this.#socket = socket;
    this.#context = context;
    // Reported by "close".
    socket.on("error", () => {});
    socket.on("close", () => this.#wake());
  }

  /**
   * Resolves with the negotiated protocol. To be called first.
   *
   * @throws if it fails, or the connection is closed before
   */
  async handshake(): Promise<string> {
    const tls = new TLSSocket(this.#socket, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: PROTOCOLS,
      highWaterMark: READ_BYTES,
    } as object);
    this.#tls = tls;
    let isDone = false;
    tls.once("secure", () => {
      isDone = true;
      this.#wake();
    });
    tls.on("data", (bytes: Uint8Array) => this.#take(bytes, tls));
    tls.on("end", () => {
      this.#hasEnded = true;
      this.#wake();
    });
    tls.on("error", () => this.close());
    tls.on("close", () => this.#wake());
    while (!isDone) {
      if (this.#hasEnded || this.#isClosed) throw new Error("no handshake");
      await this.#woken();
    }
    return tls.alpnProtocol || "http/1.1";
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#read.length === 0) {
      if (this.#hasEnded) return null;
      if (this.#isClosed) throw new Error("closed");
      if (this.#isPaused) this.#goOn();
      await this.#woken();
    }
    const count = Math.min(into.length, this.#read.length);
    into.set(this.#read.subarray(0, count));
    this.#read = count === this.#read.length ? NOTHING : this.#read.subarray(count);
    return count;
  }

  /** Resolves when the system has taken the bytes. @returns how many were written */
  write(bytes: Uint8Array): Promise<number> {
    const part = bytes.length > WRITE_BYTES ? bytes.subarray(0, WRITE_BYTES) : bytes;
    return new Promise((resolve, reject) => {
      this.#tls?.write(part, (error) => (error ? reject(error) : resolve(part.length)));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#tls?.end(resolve));
  }

  /** Frees the descriptor at once. */
  close(): void {
    this.#tls?.destroy();
    this.#socket.destroy();
    this.#wake();
  }

  #take(bytes: Uint8Array, tls: TLSSocket): void {
    this.#read = this.#read.length === 0 ? bytes : joined([this.#read, bytes]);
    if (this.#read.length >= READ_BYTES && !this.#isPaused) {
      this.#isPaused = true;
      tls.pause();
      // Deno (2.9.6) continues to read for a paused TLSSocket, and buffers everything.
      handleOf(this.#socket)?.readStop?.();
    }
    this.#wake();
  }

  #goOn(): void {
    this.#isPaused = false;
    handleOf(this.#socket)?.readStart?.();
    this.#tls?.resume();
  }

  get #isClosed(): boolean {
    return this.#socket.destroyed || this.#tls?.destroyed === true;
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
