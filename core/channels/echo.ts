/** Channel 2: sends each frame back, to measure the link. Also the smallest example of a channel. */
import { CHANNEL_ECHO, decodeEcho, encodeEcho } from "../../schema/generated/link.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { Channel } from "../link/channel.ts";

export const echoChannel: Channel = {
  number: CHANNEL_ECHO,
  receive(body, context) {
    const echo = decodeEcho(body);
    if (!context.admit()) return;
    const bytes = echo.data?.length ?? 0;
    if (bytes > LIMITS.ECHO_BYTES) {
      context.refuse("command_invalid", `data has ${bytes} bytes, at most ${LIMITS.ECHO_BYTES}`);
    } else {
      context.send(encodeEcho(echo));
    }
  },
};
