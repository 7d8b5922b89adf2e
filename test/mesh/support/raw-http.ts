/** Bytes as a request: what no HTTP client would send. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A connection to the mesh that is torn down with its errors ignored: a reset is what some are to get. */
export async function rawConnection(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Sends bytes on a connection of their own; what came back until it ended, or until it holds what was waited for. */
export async function rawHttp(url: string, bytes: string, until: RegExp): Promise<string> {
  const socket = await rawConnection(url);
  socket.write(bytes);
  let answer = "";
  for await (const chunk of socket) {
    answer += chunk;
    if (until.test(answer)) break;
  }
  socket.destroy();
  return answer;
}
