/** Sockets that cost more than they should, before and after they say who they are. */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { encodeEnvelope } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { until } from "../../chaos/wait.ts";
import { device } from "../support/device.ts";
import { liveUrl, setLive } from "../support/listener.ts";
import { demoOf, type Mesh, serve, startMesh } from "../support/mesh.ts";
import { temporaryFolder } from "../support/process.ts";
import { hello, offer, RawAccount, RawDevice } from "../support/raw-device.ts";
import { rawConnection, rawHttp } from "../support/raw-http.ts";
import { clientFrame, RawSocket } from "../support/raw-socket.ts";

const PATIENCE_MS = 30_000;
/** So many that the descriptors of a database or two do not count. */
const LINKS = 20;

/** Of the mesh: a host may have a process under the one that was started. */
function processes(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  return [
    pid,
    ...children.filter((each) => each.trim() !== "").flatMap((each) => processes(+each)),
  ];
}
const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);
const descriptors = (pid: number): number =>
  sum(processes(pid).map((each) => readdirSync(`/proc/${each}/fd`).length));
const residentKb = (pid: number): number =>
  sum(
    processes(pid).map((each) =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${each}/status`, "utf8"))?.[1]),
    ),
  );

const UPGRADE = [
  "GET /v1/connect HTTP/1.1",
  "Host: mesh",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
];
const upgrade = (...more: string[]): string =>
  `${[...UPGRADE, `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`, ...more].join("\r\n")}\r\n\r\n`;

/** A mesh with so few descriptors that an attack with hundreds takes them all. */
async function startSmall(
  data: string,
): Promise<{ url: string; pid: number; mesh: ReturnType<typeof serve> }> {
  const limited = ["/bin/sh", "-c", 'ulimit -n 300; exec "$@"', "sh"];
  const mesh = serve(["--json", "--port", "0", "--data-dir", data], limited);
  const { url } = JSON.parse(await mesh.stdout.match(/"ready"/));
  return { url, pid: mesh.pid, mesh };
}

/** Writes until the other side takes no more, or it has ended. */
async function pour(socket: Socket, bytes: Uint8Array, times: number): Promise<void> {
  for (let i = 0; i < times && !socket.destroyed; i++) {
    if (socket.write(bytes)) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        socket.off("drain", go).off("close", go);
        resolve();
      };
      socket.on("drain", go).on("close", go);
    });
  }
}

/** A connection that has asked for a WebSocket, and reads nothing after the answer. */
async function unread(url: string, request: string): Promise<Socket> {
  const socket = await rawConnection(url);
  onTestFinished(() => void socket.destroy());
  socket.write(request);
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  return socket;
}

/** Milliseconds of the median of heartbeats: one after the other, as long as something goes on, and at least ten. */
async function medianPing(
  client: Awaited<ReturnType<typeof healthy>>,
  during: Promise<unknown> = Promise.resolve(),
): Promise<number> {
  let isOver = false;
  void during.finally(() => (isOver = true));
  const times: number[] = [];
  while (!isOver || times.length < 10) times.push(await client.ping());
  return times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
}

/** What a flood may do to others' heartbeats, beside those before it: it took their median from 1 ms to 48 s. */
const SLOWER_MOST = 50;
/** So that a median below the clock's noise is none to compare with. */
const MEDIAN_LEAST_MS = 10;

async function healthy(mesh: Pick<Mesh, "url" | "data">) {
  const { client } = await device(mesh.url, demoOf(mesh.data).appId);
  return client;
}

test("P8.5 upgrades that are reset before their answer leave nothing behind", async () => {
  const data = temporaryFolder();
  const { url, pid } = await startSmall(data);
  const before = descriptors(pid);
  for (let i = 0; i < 340; i++) {
    const socket = await rawConnection(url);
    socket.write(upgrade("Sec-WebSocket-Protocol: pushmesh.v1, pushmesh.token.x"));
    socket.resetAndDestroy();
  }
  await until("free descriptors", () => descriptors(pid) <= before + 10, PATIENCE_MS);
  const client = await healthy({ url, data });
  expect(client.state).toBe("connected");
});

/** Of no channel that the mesh knows. */
const unknownFrame = (bytes: number): Buffer =>
  clientFrame(2, encodeEnvelope({ channel: 99, body: new Uint8Array(bytes) }));

test.each([300, 20_000, 60_000])(
  "P8.2 frames sent in one write with the request for a WebSocket are read in order: one of %i bytes",
  async (bytes) => {
    const mesh = await startMesh(temporaryFolder());
    const ping = clientFrame(1, Buffer.from("ping"));
    const early = Buffer.concat([clientFrame(2, hello()), unknownFrame(bytes), ping]);
    for (let i = 0; i < 5; i++) {
      const account = await new RawAccount().open(mesh.url);
      const socket = await RawSocket.open(mesh.url, offer(account.token()), {}, early);
      const kinds: string[] = [];
      while (kinds.length < 3 && kinds.at(-1) !== "close") kinds.push((await socket.next()).kind);
      // The welcome, the refusal of the unknown channel, and the pong, which need not wait for them.
      expect(kinds.sort()).toEqual(["binary", "binary", "text"]);
      socket.destroy();
    }
  },
);

test("P8.5 WebSockets whose clients sent more than is read before the answer are gone when these reset", async () => {
  const mesh = await startMesh(temporaryFolder());
  const { pid } = mesh.process;
  const sockets: Socket[] = [];
  const requests: string[] = [];
  for (let i = 0; i < LINKS; i++) {
    sockets.push(await rawConnection(mesh.url));
    const account = await new RawAccount().open(mesh.url);
    requests.push(upgrade(`Sec-WebSocket-Protocol: ${offer(account.token()).join(", ")}`));
  }
  const idle = descriptors(pid) - LINKS;
  // The request before it makes the other wait for its turn, with more behind it than is read meanwhile.
  const incomplete = unknownFrame(60_000).subarray(0, LIMITS.HEAD_BYTES + 8_192);
  const early = Buffer.concat([clientFrame(2, hello()), incomplete]);
  for (const [i, socket] of sockets.entries()) {
    const head = `GET /healthz HTTP/1.1\r\nHost: mesh\r\n\r\n${requests[i]}`;
    let answer = "";
    socket.on("data", (received) => (answer += received.toString("latin1")));
    socket.write(Buffer.concat([Buffer.from(head, "latin1"), early]));
    // A welcome is behind the empty line.
    await until("a welcome", () => /HTTP\/1\.1 101 .*?\r\n\r\n./s.test(answer), PATIENCE_MS);
  }
  for (const socket of sockets) socket.resetAndDestroy();
  await until("free descriptors", () => descriptors(pid) <= idle + LINKS / 2, PATIENCE_MS);
});

test("P8.5 a WebSocket whose client has ended before the answer is closed", async () => {
  const mesh = await startMesh(temporaryFolder());
  // With one before it, the request waits for its turn, and the end is read first.
  for (const before of ["", "GET /healthz HTTP/1.1\r\nHost: mesh\r\n\r\n"]) {
    const account = await new RawAccount().open(mesh.url);
    const request = upgrade(`Sec-WebSocket-Protocol: ${offer(account.token()).join(", ")}`);
    const socket = await rawConnection(mesh.url);
    socket.resume();
    // Without the hello, it would be closed for want of one.
    socket.end(Buffer.concat([Buffer.from(before + request, "latin1"), clientFrame(2, hello())]));
    await until("its end", () => socket.destroyed, PATIENCE_MS);
  }
});

test("P8.3 text heartbeats without end are cut, and cost no memory", async () => {
  const mesh = await startMesh(temporaryFolder());
  const client = await healthy(mesh);
  const account = await new RawAccount().open(mesh.url);
  const protocols = `Sec-WebSocket-Protocol: ${offer(account.token()).join(", ")}`;
  const before = residentKb(mesh.process.pid);
  const calm = await medianPing(client);
  const socket = await unread(mesh.url, upgrade(protocols));
  const pings = Buffer.concat(
    Array.from({ length: 1_000 }, () => clientFrame(1, Buffer.from("ping"))),
  );
  const flooded = await medianPing(client, pour(socket, pings, 1_000));
  expect(flooded / Math.max(calm, MEDIAN_LEAST_MS)).toBeLessThan(SLOWER_MOST);
  expect(residentKb(mesh.process.pid) / before).toBeLessThan(2);
  socket.resume();
  await until("its end", () => socket.destroyed, PATIENCE_MS);
});

test.each([
  ["text", 1, "ping"],
  ["pings", 9, "x".repeat(125)],
] as const)(
  "P8.3 a live listener that sends %s without end and reads nothing is cut, and others' heartbeats are no slower",
  async (_, opcode, payload) => {
    const mesh = await startMesh(temporaryFolder());
    const { appId, keyId, secret } = demoOf(mesh.data);
    await setLive(mesh.url, { appId, keyId, secret }, "open", "open");
    const client = await healthy(mesh);
    const calm = await medianPing(client);
    const before = residentKb(mesh.process.pid);
    const path = new URL(liveUrl(mesh.url, { appId }, "open")).pathname;
    const socket = await unread(mesh.url, upgrade().replace("/v1/connect", path));
    const frames = Buffer.concat(
      Array.from({ length: 1_000 }, () => clientFrame(opcode, Buffer.from(payload))),
    );
    const flooded = await medianPing(client, pour(socket, frames, 1_000));
    expect(flooded / Math.max(calm, MEDIAN_LEAST_MS)).toBeLessThan(SLOWER_MOST);
    expect(residentKb(mesh.process.pid) / before).toBeLessThan(2);
    socket.resume();
    await until("its end", () => socket.destroyed, PATIENCE_MS);
  },
);

test("P8.3 heartbeats as fast as they are allowed are answered", async () => {
  const mesh = await startMesh(temporaryFolder());
  const raw = await RawDevice.greet(mesh.url);
  for (let i = 0; i < LIMITS.CONTROL_FRAMES_BURST; i++) {
    raw.socket.text("ping");
    expect(await raw.socket.next()).toMatchObject({ kind: "text", text: "pong" });
  }
  raw.socket.destroy();
});

test("P8.5 a socket that is refused is gone in a second, and its fragments are not kept", async () => {
  const mesh = await startMesh(temporaryFolder());
  const client = await healthy(mesh);
  const before = residentKb(mesh.process.pid);
  const socket = await unread(
    mesh.url,
    upgrade("Sec-WebSocket-Protocol: pushmesh.v1, pushmesh.token.x"),
  );
  const fragment = clientFrame(2, new Uint8Array(2 ** 20), false);
  const calm = await medianPing(client);
  const flooded = await medianPing(client, pour(socket, fragment, Number.POSITIVE_INFINITY));
  expect(socket.destroyed).toBe(true);
  expect(flooded / Math.max(calm, MEDIAN_LEAST_MS)).toBeLessThan(SLOWER_MOST);
  expect(residentKb(mesh.process.pid) / before).toBeLessThan(2);
});

test("P8.2 fragments count together", async () => {
  const mesh = await startMesh(temporaryFolder());
  const raw = await RawDevice.greet(mesh.url);
  await raw.socket.bytes(clientFrame(2, new Uint8Array(LIMITS.FRAME_BYTES), false));
  await raw.socket.bytes(clientFrame(0, new Uint8Array(1), true));
  expect(await raw.socket.close()).toMatchObject({
    code: 4203,
    reason: expect.stringMatching(/65537 bytes, at most 65536/),
  });
});

test("P8.5 sockets with junk tokens keep no device out", async () => {
  const data = temporaryFolder();
  const { url, mesh } = await startSmall(data);
  const client = await healthy({ url, data });
  const request = upgrade("Sec-WebSocket-Protocol: pushmesh.v1, pushmesh.token.x");
  for (let i = 0; i < 414; i++) {
    const socket = await rawConnection(url);
    onTestFinished(() => void socket.destroy());
    socket.pause();
    socket.write(request);
  }
  expect(await client.ping()).toBeGreaterThanOrEqual(0);
  expect((await healthy({ url, data })).state).toBe("connected");
  expect(mesh.stderr.all).toEqual([]);
});

test("P8.4 malformed upgrades are refused with the documented error, and leave no trace in the log", async () => {
  const mesh = await startMesh(temporaryFolder());
  const whole = upgrade("Sec-WebSocket-Protocol: pushmesh.v1, pushmesh.token.x");
  const broken = [
    whole.replace(/Sec-WebSocket-Key: .*\r\n/, ""),
    whole.replace(/Sec-WebSocket-Key: .*\r\n/, "Sec-WebSocket-Key: x\r\n"),
    whole.replace("Version: 13", "Version: 8"),
    whole.replace("Connection: Upgrade", "Connection: close"),
    whole.replace("GET", "POST"),
  ];
  for (const request of broken) {
    const answer = await rawHttp(mesh.url, request, /"advice"/);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"request_malformed"');
  }
  expect(mesh.process.stderr.all).toEqual([]);
});

test("L1 subprotocols are a list in any form of RFC 9110", async () => {
  const mesh = await startMesh(temporaryFolder());
  for (const separator of [",", ", ", " ,", "\t,\t", ",,", "\r\nSec-WebSocket-Protocol: "]) {
    const account = await new RawAccount().open(mesh.url);
    const list = offer(account.token()).join(separator);
    const answer = await rawHttp(mesh.url, upgrade(`Sec-WebSocket-Protocol: ${list}`), /\r\n\r\n/);
    expect([separator, answer.slice(0, 12)]).toEqual([separator, "HTTP/1.1 101"]);
  }
});
