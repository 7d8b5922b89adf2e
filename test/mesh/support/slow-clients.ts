/** Clients that begin and do not go on. */
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** As fast as an attacker may come back without keeping the one core busy that the test is on. */
const AGAIN_MS = 10;

export const closed = (socket: Socket) =>
  socket.closed || new Promise((resolve) => socket.once("close", resolve));

const PIPELINED = Buffer.from("GET /healthz HTTP/1.1\r\nHost: mesh\r\n\r\n".repeat(200));

/**
 * So many connections, of addresses of their own, that ask without end and read no answer. Each that is closed is opened again at
 * once. Resolves when all stand.
 *
 * @param request bytes of a few hundred requests, whose answers are so small that the system takes thousands of them
 */
export async function pipeliners(
  url: string,
  count: number,
  addresses: readonly string[],
  requests: Buffer = PIPELINED,
): Promise<void> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isOver = false;
  onTestFinished(() => {
    isOver = true;
    for (const socket of sockets) socket.destroy();
  });
  const open = (localAddress: string): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect({ host: hostname, port: Number(port), localAddress });
      sockets.add(socket);
      const ask = () => {
        while (!socket.destroyed && socket.write(requests));
      };
      socket.on("error", () => {}); // A reset is what some of them are to get.
      socket.on("drain", ask);
      socket.on("connect", () => {
        ask();
        resolve();
      });
      socket.on("close", () => {
        sockets.delete(socket);
        resolve();
        if (!isOver) setTimeout(() => open(localAddress), AGAIN_MS);
      });
    });
  await Promise.all(
    Array.from({ length: count }, (_, n) => open(addresses[n % addresses.length] as string)),
  );
}

/** Connections that send this, and then nothing more. Resolves when the system took them all. */
export async function slowClients(
  url: string,
  count: number,
  text: string | Uint8Array,
): Promise<Socket[]> {
  const { hostname, port } = new URL(url);
  const clients = Array.from({ length: count }, () => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on("error", () => {}); // A reset is what some of them are to get.
    socket.resume(); // An end is heard of by those alone who read up to it.
    onTestFinished(() => void socket.destroy());
    return socket;
  });
  for (const socket of clients) {
    if (socket.connecting) {
      await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
    }
    socket.write(text);
  }
  return clients;
}
