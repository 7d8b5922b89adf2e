/** Between browsers and a mesh: counts the WebSockets that are open at one time. */
import { connect, createServer, type Server, type Socket } from "node:net";

export class CountingProxy {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  links = 0;
  mostLinks = 0;
  longestOverlapMs = 0;
  #overlapsSinceMs = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(target: string): Promise<CountingProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const proxy = new CountingProxy(server, typeof address === "object" ? (address?.port ?? 0) : 0);
    server.on("connection", (client) => proxy.#pass(client, Number(new URL(target).port)));
    return proxy;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #pass(client: Socket, port: number): void {
    const mesh = connect(port, "127.0.0.1");
    let isLink = false;
    mesh.on("data", (data) => {
      // The mesh's answer to an upgrade; its own messages are never this.
      if (isLink || !data.subarray(0, 12).toString("latin1").startsWith("HTTP/1.1 101")) return;
      isLink = true;
      this.#count(1);
    });
    for (const [one, other] of [
      [client, mesh],
      [mesh, client],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
        if (isLink) this.#count(-1);
        isLink = false;
      });
    }
  }

  #count(change: 1 | -1): void {
    const nowMs = performance.now();
    const before = this.links;
    this.links += change;
    this.mostLinks = Math.max(this.mostLinks, this.links);
    if (before === 1 && change === 1) this.#overlapsSinceMs = nowMs;
    if (before === 2 && change === -1)
      this.longestOverlapMs = Math.max(this.longestOverlapMs, nowMs - this.#overlapsSinceMs);
  }
}
