/** A TCP proxy that breaks connections the ways networks do. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./random.ts";

/** What may happen to a connection. Bytes are never changed or reordered: TCP does not do that. */
export const FAULTS = [
  /** Both ends get a reset. */
  "reset",
  /** From now on nothing passes either way, and nobody is told. */
  "half-open",
  /** What the device sends, acknowledgements above all, is lost from now on; what the mesh sends still arrives. */
  "up-lost",
  /** What the mesh sends is lost from now on; acknowledgements still arrive. */
  "down-lost",
  /** What is sent, either way, arrives late from now on. */
  "delay",
] as const;
export type Fault = (typeof FAULTS)[number];

/** Each way; there and back it is still shorter than the time after which a device gives up its link (fleet.ts). */
const DELAY_MS = [20, 150] as const;

class Connection {
  readonly #device: Socket;
  readonly #mesh: Socket;
  readonly #lost = { up: false, down: false };
  #delayMs = 0;
  #faulty = false;

  constructor(device: Socket, meshPort: number, onEnd: (connection: Connection) => void) {
    this.#device = device;
    this.#mesh = connect({ port: meshPort, host: "127.0.0.1" });
    this.#pipe(device, this.#mesh, "up");
    this.#pipe(this.#mesh, device, "down");
    const end = (): void => {
      // A silent fault hides the end of one side from the other as well; `sever` ends both in the end.
      if (!this.#lost.up && !this.#lost.down) this.sever();
      if (device.destroyed && this.#mesh.destroyed) onEnd(this);
    };
    for (const socket of [device, this.#mesh]) {
      socket.setNoDelay(true);
      socket.on("error", end);
      socket.on("close", end);
    }
  }

  get faulty(): boolean {
    return this.#faulty;
  }

  breakBy(fault: Fault, random: Random): void {
    // A slow connection may still break in another way.
    this.#faulty = fault !== "delay";
    if (fault === "reset") {
      this.#device.resetAndDestroy();
      this.#mesh.resetAndDestroy();
    } else if (fault === "delay") {
      this.#delayMs = random.between(...DELAY_MS);
    } else {
      this.#lost.up = fault !== "down-lost";
      this.#lost.down = fault !== "up-lost";
    }
  }

  sever(): void {
    this.#device.destroy();
    this.#mesh.destroy();
  }

  #pipe(from: Socket, to: Socket, way: "up" | "down"): void {
    // One after another: a delay that grows shorter must not let bytes overtake others.
    let turn: Promise<void> = Promise.resolve();
    const pass = (act: () => void): void => {
      const delayMs = this.#delayMs;
      turn = turn.then(async () => {
        if (delayMs > 0) await sleep(delayMs);
        if (!this.#lost[way] && !to.destroyed) act();
      });
    };
    from.on("data", (bytes) => pass(() => to.write(bytes)));
    from.on("end", () => pass(() => to.end()));
  }
}

export class FaultyProxy {
  readonly url: string;
  readonly #server: Server;
  readonly #connections: Set<Connection>;

  private constructor(server: Server, connections: Set<Connection>, port: number) {
    this.#server = server;
    this.#connections = connections;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** A proxy on a free port, in front of `meshUrl`. */
  static start(meshUrl: string): Promise<FaultyProxy> {
    const meshPort = Number(new URL(meshUrl).port);
    const connections = new Set<Connection>();
    const server = createServer({ allowHalfOpen: true }, (device) => {
      connections.add(new Connection(device, meshPort, (ended) => connections.delete(ended)));
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        if (address === null || typeof address === "string") reject(new Error("no port"));
        else resolve(new FaultyProxy(server, connections, address.port));
      });
    });
  }

  /** Breaks one connection that is whole so far; undefined where there is none. */
  breakOne(random: Random): Fault | undefined {
    const [first, ...rest] = [...this.#connections].filter(({ faulty }) => !faulty);
    if (first === undefined) return undefined;
    const fault = random.pick(FAULTS);
    random.pick([first, ...rest]).breakBy(fault, random);
    return fault;
  }

  /** Ends every broken connection, so that new and whole ones take their place. */
  heal(): void {
    for (const connection of this.#connections) if (connection.faulty) connection.sever();
  }

  stop(): void {
    this.#server.close();
    for (const connection of this.#connections) connection.sever();
  }
}
