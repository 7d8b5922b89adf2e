/**
 * The sockets of hosts/deno, in Deno, on a clock of the test's own: `deno run links.ts FOLDER SCENARIO`. Prints one
 * JSON object that says what happened.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import process from "node:process";
import { keyringOf } from "../../../../core/identity/keyring.ts";
import { SILENT_MS } from "../../../../core/link/silence.ts";
import { DenoLinks } from "../../../../hosts/deno/links.ts";
import { Listener } from "../../../../hosts/deno/listener.ts";
import { Mesh } from "../../../../hosts/deno/objects/mesh.ts";
import { Database } from "../../../../hosts/deno/store/database.ts";
import { links as held } from "../../../../objects/capacity/links.ts";
import { MeshError } from "../../../../schema/errors.ts";

const [folder = "", scenario = ""] = process.argv.slice(2);
const keyring = keyringOf(`1:${Buffer.alloc(32, 7).toString("base64url")}`);
if (typeof keyring === "string") throw new Error(keyring);
const mesh = new Mesh({
  db: new Database(join(folder, "mesh.db")),
  keyring,
  report: (error) => console.error(error),
});
let now = Date.now();
const maxLinks = scenario === "room" ? 2 : 1_000;
const links = new DenoLinks({ mesh, maxLinks, now: () => now });

/** Any path opens a link of a device of its own. */
const listener = new Listener({
  hostname: "127.0.0.1",
  tls: null,
  keyring,
  isRegistered: () => false,
  proxies: { check: () => false },
  capacity: 1_000,
  now: () => now,
  log: (line) => console.error(line),
  async handler(request) {
    const name = randomBytes(16).toString("base64url");
    const publicKey = randomBytes(32).toString("base64url");
    const account = await mesh.device(name).openAccount({ publicKey, handoverFrom: null });
    if (!account.ok) throw new MeshError(account.code);
    const tokenExpires = Math.floor(Date.now() / 1_000) + 60;
    const claims = { generation: account.generation, publicKey, tokenId: name, tokenExpires };
    try {
      const answer = await links.open(request, name, claims);
      if (scenario === "early") await mesh.device(name).drain();
      return answer;
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      return links.refuse(request, error);
    }
  },
});
const port = await listener.open(0);
const url = `ws://127.0.0.1:${port}`;

interface Client {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number }>;
}

async function open(): Promise<Client> {
  const socket = new WebSocket(url, "pushmesh.v1");
  const closed = new Promise<{ code: number }>((resolve) => {
    socket.onclose = ({ code }) => resolve({ code });
  });
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  return { socket, closed };
}

/** Half an hour later one device has sent its heartbeats and the other has not. */
async function silent(): Promise<unknown> {
  const [gone, alive] = [await open(), await open()];
  now += SILENT_MS - 1;
  const pong = new Promise((resolve) => {
    alive.socket.onmessage = ({ data }) => resolve(data);
  });
  alive.socket.send("ping");
  const answer = await pong;
  links.sweep();
  const before = held.size;
  now += 1;
  links.sweep();
  const { code } = await gone.closed;
  return { answer, before, code, after: held.size, alive: alive.socket.readyState };
}

/** Two hundred links, ten turns of closes, and one more link while they are closed. */
async function drain(): Promise<unknown> {
  const clients = await Promise.all(Array.from({ length: 200 }, open));
  const first = Promise.race(clients.map(({ closed }) => closed));
  const leftAtFirst = first.then(() => held.size);
  const drained = links.drain(3_000);
  const late = await open();
  const ends = await Promise.all([...clients, late].map(({ closed }) => closed));
  await drained;
  const codes = [...new Set(ends.map(({ code }) => code))];
  return { codes, left: held.size, leftAtFirst: await leftAtFirst };
}

/** The mesh closes a link before its socket is open. */
async function early(): Promise<unknown> {
  const { closed } = await open();
  return { code: (await closed).code };
}

/** Clients that never answer a close are gone all the same. */
async function room(): Promise<unknown> {
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const head = [
      "GET / HTTP/1.1",
      "Host: mesh",
      "Connection: upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      "Sec-WebSocket-Protocol: pushmesh.v1",
    ];
    await connection.write(new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n`));
    const answer = new Uint8Array(4_096);
    await connection.read(answer);
    statuses.push(Number(new TextDecoder().decode(answer.subarray(9, 12))));
    // The mesh closes this link; its client does not notice.
    now += SILENT_MS;
    links.sweep();
  }
  const held = listener.admission.size;
  now += 1_000;
  listener.admission.sweep();
  return { statuses, hadThem: held > 0, left: listener.admission.size };
}

const scenarios: Readonly<Record<string, () => Promise<unknown>>> = { silent, drain, early, room };
console.log(JSON.stringify(await scenarios[scenario]?.()));
process.exit(0);
