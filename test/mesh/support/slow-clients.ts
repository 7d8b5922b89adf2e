/** Clients that begin and do not go on. */
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export const closed = (socket: Socket) =>
  socket.closed || new Promise((resolve) => socket.once("close", resolve));

/** Connections that send this, and then nothing more. Resolves when the system took them all. */
export async function slowClients(url: string, count: number, text: string): Promise<Socket[]> {
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
