/**
 * The control of the Deno host: a bare server that only forwards. It checks nothing, writes nothing to disk, waits
 * for no acknowledgement and keeps no order; what the mesh costs above it is the price of the promises.
 *
 * | request | does |
 * |---|---|
 * | `GET /connect/NAME` | upgrades, and keeps the socket by NAME |
 * | `GET /replay/NAME` | the same, and sends and forgets what is stored |
 * | `POST /send/NAME` | sends the body to that socket |
 * | `POST /ask/NAME` | the same, and waits for what the socket sends back |
 * | `POST /store/NAME` | keeps the body in memory |
 * | `POST /fan-out/COUNT` | sends the body to so many sockets, the first that there were |
 * | `POST /fan-out/COUNT/RATE` | the same, to so many a second |
 * | `GET /listen` | upgrades, and keeps the socket among the listeners |
 * | `POST /publish/BYTES` | sends all listeners one text of so many bytes |
 */
class Device {
  socket: WebSocket | undefined;
  /** Callers of `ask`, in the order in which the answers come. */
  readonly asking: (() => void)[] = [];
  stored: ArrayBuffer[] = [];
}

const devices = new Map<string, Device>();

const listeners: WebSocket[] = [];

/** What one object asks of another, where both are in one process. */
async function deliver(device: Device, bytes: ArrayBuffer): Promise<void> {
  device.socket?.send(bytes);
}

/** @param rate devices a second; Infinity for all at once */
async function fanOut(count: number, rate: number, bytes: ArrayBuffer): Promise<void> {
  const began = performance.now();
  let sent = 0;
  for (const device of devices.values()) {
    if (sent === count) return;
    while (sent >= ((performance.now() - began) * rate) / 1_000) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await deliver(device, bytes);
    sent++;
  }
}

/** To so many devices `device-N`, from the first on and around at `all`: its share of the body to each. */
async function batch(path: string, body: ArrayBuffer): Promise<void> {
  const [, , count = 0, first = 0, all = 1] = path.split("/").map(Number);
  const share = Math.floor(body.byteLength / count);
  for (let n = 0; n < count; n++) {
    const device = deviceOf(`device-${(first + n) % all}`);
    await deliver(device, body.slice(n * share, (n + 1) * share));
  }
}

function listen(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  listeners.push(socket);
  return response;
}

/** As long as the mesh's own, and it begins as one does. */
function publish(length: number): void {
  const text = '{"type":"message"'.padEnd(length, "x");
  for (const socket of listeners) socket.send(text);
}

function deviceOf(name: string): Device {
  let device = devices.get(name);
  if (device === undefined) {
    device = new Device();
    devices.set(name, device);
  }
  return device;
}

function connect(device: Device, request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  socket.onopen = () => {
    for (const bytes of device.stored) socket.send(bytes);
    device.stored = [];
  };
  socket.onmessage = ({ data }) => {
    if (data === "ping") socket.send("pong");
    else device.asking.shift()?.();
  };
  device.socket = socket;
  return response;
}

/** One line, as `npm start -- --json` prints one. */
const onListen = ({ hostname, port }: Deno.NetAddr): void =>
  console.log(JSON.stringify({ url: `http://${hostname}:${port}` }));

Deno.serve({ port: 0, hostname: "127.0.0.1", onListen }, async (request) => {
  const [, action = "", name = "", rate = "Infinity"] = new URL(request.url).pathname.split("/");
  if (action === "listen") return listen(request);
  if (action === "fan-out" || action === "publish") {
    const bytes = await request.arrayBuffer();
    if (action === "fan-out") await fanOut(Number(name), Number(rate), bytes);
    else publish(Number(name));
    return new Response("ok");
  }
  if (action === "batch") {
    await batch(new URL(request.url).pathname, await request.arrayBuffer());
    return new Response("ok");
  }
  const device = deviceOf(name);
  if (action === "connect" || action === "replay") return connect(device, request);
  const body = await request.arrayBuffer();
  if (action === "store") device.stored.push(body);
  else device.socket?.send(body);
  if (action === "ask") await new Promise<void>((resolve) => device.asking.push(resolve));
  return new Response("ok");
});
