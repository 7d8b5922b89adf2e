/** The socket of a push service: who may open it, and what a hostile process can do to it. */
import { once } from "node:events";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findSocket } from "../../../../sdk/device/daemon/address.ts";
import {
  CONNECTIONS_MAX,
  SOCKET_PATH_BYTES,
  TO_SERVICE_BYTES_MAX,
  UNANSWERED_BYTES_MAX,
  UNANSWERED_MAX,
} from "../../../../sdk/device/daemon/constants.ts";
import { askStatus, dial } from "../../../../sdk/device/daemon/dial.ts";
import { encodeFrame, FrameReader } from "../../../../sdk/device/daemon/frames.ts";
import { APP_HELLO, type FromService } from "../../../../sdk/device/daemon/greeting.ts";
import { newPipe } from "../../../../sdk/device/daemon/server.ts";
import { connect, memoryStorage } from "../../../../sdk/device/node.ts";
import { attached, OPEN, scriptedService, socketPath, soon, URL_, welcome } from "./support.ts";

/** A process that says anything. */
async function strange(path: string, hello: object | null = APP_HELLO) {
  const socket: Socket = connectSocket(path);
  onTestFinished(() => {
    socket.destroy();
  });
  const got: FromService[] = [];
  const reader = new FrameReader(1e7, (message) => got.push(message as FromService));
  socket.on("data", (chunk: Uint8Array) => reader.push(chunk));
  socket.on("error", () => {});
  const closed = once(socket, "close");
  await once(socket, "connect");
  const say = (...messages: object[]) => {
    for (const message of messages) socket.write(encodeFrame(message));
  };
  if (hello !== null) say(hello);
  /** Why the service ended it; undefined for no reason given. */
  const end = async () => {
    await closed;
    const bye = got.findLast(({ kind }) => kind === "bye");
    return bye?.kind === "bye" ? bye.error.code : undefined;
  };
  return { socket, got, say, end };
}

/** A service with an app that must notice nothing. */
async function besides() {
  const path = socketPath();
  const service = await scriptedService(path, welcome);
  const own = await attached(path);
  own.port.postMessage(OPEN);
  await soon(() => own.states().includes("connected"));
  onTestFinished(() => expect(own.states()).toEqual(["connected"]));
  return { path, service, own };
}

test.each([
  ["a head of more than a message may have", [0xff, 0xff, 0xff, 0xff]],
  [
    "one byte too many",
    [...new Uint8Array(new Uint32Array([TO_SERVICE_BYTES_MAX + 1]).buffer)].reverse(),
  ],
  ["no JSON", [0, 0, 0, 1, 0x7b]],
  ["HTTP", [...Buffer.from("GET / HTTP/1.1\r\n\r\n")]],
])("D5 a process that sends %s ends its own connection", async (_, bytes) => {
  const { path } = await besides();
  for (const hello of [null, APP_HELLO]) {
    const hostile = await strange(path, hello);
    hostile.socket.write(Uint8Array.from(bytes));
    expect(await hostile.end()).toBe("option_invalid");
  }
});

test("D5 a frame that stops in the middle holds up nobody", async () => {
  const { path } = await besides();
  const hostile = await strange(path);
  hostile.socket.write(Uint8Array.from([0, 7, 0, 0, 0x7b]));
  expect(await askStatus(path)).toMatchObject({ apps: [OPEN.appId] });
});

test("D5 requests without an answer are bounded in number and bytes, and answered beyond", async () => {
  const { path, service } = await besides();
  const hostile = await strange(path);
  hostile.say({ ...OPEN, appId: "B".repeat(22) });
  for (let request = 1; request <= UNANSWERED_MAX + 1; request++)
    hostile.say({ kind: "describe", request });
  await soon(() => hostile.got.some(({ kind }) => kind === "failed"));
  expect(hostile.got.at(-1)).toMatchObject({
    request: UNANSWERED_MAX + 1,
    error: { code: "service_busy" },
  });
  // What is answered makes room.
  service.served[1]?.say({ kind: "done", request: 1, value: undefined });
  hostile.say({ kind: "describe", request: 5_000 });
  await soon(() => service.served[1]?.heard.length === 1 + UNANSWERED_MAX + 1);

  const large = await strange(path);
  const add = ["x".repeat(TO_SERVICE_BYTES_MAX / 2)];
  const fit = Math.floor(UNANSWERED_BYTES_MAX / (TO_SERVICE_BYTES_MAX / 2));
  for (let request = 1; request <= fit; request++)
    large.say({ kind: "subscribe", request, add, remove: [] });
  await soon(() => large.got.some(({ kind }) => kind === "failed"));
  expect(large.got.at(-1)).toMatchObject({ request: fit, error: { code: "service_busy" } });
});

test("D5 connections are bounded; another one is told so, and may come when one has gone", async () => {
  const { path } = await besides();
  const others: Awaited<ReturnType<typeof strange>>[] = [];
  while (others.length < CONNECTIONS_MAX - 1) others.push(await strange(path));
  await expect(askStatus(path)).rejects.toMatchObject({ code: "service_busy" });
  others[0]?.socket.destroy();
  await expect
    .poll(() => askStatus(path).catch(() => undefined))
    .toMatchObject({ apps: [OPEN.appId] });
});

test("D5 a connection that the service has ended is gone soon, although the other side keeps its own open", async () => {
  const { path } = await besides();
  const socket = connectSocket({ path, allowHalfOpen: true }).resume();
  onTestFinished(() => void socket.destroy());
  // It writes to a socket that is gone.
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write("GET / HTTP/1.1\r\n\r\n");
  await once(socket, "end");
  const says = setInterval(() => socket.write("more"), 100);
  onTestFinished(() => clearInterval(says));
  await closed;
});

test("D5 an app that does not read is given up", async () => {
  const { path, service } = await besides();
  const lazy = await strange(path);
  lazy.say({ ...OPEN, appId: "B".repeat(22) });
  await soon(() => service.served[1]?.heard.length === 1);
  lazy.socket.pause();
  const cause = "x".repeat(100_000);
  const error = { code: "x", message: "", retry: "never", cause } as const;
  for (let n = 0; n < 200; n++) service.served[1]?.say({ kind: "failed", error });
  await soon(() => service.served[1]?.heard.at(-1)?.kind === "leave");
  expect(await askStatus(path)).toMatchObject({ apps: [OPEN.appId] });
});

test("D5 an app that goes without a word has left, once", async () => {
  const { path, service } = await besides();
  const gone = await strange(path);
  gone.say({ ...OPEN, appId: "B".repeat(22) });
  await soon(() => service.served[1]?.heard.length === 1);
  gone.socket.destroy();
  await soon(() => service.served[1]?.heard.length === 2);
  const left = await strange(path);
  left.say({ ...OPEN, appId: "C".repeat(22) }, { kind: "leave" });
  await soon(() => service.served[2]?.heard.length === 2);
  left.socket.destroy();
  await soon(() => service.socket.status.apps.length === 1);
  expect(service.served.map(({ heard }) => heard.map(({ kind }) => kind))).toEqual([
    ["open"],
    ["open", "leave"],
    ["open", "leave"],
  ]);
});

test("D7 a service and an app of versions that differ say which to update", async () => {
  const { path } = await besides();
  const newer = await strange(path, { kind: "hello", version: 2, agent: "app/9" });
  expect(await newer.end()).toBe("service_version");
  expect(JSON.stringify(newer.got)).toContain("update the push service and restart it");
  const older = await strange(path, { kind: "hello", agent: "app/0" });
  expect(await older.end()).toBe("service_version");

  const other = socketPath();
  const server = createServer((socket) => {
    socket.write(
      encodeFrame({ kind: "hello", version: 2, agent: "service/9", pid: 1, endpoints: [] }),
    );
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(other, resolve));
  onTestFinished(() => void server.close());
  const options = { url: URL_, appId: OPEN.appId, service: other, storage: memoryStorage() };
  await expect(connect(options)).rejects.toMatchObject({
    code: "service_version",
    message: expect.stringContaining("service/9"),
  });
});

test("D7 an app is not taken by a service of another mesh, nor by one that is told who the device is", async () => {
  const { path } = await besides();
  const options = { appId: "B".repeat(22), service: path, storage: memoryStorage() };
  await expect(connect({ ...options, url: "https://other.test" })).rejects.toMatchObject({
    code: "option_invalid",
    message: expect.stringContaining(URL_),
  });
  await expect(connect({ ...options, url: URL_, identifiers: ["x"] })).rejects.toMatchObject({
    code: "option_invalid",
    message: expect.stringContaining("identifiers"),
  });
});

test("D4 a service starts in no folder that others can open, and an app trusts none", async () => {
  const path = socketPath();
  for (const mode of [0o755, 0o770, 0o701]) {
    chmodSync(dirname(path), mode);
    await expect(scriptedService(path)).rejects.toMatchObject({ code: "service_denied" });
  }
  chmodSync(dirname(path), 0o700);
  const service = await scriptedService(path);
  chmodSync(dirname(path), 0o770);
  const events = { received: () => {}, ended: () => {} };
  await expect(dial(path, events)).rejects.toMatchObject({ code: "service_denied" });
  chmodSync(dirname(path), 0o700);
  (await dial(path, events)).close();
  await service.stop();
});

test("D6 a socket that is in use, or another file, is not replaced", async () => {
  const path = socketPath();
  const service = await scriptedService(`${path}2`, welcome);
  await expect(scriptedService(`${path}2`)).rejects.toMatchObject({
    code: "service_running",
    message: expect.stringContaining(`${process.pid}`),
  });
  await service.stop();
  expect(existsSync(`${path}2`)).toBe(false);
  writeFileSync(`${path}3`, "mine");
  await expect(scriptedService(`${path}3`)).rejects.toMatchObject({ code: "option_invalid" });
  const folder = dirname(path);
  const long = join(folder, "x".repeat(SOCKET_PATH_BYTES));
  await expect(scriptedService(long)).rejects.toMatchObject({ code: "option_invalid" });
});

test("D4 on Windows, the file at the path names the pipe", () => {
  const path = socketPath();
  const pipe = newPipe("win32");
  expect(pipe).toMatch(/^\\\\\.\\pipe\\pushmesh-[0-9a-f-]{36}$/);
  expect(newPipe("win32")).not.toBe(pipe);
  for (const platform of ["linux", "darwin"]) expect(newPipe(platform)).toBeNull();
  writeFileSync(path, `${pipe}`, { mode: 0o600 });
  expect(findSocket(path, "win32")).toBe(pipe);
  expect(() => findSocket(path, "linux")).toThrow("no socket");
});

test("D2 connect says what to do when no service is there", async () => {
  const options = { url: URL_, appId: OPEN.appId, storage: memoryStorage() };
  const service = socketPath();
  await expect(connect({ ...options, service })).rejects.toMatchObject({
    code: "service_unavailable",
    retry: "later",
    message: expect.stringContaining("pushmesh service"),
  });
});
