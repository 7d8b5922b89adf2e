/**
 * A Listener with TLS and no mesh behind it, on a clock of the test's own: `deno run tls.ts CERT KEY CAPACITY [VERSION]`. With the version
 * `plain` it has no TLS, and with `proxied` it trusts proxies at loopback; with another, Deno's handles have no method of that name. Prints a JSON object a line. SIGUSR2 asks it for a
 * report; by SIGHUP the time for a handshake is over, what waits is answered, and descriptors are given back; SIGTERM stops it.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import process from "node:process";
import { keyringOf } from "../../../../core/identity/keyring.ts";
import { Listener } from "../../../../hosts/deno/listener.ts";
import { connectionOf } from "../../../../hosts/deno/net/http.ts";
import { LIMITS } from "../../../../schema/limits.ts";

const [cert = "", key = "", capacity = "", version = ""] = process.argv.slice(2);
const keyring = keyringOf(`1:${Buffer.alloc(32, 7).toString("base64url")}`);
if (typeof keyring === "string") throw new Error(keyring);
const say = (what: object) => console.log(JSON.stringify(what));
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Handed out whole. */
const BIG = new Uint8Array(8_388_608).fill(97);
/** More than a client is sent that does not read. */
const FLOOD_BYTES = 67_108_864;

/** Taken so that there are none left. */
const taken: Deno.FsFile[] = [];
let release = Promise.withResolvers<void>();
let ahead = 0;

function takeAll(): void {
  try {
    for (;;) taken.push(Deno.openSync("/dev/null"));
  } catch {
    say({ event: "exhausted" });
  }
}

/** Sends to a client that does not read, for as long as the socket takes it. */
async function flood(request: Request): Promise<void> {
  const socket = connectionOf(request).accept(request, null);
  const message = new Uint8Array(65_536);
  let sent = 0;
  while (socket.bufferedAmount <= LIMITS.SOCKET_BUFFER_BYTES && sent < FLOOD_BYTES) {
    socket.send(message);
    sent += message.length;
    await turn();
  }
  say({ event: "flooded", sent, buffered: socket.bufferedAmount });
}

/** Told how much of an event stream was asked for. */
function events(): Response {
  let made = 0;
  const body = new ReadableStream({
    async pull(controller) {
      if (made === FLOOD_BYTES) return controller.close();
      controller.enqueue(BIG.subarray(0, 65_536));
      made += 65_536;
      await turn();
    },
    cancel: () => say({ event: "cancelled", made }),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

const listener = new Listener({
  hostname: "127.0.0.1",
  tls:
    version === "plain"
      ? null
      : { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) },
  keyring,
  isRegistered: () => false,
  proxies: { check: (address) => version === "proxied" && address.startsWith("127.") },
  capacity: Number(capacity),
  now: () => performance.now() + ahead,
  log: (line) => say({ event: "log", line }),
  async handler(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/hang") await new Promise(() => {});
    if (pathname === "/wait") {
      say({ event: "waits", method: request.method });
      await release.promise;
    }
    if (pathname === "/v1/unauthorized") return new Response(null, { status: 401 });
    if (pathname === "/exhaust") takeAll();
    if (pathname === "/exhaust-but-one") {
      takeAll();
      taken.pop()?.close();
    }
    if (pathname === "/big") return new Response(BIG);
    if (pathname === "/events") return events();
    if (pathname === "/flood") {
      void flood(request);
      return new Response(null);
    }
    return new Response(`${(await request.arrayBuffer()).byteLength}`);
  },
});

Deno.addSignalListener("SIGHUP", () => {
  ahead += LIMITS.HEAD_TIMEOUT_MS + 1;
  for (const file of taken.splice(0)) file.close();
  release.resolve();
  release = Promise.withResolvers();
});
Deno.addSignalListener("SIGUSR2", () => {
  const descriptors = [...Deno.readDirSync("/proc/self/fd")].length;
  say({ event: "report", descriptors, size: listener.admission.size });
});
Deno.addSignalListener("SIGTERM", async () => {
  await listener.stop(1_000);
  say({ event: "stopped", size: listener.admission.size });
  process.exit(0);
});

/** What we use and nobody promises us is not there from the first server on. */
async function lack(name: string): Promise<void> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const prototype = Object.getPrototypeOf((server as unknown as { _handle: object })._handle);
  const { listen } = prototype;
  // Node's server listens by it once before we do.
  prototype.listen = function (backlog: number) {
    prototype[name] = undefined;
    return listen.call(this, backlog);
  };
  server.close();
}

if (!["", "plain", "proxied"].includes(version)) await lack(version);
try {
  say({ event: "ready", port: await listener.open(0) });
} catch (error) {
  say({ event: "failed", message: (error as Error).message });
  process.exit(1);
}
