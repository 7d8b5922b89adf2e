/** Opens links on the WebSockets of Deno. */
import { closeReason, LINK_SUBPROTOCOL } from "../../objects/close.ts";
import { MeshError } from "../../schema/errors.ts";
import { INTERNAL_CLOSE, type LinkHost } from "../../worker/link-host.ts";
import type { DeviceHost } from "./objects/device.ts";
import type { Mesh } from "./objects/mesh.ts";

const upgrade = (request: Request) =>
  // No pings of the server's own: they would wake a phone's radio. The device's heartbeat proves the link.
  Deno.upgradeWebSocket(request, { protocol: LINK_SUBPROTOCOL, idleTimeout: 0 });

export function denoLinks(mesh: Mesh): LinkHost {
  return {
    async open(request, name, claims) {
      const device = mesh.device(name);
      let answer: Response | undefined;
      try {
        device.connect(claims, () => {
          const { socket, response } = upgrade(request);
          answer = response;
          serve(device, socket);
          return socket;
        });
      } catch (error) {
        if (error instanceof MeshError) return this.refuse(request, error);
        throw error;
      }
      if (answer === undefined) throw new Error("the device made no socket");
      return answer;
    },
    refuse(request, error) {
      const { socket, response } = upgrade(request);
      const reason = closeReason(error.code, error.message);
      socket.onopen = () => socket.close(error.row.close ?? INTERNAL_CLOSE, reason);
      return response;
    },
  };
}

/** The heartbeat is answered here, without waking the device. */
function serve(device: DeviceHost, socket: WebSocket): void {
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    if (data === "ping") socket.send("pong");
    else device.receive(socket, data);
  };
  socket.onclose = () => device.lose(socket);
  socket.onerror = () => device.lose(socket);
}
