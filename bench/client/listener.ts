/** A live listener: a socket that counts what it hears. It answers nothing, on either side. */
import type { Tally } from "./device.ts";
import type { Address } from "./http.ts";
import { WebSocketClient } from "./websocket.ts";

/** How a broadcast begins; presence begins otherwise. */
const MESSAGE = '{"type":"message"';

export async function listen(
  address: Address,
  path: string,
  tally: Tally,
): Promise<WebSocketClient> {
  return await WebSocketClient.open(address, path, [], {
    onBinary: () => {},
    onText: (text) => {
      if (text.startsWith(MESSAGE)) tally.add(1);
    },
    onClose: (reason) => {
      throw new Error(`a listener lost its socket: ${reason}`);
    },
  });
}
