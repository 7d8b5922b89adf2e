/** Which messages of a device are work for the mesh, and when such a message has to wait for a turn in front of workerd. */
import { Limiter } from "../../../core/link/limiter.ts";
import {
  CHANNEL_ECHO,
  CHANNEL_PUSH,
  decodeEnvelope,
  decodePushUp,
} from "../../../schema/generated/link.ts";

/**
 * Of a link, without waiting: what a device with 16 registrations asks for when it comes, and then more than an app does by itself. In workerd a
 * command takes up to some milliseconds of the thread of all (measured: a description of 2,000 tags 9 ms).
 */
const BURST = 16;
const PER_SECOND = 5;

/** Acknowledgements free what the mesh holds. A registration is attached and detached for each message of an app that takes them one at a time. */
const NO_COMMANDS: ReadonlySet<string> = new Set(["acks", "cursors", "attach", "detach"]);

export class LinkCommands {
  readonly #limiter = new Limiter(PER_SECOND, BURST);

  /** @param now monotonic milliseconds @returns whether this message has to wait for a turn */
  mustWait(message: Uint8Array, isText: boolean, now: number): boolean {
    return !isText && isCommand(message) && this.#limiter.take(now) > 0;
  }
}

/** The sends of an app server are none: they have credit. */
function isCommand(message: Uint8Array): boolean {
  try {
    const { channel, body } = decodeEnvelope(message);
    if (channel !== CHANNEL_PUSH) return channel === CHANNEL_ECHO;
    const { kind } = decodePushUp(body);
    return kind !== undefined && !NO_COMMANDS.has(kind);
  } catch {
    // workerd closes the link.
    return false;
  }
}
