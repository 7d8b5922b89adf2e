/**
 * The control of the benchmarks: the least that the platform must do for the same effect. It checks nothing, waits
 * for no acknowledgement and keeps no order; what the mesh costs above it is the price of the promises.
 *
 * | request | does |
 * |---|---|
 * | `GET /connect/NAME` | upgrades, and hands the socket to the object NAME |
 * | `GET /replay/NAME` | the same, and sends and deletes what is stored |
 * | `POST /send/NAME` | one call to the object, which sends the body to its socket |
 * | `POST /ask/NAME` | the same, and the object waits for what its socket sends back |
 * | `POST /store/NAME` | one call to the object, which inserts the body as a row |
 * | `POST /batch/COUNT/FIRST/ALL` | one call to each of so many objects `device-N`, from the first on and around at ALL; each sends its share of the body to its socket |
 * | `POST /fan-out/COUNT` | one call to an object, which calls so many others, a bounded number at a time; each sends the body to its socket |
 * | `POST /fan-out/COUNT/RATE` | the same, to so many a second |
 * | `GET /listen` | upgrades, and hands the socket to the one object of all listeners |
 * | `POST /publish/BYTES` | one call to that object, which sends all its sockets one text of so many bytes |
 */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

/** Objects that are called at once in a fan-out: LIMITS.FAN_OUT_CALLS of the mesh. */
const CALLS_AT_ONCE = 64;

interface ControlEnv {
  readonly DEVICES: DurableObjectNamespace<ControlDevice>;
}

export class ControlDevice extends DurableObject<ControlEnv> {
  #socket: WebSocket | undefined;
  #hasTable = false;
  /** Callers of `ask`, in the order in which the answers come. */
  readonly #asking: (() => void)[] = [];

  constructor(ctx: DurableObjectState, env: ControlEnv) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    this.#socket = ctx.getWebSockets()[0];
  }

  override fetch(request: Request): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    this.#socket = server;
    if (request.url.includes("/replay/")) this.#replay(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  send(bytes: ArrayBuffer): void {
    this.#socket?.send(bytes);
  }

  ask(bytes: ArrayBuffer): Promise<void> {
    this.send(bytes);
    return new Promise((resolve) => this.#asking.push(resolve));
  }

  override webSocketMessage(): void {
    this.#asking.shift()?.();
  }

  store(bytes: ArrayBuffer): void {
    if (!this.#hasTable) {
      this.ctx.storage.sql.exec(
        "CREATE TABLE IF NOT EXISTS mail (seq INTEGER PRIMARY KEY, data BLOB NOT NULL)",
      );
      this.#hasTable = true;
    }
    this.ctx.storage.sql.exec("INSERT INTO mail (data) VALUES (?)", bytes);
  }

  /** @param rate devices a second; Infinity for as fast as it goes */
  async fanOut(count: number, rate: number, bytes: ArrayBuffer): Promise<void> {
    const began = Date.now();
    let next = 0;
    const call = async (): Promise<void> => {
      while (next < count) {
        if (next >= ((Date.now() - began) * rate) / 1_000) await scheduler.wait(1);
        else await this.env.DEVICES.getByName(`device-${next++}`).send(bytes);
      }
    };
    await Promise.all(Array.from({ length: CALLS_AT_ONCE }, call));
  }

  /** As long as the mesh's own, and it begins as one does. */
  publish(length: number): void {
    const text = '{"type":"message"'.padEnd(length, "x");
    for (const socket of this.ctx.getWebSockets()) socket.send(text);
  }

  #replay(socket: WebSocket): void {
    const { sql } = this.ctx.storage;
    for (const { data } of sql.exec<{ data: ArrayBuffer }>("SELECT data FROM mail ORDER BY seq")) {
      socket.send(data);
    }
    sql.exec("DELETE FROM mail");
  }
}

/** Calls all at once: there is nothing to bound them for. */
async function batch(
  url: string,
  body: ArrayBuffer,
  devices: DurableObjectNamespace<ControlDevice>,
): Promise<void> {
  const [, , count = 0, first = 0, all = 1] = new URL(url).pathname.split("/").map(Number);
  const share = Math.floor(body.byteLength / count);
  const calls = Array.from({ length: count }, (_, n) =>
    devices.getByName(`device-${(first + n) % all}`).send(body.slice(n * share, (n + 1) * share)),
  );
  await Promise.all(calls);
}

async function broadcast(
  action: "fan-out" | "publish" | "listen",
  argument: string,
  rate: string,
  request: Request,
  object: DurableObjectStub<ControlDevice>,
): Promise<Response> {
  if (action === "listen") return await object.fetch(request);
  const body = await request.arrayBuffer();
  if (action === "fan-out") await object.fanOut(Number(argument), Number(rate), body);
  else await object.publish(Number(argument));
  return new Response("ok");
}

/** The configuration of hosts/workerd serves an entrypoint of this name to its supervisor; nobody calls it here. */
export class Control extends WorkerEntrypoint<ControlEnv> {}

export default {
  async fetch(request, env) {
    const [, action = "", name = "", rate = "Infinity"] = new URL(request.url).pathname.split("/");
    if (action === "healthz") return new Response("ok");
    if (action === "fan-out" || action === "publish" || action === "listen") {
      return await broadcast(
        action,
        name,
        rate,
        request,
        env.DEVICES.getByName(action === "fan-out" ? action : "live"),
      );
    }
    if (action === "batch") {
      await batch(request.url, await request.arrayBuffer(), env.DEVICES);
      return new Response("ok");
    }
    const device = env.DEVICES.getByName(name);
    if (action === "connect" || action === "replay") return device.fetch(request);
    const body = await request.arrayBuffer();
    if (action === "send") await device.send(body);
    else if (action === "ask") await device.ask(body);
    else await device.store(body);
    return new Response("ok");
  },
} satisfies ExportedHandler<ControlEnv>;
